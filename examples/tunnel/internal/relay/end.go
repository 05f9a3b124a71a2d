// Package relay joins two connections, such that the end of one becomes the end
// of the other one, and a failure of one a failure of the other one.
package relay

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/wsstream/wsstream/mux"
)

// errOver is why a connection fails that was not complete when its session ended.
var errOver = errors.New("the session has ended before the connection")

// ErrStopping is why connections fail that are open when this end stops.
var ErrStopping = errors.New("this end of the tunnel is stopping")

// End is one of two connections that are joined.
type End struct {
	io.Reader
	io.Writer
	// CloseWrite ends what is written; the other direction goes on.
	CloseWrite func() error
	// Abort ends both directions such that the peer takes what it has got for
	// incomplete.
	Abort func(cause error)
	// Close ends the connection after both directions have ended.
	Close func(ctx context.Context) error
	// Over, if it is set, is closed when nothing more can be written: who has
	// nothing to write, and has read to the end, would not notice.
	Over <-chan struct{}
}

// Of makes an End of a connection: TCP, a Unix socket, a stream of a session, or
// something with a method NetConn around one of those that has read ahead.
//
// From here on closing a TCP connection is a reset, even if the kernel does it
// because this process was killed. Only End.Close changes that. A Unix socket
// has no resets: there a failure is an end.
func Of(c net.Conn) End {
	below := c
	if w, ok := c.(interface{ NetConn() net.Conn }); ok {
		below = w.NetConn()
	}
	e := End{
		Reader: c, Writer: below,
		Abort: func(error) { below.Close() },
		Close: func(context.Context) error { return below.Close() },
	}
	switch b := below.(type) {
	case *net.TCPConn:
		return ofTCP(b, c)
	case *mux.Stream:
		e.CloseWrite = b.CloseWrite
		e.Abort = func(error) { b.Reset() }
	case interface{ CloseWrite() error }:
		e.CloseWrite = b.CloseWrite
	default:
		e.CloseWrite = func() error { return errors.ErrUnsupported }
	}
	return e
}
