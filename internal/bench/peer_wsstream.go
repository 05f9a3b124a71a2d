package main

import (
	"context"
	"io"
	"net/http"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/wsconn"
)

func wsstream() library {
	return library{
		name: "wsstream",
		ours: true,
		can:  func(terms) bool { return true },
		dial: func(ctx context.Context, addr string, t terms) (conn, error) {
			opts := &wsconn.DialOptions{Compression: deflateOptions(t.Deflated), TLSConfig: t.clientTLS(), KeepAlive: t.keepAlive()}
			if t.Stream {
				c, err := wsconn.Dial(ctx, t.url(addr), opts)
				return wsstreamStream(c, t, err)
			}
			s, err := wsconn.DialSocket(ctx, t.url(addr), opts)
			return wsstreamSocket{s}, err
		},
		serve: overHTTP(func(w http.ResponseWriter, r *http.Request, t terms) (conn, error) {
			opts := &wsconn.AcceptOptions{Compression: deflateOptions(t.Deflated), KeepAlive: t.keepAlive()}
			if t.Stream {
				c, err := wsconn.Accept(w, r, opts)
				return wsstreamStream(c, t, err)
			}
			s, err := wsconn.AcceptSocket(w, r, opts)
			return wsstreamSocket{s}, err
		}),
		belowTLS: wsconn.BelowTLS,
		levels:   []int{1, 2, 3, 4, 5, 6, 7, 8, 9},
	}
}

// keepAlive are the options of this library.
func (t terms) keepAlive() wsconn.KeepAlive { return wsconn.KeepAlive{Interval: t.KeepAlive} }

// deflateOptions returns the options of this library.
func deflateOptions(d *deflated) *deflate.Options {
	if d == nil {
		return deflate.Disabled
	}
	return &deflate.Options{
		Level:                   d.Level,
		Threshold:               -1,
		ServerNoContextTakeover: !d.Takeover,
		ClientNoContextTakeover: !d.Takeover,
		ServerMaxWindowBits:     d.Bits,
		ClientMaxWindowBits:     d.Bits,
	}
}

func wsstreamStream(c *wsconn.Conn, t terms, err error) (conn, error) {
	if err != nil {
		return nil, err
	}
	return wsstreamConn{c, t.Buffer}, nil
}

type wsstreamConn struct {
	*wsconn.Conn
	size int
}

func (c wsstreamConn) Send(p []byte) error {
	_, err := c.Write(p)
	return err
}

func (c wsstreamConn) Serve(handle func([]byte) error) error {
	return serveStream(c.Conn, c.size, handle)
}

// Close does not leave a Close frame behind that would be sent in the background.
func (c wsstreamConn) Close() error { return c.Terminate() }

type wsstreamSocket struct{ *wsconn.Socket }

func (s wsstreamSocket) Send(p []byte) error {
	return s.WriteMessage(context.Background(), wsconn.Text, p)
}

func (s wsstreamSocket) Serve(handle func([]byte) error) error {
	return serveReaders(func() (io.Reader, error) {
		_, r, err := s.NextReader(context.Background())
		return r, err
	}, handle)
}

func (s wsstreamSocket) Close() error { return s.Terminate() }
