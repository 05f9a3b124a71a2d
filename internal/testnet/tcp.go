package testnet

import (
	"net"
	"testing"
)

// TCPPair returns the two ends of a TCP connection over loopback. They are
// closed at the end of the test.
func TCPPair(tb testing.TB) (a, b *net.TCPConn) {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	dialed, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { dialed.Close() })
	accepted, err := l.Accept()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { accepted.Close() })
	return dialed.(*net.TCPConn), accepted.(*net.TCPConn)
}

// Abort closes c so that the other end sees a reset, not an end, where c is
// TCP, a [PipeConn], or TLS over one of them. Any other conn it just closes.
func Abort(c net.Conn) error {
	for {
		switch inner := c.(type) {
		case interface{ SetLinger(sec int) error }:
			inner.SetLinger(0) // fails only on a closed conn
			return c.Close()
		case interface{ NetConn() net.Conn }:
			c = inner.NetConn()
		default:
			return c.Close()
		}
	}
}
