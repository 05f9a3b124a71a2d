package interop

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
	"github.com/gobwas/ws/wsutil"
	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/wsconn"
)

func gobwas(*testing.T) peer {
	return peer{
		name: "gobwas",
		dial: func(ctx context.Context, url string, terms terms) (foreign, error) {
			d := ws.Dialer{Protocols: terms.subprotocols}
			if terms.compression != nil {
				d.Extensions = []httphead.Option{wsflate.DefaultParameters.Option()}
			}
			conn, br, hs, err := d.Dial(ctx, url)
			if err != nil {
				return nil, err
			}
			if br == nil { // nothing came with the answer
				br = bufio.NewReader(conn)
			}
			return newGobwasConn(conn, br, hs, ws.StateClientSide), nil
		},
		serve: handled(func(w http.ResponseWriter, r *http.Request, terms terms) (foreign, error) {
			u := ws.HTTPUpgrader{Protocol: func(name string) bool { return slices.Contains(terms.subprotocols, name) }}
			if terms.compression != nil {
				u.Negotiate = (&wsflate.Extension{Parameters: wsflate.DefaultParameters}).Negotiate
			}
			conn, rw, hs, err := u.Upgrade(r, w)
			if err != nil {
				return nil, err
			}
			return newGobwasConn(conn, rw.Reader, hs, ws.StateServerSide), nil
		}),
		habits: habits{deflates: deflates{plainFragments: true, sendsPlain: true}},
	}
}

// gobwasConn is what the parts of gobwas make: it has no connection of its
// own, and leaves it to the user that frames do not run into each other.
type gobwasConn struct {
	conn    net.Conn
	hs      ws.Handshake
	state   ws.State
	reader  *wsutil.Reader
	control wsutil.FrameHandlerFunc
	pongs   pongs
	deflate bool                 // was agreed
	shrunk  wsflate.MessageState // says of the message that is being read whether it is compressed

	mu      sync.Mutex     // held while a frame is written
	message *wsutil.Writer // that is being sent in fragments
}

func newGobwasConn(conn net.Conn, br *bufio.Reader, hs ws.Handshake, state ws.State) *gobwasConn {
	c := &gobwasConn{conn: conn, hs: hs, state: state, pongs: newPongs(), deflate: len(hs.Extensions) > 0}
	answer := wsutil.ControlFrameHandler(gobwasAnswers{c}, state)
	c.control = func(h ws.Header, r io.Reader) error {
		if h.OpCode != ws.OpPong {
			err := answer(h, r)
			if ce, ok := errors.AsType[wsutil.ClosedError](err); ok {
				err = &frames.CloseError{Code: frames.CloseCode(ce.Code), Reason: ce.Reason}
			}
			return err
		}
		data, err := io.ReadAll(r)
		c.pongs.arrive(string(data))
		return err
	}
	c.reader = &wsutil.Reader{Source: br, State: state, CheckUTF8: !c.deflate, OnIntermediate: c.control}
	if c.deflate {
		c.reader.State |= ws.StateExtended
		c.reader.Extensions = []wsutil.RecvExtension{&c.shrunk}
	}
	return c
}

// gobwasAnswers writes answers to control frames, each of which is one Write.
type gobwasAnswers struct{ c *gobwasConn }

func (a gobwasAnswers) Write(p []byte) (int, error) {
	a.c.mu.Lock()
	defer a.c.mu.Unlock()
	return a.c.conn.Write(p)
}

func (c *gobwasConn) Subprotocol() string { return c.hs.Protocol }

func (c *gobwasConn) Read(context.Context) (wsconn.MessageType, []byte, error) {
	for {
		h, err := c.reader.NextFrame()
		if err != nil {
			return 0, nil, err
		}
		if !h.OpCode.IsControl() {
			p, err := io.ReadAll(c.reader) // handles what is between the fragments
			if err == nil && c.shrunk.IsCompressed() {
				p, err = wsflate.DefaultHelper.Decompress(p)
			}
			return wsconn.MessageType(h.OpCode), p, err
		}
		if err := c.control(h, c.reader); err != nil {
			return 0, nil, err
		}
	}
}

func (c *gobwasConn) Write(ctx context.Context, typ wsconn.MessageType, p []byte) error {
	if !c.deflate {
		return c.WritePlain(ctx, typ, p)
	}
	f, err := wsflate.CompressFrame(ws.NewFrame(ws.OpCode(typ), true, p))
	if err != nil {
		return err
	}
	if c.state.ClientSide() {
		f = ws.MaskFrameInPlace(f)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return ws.WriteFrame(c.conn, f)
}

func (c *gobwasConn) WritePlain(_ context.Context, typ wsconn.MessageType, p []byte) error {
	return c.write(ws.OpCode(typ), p)
}

func (c *gobwasConn) write(op ws.OpCode, p []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return wsutil.WriteMessage(c.conn, c.state, op, p)
}

func (c *gobwasConn) WriteFragment(_ context.Context, typ wsconn.MessageType, p []byte, fin bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.message == nil {
		c.message = wsutil.NewWriter(c.conn, c.state, ws.OpCode(typ))
	}
	if _, err := c.message.Write(p); err != nil {
		return err
	}
	if !fin {
		return c.message.FlushFragment()
	}
	err := c.message.Flush()
	c.message = nil
	return err
}

func (c *gobwasConn) Ping(ctx context.Context, data string) error {
	if err := c.write(ws.OpPing, []byte(data)); err != nil {
		return err
	}
	return c.pongs.wait(ctx, data)
}

func (c *gobwasConn) Close(code frames.CloseCode, reason string) error {
	var body []byte
	if code != frames.CloseNoStatusReceived {
		body = ws.NewCloseFrameBody(ws.StatusCode(code), reason)
	}
	if err := c.write(ws.OpClose, body); err != nil {
		return err
	}
	for {
		_, _, err := c.Read(context.Background())
		if ce, ok := errors.AsType[*frames.CloseError](err); ok && ce.Code == code {
			return c.conn.Close()
		}
		if err != nil {
			return fmt.Errorf("the answer is %w", err)
		}
	}
}

func (c *gobwasConn) Cut() error { return c.conn.Close() }
