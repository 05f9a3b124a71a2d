package main

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"
)

// gorilla has buffers for writing of 64 KiB, from a pool.
func gorilla() library {
	lib := gorillaWith(64<<10, new(sync.Pool))
	lib.name = "gorilla"
	lib.can = func(t terms) bool {
		return t.Deflated == nil || !t.Deflated.Takeover && t.Deflated.Bits == 15
	}
	return lib
}

// gorillaDefault leaves them at 4 KiB, so that a message becomes many frames, each
// with a system call of its own.
func gorillaDefault() library {
	lib := gorillaWith(0, nil)
	lib.name = "gorilla, default"
	lib.can = func(t terms) bool { return t.Stream }
	return lib
}

func gorillaWith(size int, pool websocket.BufferPool) library {
	return library{
		dial: func(ctx context.Context, addr string, t terms) (conn, error) {
			d := websocket.Dialer{TLSClientConfig: t.clientTLS(), EnableCompression: t.Deflated != nil, WriteBufferPool: pool, WriteBufferSize: size}
			c, _, err := d.DialContext(ctx, t.url(addr), nil)
			return newGorillaConn(c, t, err)
		},
		serve: overHTTP(func(w http.ResponseWriter, r *http.Request, t terms) (conn, error) {
			u := websocket.Upgrader{EnableCompression: t.Deflated != nil, WriteBufferPool: pool, WriteBufferSize: size}
			c, err := u.Upgrade(w, r, nil)
			return newGorillaConn(c, t, err)
		}),
		levels: []int{1, 2, 3, 4, 5, 6, 7, 8, 9},
	}
}

func newGorillaConn(c *websocket.Conn, t terms, err error) (conn, error) {
	if err != nil {
		return nil, err
	}
	if d := t.Deflated; d != nil {
		if err := c.SetCompressionLevel(cmp.Or(d.Level, 1)); err != nil { // 1 is its default
			return nil, err
		}
	}
	g := gorillaConn{c}
	if t.Stream {
		return streamConn{&gorillaStream{Conn: c}, t.Buffer}, nil
	}
	return g, nil
}

type gorillaConn struct{ *websocket.Conn }

func (c gorillaConn) Send(p []byte) error { return c.WriteMessage(websocket.TextMessage, p) }

func (c gorillaConn) Serve(handle func([]byte) error) error {
	return serveReaders(func() (io.Reader, error) {
		_, r, err := c.NextReader()
		return r, err
	}, handle)
}

// gorillaStream is the adapter that its users write.
type gorillaStream struct {
	*websocket.Conn
	message io.Reader
}

func (s *gorillaStream) Read(p []byte) (int, error) {
	for {
		if s.message == nil {
			_, r, err := s.NextReader()
			if err != nil {
				return 0, err
			}
			s.message = r
		}
		n, err := s.message.Read(p)
		if err == io.EOF {
			s.message, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (s *gorillaStream) Write(p []byte) (int, error) {
	if err := s.WriteMessage(websocket.BinaryMessage, p); err != nil {
		return 0, err
	}
	return len(p), nil
}
