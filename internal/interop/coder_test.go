package interop

import (
	"context"
	"errors"
	"net/http"

	"github.com/coder/websocket"
	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/wsconn"
)

var coder = library{
	name: "coder",
	dial: func(ctx context.Context, url string, subprotocols []string) (foreign, error) {
		c, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{Subprotocols: subprotocols})
		return coderConn{c}, err
	},
	accept: func(w http.ResponseWriter, r *http.Request, subprotocols []string) (foreign, error) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: subprotocols})
		return coderConn{c}, err
	},
}

type coderConn struct{ *websocket.Conn }

func (c coderConn) Read(ctx context.Context) (wsconn.MessageType, []byte, error) {
	typ, p, err := c.Conn.Read(ctx)
	if ce, ok := errors.AsType[websocket.CloseError](err); ok {
		err = &frames.CloseError{Code: frames.CloseCode(ce.Code), Reason: ce.Reason}
	}
	return wsconn.MessageType(typ), p, err
}

func (c coderConn) Write(ctx context.Context, typ wsconn.MessageType, p []byte) error {
	return c.Conn.Write(ctx, websocket.MessageType(typ), p)
}

func (c coderConn) WriteHalf(ctx context.Context, p []byte) error {
	w, err := c.Writer(ctx, websocket.MessageBinary)
	if err != nil {
		return err
	}
	_, err = w.Write(p)
	return err
}

func (c coderConn) Close(code frames.CloseCode, reason string) error {
	return c.Conn.Close(websocket.StatusCode(code), reason)
}

func (c coderConn) Cut() error { return c.CloseNow() }
