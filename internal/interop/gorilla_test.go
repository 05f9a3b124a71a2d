package interop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/wsconn"
)

var gorilla = library{
	name: "gorilla",
	dial: func(ctx context.Context, url string, subprotocols []string) (foreign, error) {
		d := websocket.Dialer{Subprotocols: subprotocols}
		c, _, err := d.DialContext(ctx, url, nil)
		return gorillaConn{c}, err
	},
	accept: func(w http.ResponseWriter, r *http.Request, subprotocols []string) (foreign, error) {
		u := websocket.Upgrader{Subprotocols: subprotocols}
		c, err := u.Upgrade(w, r, nil)
		return gorillaConn{c}, err
	},
}

type gorillaConn struct{ *websocket.Conn }

func (c gorillaConn) Read(context.Context) (wsconn.MessageType, []byte, error) {
	typ, p, err := c.ReadMessage()
	if ce, ok := errors.AsType[*websocket.CloseError](err); ok {
		err = &frames.CloseError{Code: frames.CloseCode(ce.Code), Reason: ce.Text}
	}
	return wsconn.MessageType(typ), p, err
}

func (c gorillaConn) Write(_ context.Context, typ wsconn.MessageType, p []byte) error {
	return c.WriteMessage(int(typ), p)
}

func (c gorillaConn) WriteHalf(_ context.Context, p []byte) error {
	w, err := c.NextWriter(websocket.BinaryMessage)
	if err != nil {
		return err
	}
	_, err = w.Write(p)
	return err
}

func (c gorillaConn) Ping(ctx context.Context) error {
	pong := make(chan string, 1)
	c.SetPongHandler(func(data string) error {
		pong <- data
		return nil
	})
	const data = "are you there?"
	if err := c.control(websocket.PingMessage, []byte(data)); err != nil {
		return err
	}
	select {
	case got := <-pong:
		if got != data {
			return fmt.Errorf("the pong has %q", got)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c gorillaConn) Close(code frames.CloseCode, reason string) error {
	if err := c.control(websocket.CloseMessage, websocket.FormatCloseMessage(int(code), reason)); err != nil {
		return err
	}
	for {
		_, _, err := c.ReadMessage()
		if websocket.IsCloseError(err, int(code)) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (c gorillaConn) Cut() error { return c.NetConn().Close() }

func (c gorillaConn) control(typ int, p []byte) error {
	return c.WriteControl(typ, p, time.Now().Add(patience))
}
