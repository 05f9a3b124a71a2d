package wsconn

import (
	"io"
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
)

// A server that writes much at once lets the system hold more; nobody else does.
func TestLargeWritesWiden(t *testing.T) {
	for _, tt := range []struct {
		role frames.Role
		size int
		want int
	}{
		{frames.Server, vectorSize / 2, lowWater},
		{frames.Server, vectorSize, vectorSize},
		{frames.Client, 2 * vectorSize, lowWater},
	} {
		a, b := testnet.TCPPair(t)
		s := newSocket(upgraded{conn: a, role: tt.role, settings: new(AcceptOptions).settings()})
		go io.Copy(io.Discard, b)
		if _, err := NewConn(s, nil).Write(make([]byte, tt.size)); err != nil {
			t.Fatal(err)
		}
		if got := lowWaterOf(t, a); got != tt.want {
			t.Errorf("role %v, a write of %d: %d, want %d", tt.role, tt.size, got, tt.want)
		}
		s.Terminate()
	}
}

func lowWaterOf(t *testing.T, c *net.TCPConn) (n int) {
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		n, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
