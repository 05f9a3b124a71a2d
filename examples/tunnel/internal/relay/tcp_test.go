package relay

import (
	"bufio"
	"errors"
	"io"
	"net"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
)

// The system tells of a reset once. Whoever reads is to know of it also if it
// has been told to whoever writes.
func TestResetIsNoEnd(t *testing.T) {
	app, conn := testnet.TCPPair(t)
	conn.SetDeadline(time.Now().Add(testnet.Patience))
	end := Of(conn)
	testnet.Abort(app)
	testnet.Poll(t, "the reset, told to whoever writes", func() bool {
		_, err := end.Write([]byte("x"))
		return err != nil
	})
	_, err := end.Read(make([]byte, 1))
	if runtime.GOOS == "linux" && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("whoever reads is told %v", err)
	}
}

// An end is one, also when this end has ended its own direction before.
func TestEndIsNoReset(t *testing.T) {
	for _, first := range []bool{false, true} {
		app, conn := testnet.TCPPair(t)
		conn.SetDeadline(time.Now().Add(testnet.Patience))
		end := Of(conn)
		if first {
			end.CloseWrite()
			io.Copy(io.Discard, app)
		}
		app.CloseWrite()
		if n, err := end.Read(make([]byte, 1)); n > 0 || err != io.EOF {
			t.Errorf("this end's first %v: %d, %v", first, n, err)
		}
	}
}

// Nothing may go around what was read ahead.
func TestPlainTCPReads(t *testing.T) {
	_, conn := testnet.TCPPair(t)
	for _, tt := range []struct {
		name string
		r    io.Reader
		want *net.TCPConn
	}{
		{"the connection itself", conn, conn},
		{"something around it", bufio.NewReader(conn), nil},
	} {
		in := ofTCP(conn, tt.r).Reader.(interface{ PlainTCP() *net.TCPConn })
		if got := in.PlainTCP(); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
