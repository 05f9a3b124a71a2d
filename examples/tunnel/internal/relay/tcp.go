package relay

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"syscall"
)

// ofTCP makes an End of a TCP connection, which is read through r.
func ofTCP(c *net.TCPConn, r io.Reader) End {
	c.SetLinger(0)
	in := &fromTCP{Reader: r, conn: c}
	return End{
		Reader: in, Writer: c,
		CloseWrite: func() error {
			in.halfClosed.Store(true)
			return c.CloseWrite()
		},
		Abort: func(error) { c.Close() },
		Close: func(context.Context) error {
			c.SetLinger(-1)
			return c.Close()
		},
	}
}

// fromTCP is the reading half of a TCP connection. The system tells of a reset
// only once: if it has told whoever wrote, it says to whoever reads that the
// stream has ended, which it has not.
type fromTCP struct {
	io.Reader
	conn       *net.TCPConn
	halfClosed atomic.Bool // this end has ended its own direction
}

// PlainTCP has a copy to a WebSocket go around Read, which counts for the end only.
func (in *fromTCP) PlainTCP() *net.TCPConn {
	if in.Reader != io.Reader(in.conn) {
		return nil // something was read ahead
	}
	return in.conn
}

// Read reads, and tells a reset from an end.
func (in *fromTCP) Read(p []byte) (int, error) {
	n, err := in.Reader.Read(p)
	// Nobody writes after the end of the own direction, and who reads is told.
	if err == io.EOF && isDown(in.conn) && !in.halfClosed.Load() {
		err = &net.OpError{Op: "read", Net: "tcp", Source: in.conn.LocalAddr(), Addr: in.conn.RemoteAddr(), Err: syscall.ECONNRESET}
	}
	return n, err
}
