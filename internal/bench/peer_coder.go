package main

import (
	"context"
	"io"
	"net/http"

	"github.com/coder/websocket"
)

func coder() library {
	return library{
		name: "coder",
		can:  func(t terms) bool { return t.Deflated == nil || t.Deflated.Bits == 15 },
		dial: func(ctx context.Context, addr string, t terms) (conn, error) {
			c, _, err := websocket.Dial(ctx, t.url(addr), &websocket.DialOptions{HTTPClient: coderClient(t), CompressionMode: coderMode(t.Deflated), CompressionThreshold: 1})
			return newCoderConn(c, t, err)
		},
		serve: overHTTP(func(w http.ResponseWriter, r *http.Request, t terms) (conn, error) {
			c, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: coderMode(t.Deflated), CompressionThreshold: 1})
			return newCoderConn(c, t, err)
		}),
	}
}

// coderClient is where it looks for the settings of TLS.
func coderClient(t terms) *http.Client {
	if !t.TLS {
		return nil
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: t.clientTLS()}}
}

func coderMode(d *deflated) websocket.CompressionMode {
	switch {
	case d == nil:
		return websocket.CompressionDisabled
	case d.Takeover:
		return websocket.CompressionContextTakeover
	}
	return websocket.CompressionNoContextTakeover
}

func newCoderConn(c *websocket.Conn, t terms, err error) (conn, error) {
	if err != nil {
		return nil, err
	}
	if t.Stream {
		return coderStream{streamConn{websocket.NetConn(context.Background(), c, websocket.MessageBinary), t.Buffer}, c}, nil
	}
	c.SetReadLimit(-1)
	return coderConn{c}, nil
}

type coderConn struct{ *websocket.Conn }

func (c coderConn) Send(p []byte) error {
	return c.Write(context.Background(), websocket.MessageText, p)
}

func (c coderConn) Serve(handle func([]byte) error) error {
	return serveReaders(func() (io.Reader, error) {
		_, r, err := c.Reader(context.Background())
		return r, err
	}, handle)
}

// Close does not wait for the peer, as Close does there.
func (c coderConn) Close() error { return c.CloseNow() }

// coderStream is its NetConn.
type coderStream struct {
	streamConn
	conn *websocket.Conn
}

func (c coderStream) Close() error { return c.conn.CloseNow() }
