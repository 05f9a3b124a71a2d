package wsconn

import (
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
)

// What is asked of TCP is what the system has been told.
func TestTCPOptions(t *testing.T) {
	for _, tt := range []struct {
		option, want time.Duration
	}{
		{0, 0},
		{-time.Second, 0},
		{90 * time.Second, 90 * time.Second},
	} {
		a, _ := testnet.TCPPair(t)
		opts := AcceptOptions{TCPUserTimeout: tt.option}
		s := newSocket(upgraded{conn: a, role: frames.Server, settings: opts.settings()})
		raw, err := a.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		raw.Control(func(fd uintptr) {
			if got, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT); err != nil || got != int(tt.want.Milliseconds()) {
				t.Errorf("TCPUserTimeout %v: TCP_USER_TIMEOUT is %d ms, %v", tt.option, got, err)
			}
			if got, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT); err != nil || got != lowWater {
				t.Errorf("TCP_NOTSENT_LOWAT is %d, %v", got, err)
			}
		})
		s.Terminate()
	}
}

// A large write leaves what the system holds as it is. What is spliced makes it
// larger.
func TestHeldBySystem(t *testing.T) {
	a, b := testnet.TCPPair(t)
	s := newSocket(upgraded{conn: a, role: frames.Server, settings: new(AcceptOptions).settings()})
	defer s.Terminate()
	go io.Copy(io.Discard, b)
	if _, err := NewConn(s, nil).Write(make([]byte, 2*widened)); err != nil {
		t.Fatal(err)
	}
	want := func(want int) {
		t.Helper()
		raw, err := a.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		raw.Control(func(fd uintptr) {
			if got, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT); err != nil || got != want {
				t.Errorf("TCP_NOTSENT_LOWAT is %d, %v, want %d", got, err, want)
			}
		})
	}
	want(lowWater)
	s.t.out.widen()
	want(widened)
}

// The pulse of TCP is there from the start, and counts what is sent, taken and
// received.
func TestTCPPulse(t *testing.T) {
	a, b := testnet.TCPPair(t)
	for _, end := range []*net.TCPConn{a, b} {
		if !tellsPulse(end) {
			t.Fatal("this system's TCP does not tell its pulse")
		}
	}
	s := newSocket(upgraded{conn: a, role: frames.Server, settings: new(AcceptOptions).settings()})
	defer s.Terminate()
	if s.t.out.stamps != nil {
		t.Fatal("the transport does not ask it")
	}
	before := s.t.feel()
	if _, err := a.Write(make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Write(make([]byte, 500)); err != nil {
		t.Fatal(err)
	}
	give := time.Now().Add(10 * time.Second)
	for {
		p := s.t.feel()
		if p.taken-before.taken == 1000 && p.got-before.got == 500 && p.unsent == 0 && !p.queued &&
			p.received >= before.received && p.acked >= before.acked {
			return
		}
		if time.Now().After(give) {
			t.Fatalf("before %+v, after %+v", before, p)
		}
	}
}
