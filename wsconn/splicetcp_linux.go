package wsconn

import (
	"net"
	"syscall"
)

// plainTCP returns the TCP connection whose bytes are those of v, or nil.
func plainTCP(v any) *net.TCPConn {
	switch v := v.(type) {
	case *net.TCPConn:
		return v
	case interface{ PlainTCP() *net.TCPConn }:
		return v.PlainTCP()
	}
	return nil
}

// rawTCP is a TCP connection whose descriptor is known.
type rawTCP struct {
	conn *net.TCPConn
	raw  syscall.RawConn
}

// is makes it that of conn, if there is one.
func (t *rawTCP) is(conn *net.TCPConn) bool {
	if conn == nil || conn == t.conn {
		return conn != nil
	}
	raw, err := conn.SyscallConn()
	*t = rawTCP{conn, raw}
	return err == nil
}

// opError gives an error the form that the connection's own call would.
func (t *rawTCP) opError(op string, err error) error {
	if err == nil {
		return nil
	}
	return &net.OpError{Op: op, Net: "tcp", Source: t.conn.LocalAddr(), Addr: t.conn.RemoteAddr(), Err: cause(err)}
}
