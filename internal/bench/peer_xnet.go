package main

import (
	"context"
	"net"
	"net/http"
	"sync"

	"golang.org/x/net/websocket"
)

// xnet is golang.org/x/net/websocket, which knows no compression.
func xnet() library {
	return library{
		name: "x/net/websocket",
		can:  func(t terms) bool { return t.Deflated == nil },
		dial: func(ctx context.Context, addr string, t terms) (conn, error) {
			cfg, err := websocket.NewConfig(t.url(addr), "http://"+addr)
			if err != nil {
				return nil, err
			}
			cfg.TlsConfig = t.clientTLS()
			c, err := cfg.DialContext(ctx)
			if err != nil {
				return nil, err
			}
			return newXnetConn(c, t), nil
		},
		serve: serveXnet,
	}
}

// serveXnet stays in the handler, which closes the connection when it returns.
func serveXnet(l net.Listener, t terms, accepted func(conn)) {
	s := http.Server{Handler: websocket.Server{Handler: func(ws *websocket.Conn) {
		c := newXnetConn(ws, t)
		accepted(c)
		<-c.closed
	}}}
	_ = s.Serve(l) // ends when l is closed
}

type xnetConn struct {
	*websocket.Conn
	terms  terms
	closed chan struct{}
	close  func() error
}

func newXnetConn(c *websocket.Conn, t terms) *xnetConn {
	if t.Stream {
		c.PayloadType = websocket.BinaryFrame
	}
	closed := make(chan struct{})
	return &xnetConn{Conn: c, terms: t, closed: closed, close: sync.OnceValue(func() error {
		close(closed)
		return c.Close()
	})}
}

func (c *xnetConn) Send(p []byte) error {
	_, err := c.Write(p)
	return err
}

func (c *xnetConn) Serve(handle func([]byte) error) error {
	if c.terms.Stream {
		return serveStream(c.Conn, c.terms.Buffer, handle)
	}
	for {
		var p []byte
		if err := websocket.Message.Receive(c.Conn, &p); err != nil {
			return err
		}
		if err := handle(p); err != nil {
			return err
		}
	}
}

func (c *xnetConn) Close() error { return c.close() }
