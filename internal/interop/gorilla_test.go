package interop

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

func gorilla(*testing.T) peer {
	return peer{
		name: "gorilla",
		dial: func(ctx context.Context, url string, terms terms) (foreign, error) {
			d := websocket.Dialer{Subprotocols: terms.subprotocols, EnableCompression: terms.compression != nil}
			c, _, err := d.DialContext(ctx, url, nil)
			return newGorillaConn(c, err)
		},
		serve: handled(func(w http.ResponseWriter, r *http.Request, terms terms) (foreign, error) {
			u := websocket.Upgrader{Subprotocols: terms.subprotocols, EnableCompression: terms.compression != nil}
			return newGorillaConn(u.Upgrade(w, r, nil))
		}),
		habits: habits{deflates: deflates{bufferedDeflate: true, sendsPlain: true}},
	}
}

type gorillaConn struct {
	*websocket.Conn
	pongs   pongs
	sending pieces
}

func newGorillaConn(c *websocket.Conn, err error) (foreign, error) {
	if err != nil {
		return nil, err
	}
	g := &gorillaConn{Conn: c, pongs: newPongs()}
	c.SetPongHandler(func(data string) error {
		g.pongs.arrive(data)
		return nil
	})
	return g, nil
}

func (c *gorillaConn) Read(context.Context) (wsconn.MessageType, []byte, error) {
	typ, p, err := c.ReadMessage()
	if ce, ok := errors.AsType[*websocket.CloseError](err); ok {
		err = &frames.CloseError{Code: frames.CloseCode(ce.Code), Reason: ce.Text}
	}
	return wsconn.MessageType(typ), p, err
}

func (c *gorillaConn) Write(_ context.Context, typ wsconn.MessageType, p []byte) error {
	return c.WriteMessage(int(typ), p)
}

func (c *gorillaConn) WritePlain(ctx context.Context, typ wsconn.MessageType, p []byte) error {
	c.EnableWriteCompression(false)
	defer c.EnableWriteCompression(true)
	return c.Write(ctx, typ, p)
}

func (c *gorillaConn) WriteFragment(_ context.Context, typ wsconn.MessageType, p []byte, fin bool) error {
	return c.sending.write(func() (io.WriteCloser, error) { return c.NextWriter(int(typ)) }, p, fin)
}

func (c *gorillaConn) Ping(ctx context.Context, data string) error {
	if err := c.control(websocket.PingMessage, []byte(data)); err != nil {
		return err
	}
	return c.pongs.wait(ctx, data)
}

func (c *gorillaConn) Close(code frames.CloseCode, reason string) error {
	if err := c.control(websocket.CloseMessage, websocket.FormatCloseMessage(int(code), reason)); err != nil {
		return err
	}
	for {
		_, _, err := c.ReadMessage()
		if websocket.IsCloseError(err, int(code)) {
			return c.Cut()
		}
		if err != nil {
			return err
		}
	}
}

func (c *gorillaConn) Cut() error { return c.NetConn().Close() }

func (c *gorillaConn) control(typ int, p []byte) error {
	return c.WriteControl(typ, p, time.Now().Add(testnet.Patience))
}
