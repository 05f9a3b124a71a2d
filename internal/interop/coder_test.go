package interop

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/coder/websocket"
	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/wsconn"
)

func coder(*testing.T) peer {
	return peer{
		name: "coder",
		dial: func(ctx context.Context, url string, terms terms) (foreign, error) {
			c, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{
				Subprotocols: terms.subprotocols, CompressionMode: coderMode(terms.compression), CompressionThreshold: 1,
			})
			return &coderConn{Conn: c}, err
		},
		serve: handled(func(w http.ResponseWriter, r *http.Request, terms terms) (foreign, error) {
			c, err := websocket.Accept(w, r, &websocket.AcceptOptions{
				Subprotocols: terms.subprotocols, CompressionMode: coderMode(terms.compression), CompressionThreshold: 1,
			})
			return &coderConn{Conn: c}, err
		}),
		habits: habits{deflates: deflates{takeover: bothOrNone}},
	}
}

// coderMode returns the mode for options: there is one for both ends alike.
func coderMode(o *deflate.Options) websocket.CompressionMode {
	switch {
	case o == nil:
		return websocket.CompressionDisabled
	case o.ServerNoContextTakeover && o.ClientNoContextTakeover:
		return websocket.CompressionNoContextTakeover
	}
	return websocket.CompressionContextTakeover
}

type coderConn struct {
	*websocket.Conn
	sending pieces
}

func (c *coderConn) Read(ctx context.Context) (wsconn.MessageType, []byte, error) {
	typ, p, err := c.Conn.Read(ctx)
	if ce, ok := errors.AsType[websocket.CloseError](err); ok {
		err = &frames.CloseError{Code: frames.CloseCode(ce.Code), Reason: ce.Reason}
	}
	return wsconn.MessageType(typ), p, err
}

func (c *coderConn) Write(ctx context.Context, typ wsconn.MessageType, p []byte) error {
	return c.Conn.Write(ctx, websocket.MessageType(typ), p)
}

func (c *coderConn) WriteFragment(ctx context.Context, typ wsconn.MessageType, p []byte, fin bool) error {
	return c.sending.write(func() (io.WriteCloser, error) { return c.Writer(ctx, websocket.MessageType(typ)) }, p, fin)
}

// Ping is a ping with a number, whatever the data.
func (c *coderConn) Ping(ctx context.Context, _ string) error { return c.Conn.Ping(ctx) }

func (c *coderConn) Close(code frames.CloseCode, reason string) error {
	return c.Conn.Close(websocket.StatusCode(code), reason)
}

func (c *coderConn) Cut() error { return c.CloseNow() }
