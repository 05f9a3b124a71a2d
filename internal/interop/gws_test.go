package interop

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/lxzan/gws"
	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/wsconn"
)

func startGWS(*testing.T) peer {
	return peer{
		name: "gws",
		dial: func(_ context.Context, url string, terms terms) (foreign, error) {
			opts := &gws.ClientOption{Addr: url, RequestHeader: http.Header{}, CheckUtf8Enabled: true, PermessageDeflate: gwsDeflate(terms.compression)}
			if len(terms.subprotocols) > 0 {
				opts.RequestHeader.Set("Sec-WebSocket-Protocol", strings.Join(terms.subprotocols, ", "))
			}
			c := newGWSConn()
			socket, _, err := gws.NewClient(c, opts)
			return c.start(socket, err)
		},
		serve: handled(func(w http.ResponseWriter, r *http.Request, terms terms) (foreign, error) {
			c := newGWSConn()
			u := gws.NewUpgrader(c, &gws.ServerOption{
				SubProtocols: terms.subprotocols, CheckUtf8Enabled: true, PermessageDeflate: gwsDeflate(terms.compression),
			})
			return c.start(u.Upgrade(w, r))
		}),
		habits: habits{strictClient: true, strictServer: true, mute: true, deflates: deflates{takeover: eitherAlone, windows: true, minWindow: 8, bufferedDeflate: true}},
	}
}

// gwsDeflate returns gws's options. Its own default for the windows is 12 bits.
func gwsDeflate(o *deflate.Options) (pd gws.PermessageDeflate) {
	if o == nil {
		return pd
	}
	return gws.PermessageDeflate{
		Enabled: true, Threshold: 1,
		ServerContextTakeover: !o.ServerNoContextTakeover,
		ClientContextTakeover: !o.ClientNoContextTakeover,
		ServerMaxWindowBits:   cmp.Or(o.ServerMaxWindowBits, 15),
		ClientMaxWindowBits:   cmp.Or(o.ClientMaxWindowBits, 15),
	}
}

// gwsConn makes calls of the events of gws, which come one by one from its
// reading goroutine.
type gwsConn struct {
	*gws.Conn
	messages chan message
	pongs    pongs
	cut      func()
	done     chan struct{} // closed by cut: nothing is read any more
	sending  *gwsFile      // the message that is being sent in fragments
}

// gwsFile is a message that gws takes from a reader, frame by frame.
type gwsFile struct {
	*io.PipeWriter
	sent chan error
}

func newGWSConn() *gwsConn {
	c := &gwsConn{messages: make(chan message), pongs: newPongs(), done: make(chan struct{})}
	c.cut = sync.OnceFunc(func() { close(c.done) })
	return c
}

func (c *gwsConn) start(socket *gws.Conn, err error) (foreign, error) {
	if err != nil {
		return nil, err
	}
	c.Conn = socket
	go socket.ReadLoop()
	return c, nil
}

func (c *gwsConn) arrive(m message) {
	select {
	case c.messages <- m:
	case <-c.done:
	}
}

// OnMessage copies the message: its buffer goes back to a pool.
func (c *gwsConn) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close()
	c.arrive(message{typ: wsconn.MessageType(m.Opcode), data: bytes.Clone(m.Bytes())})
}

// OnClose has a *gws.CloseError if the peer has said something, with 0 for no
// code. Nothing comes after it.
func (c *gwsConn) OnClose(_ *gws.Conn, err error) {
	if ce, ok := errors.AsType[*gws.CloseError](err); ok {
		code := frames.CloseCode(ce.Code)
		if code == 0 {
			code = frames.CloseNoStatusReceived
		}
		err = &frames.CloseError{Code: code, Reason: string(ce.Reason)}
	}
	c.arrive(message{err: err})
}

func (c *gwsConn) OnOpen(*gws.Conn) {}

func (c *gwsConn) OnPing(socket *gws.Conn, p []byte) { _ = socket.WritePong(p) }

func (c *gwsConn) OnPong(_ *gws.Conn, p []byte) { c.pongs.arrive(string(p)) }

func (c *gwsConn) Subprotocol() string { return c.SubProtocol() }

func (c *gwsConn) Read(ctx context.Context) (wsconn.MessageType, []byte, error) {
	select {
	case m := <-c.messages:
		return m.typ, m.data, m.err
	case <-c.done:
		return 0, nil, net.ErrClosed
	case <-ctx.Done():
		return 0, nil, context.Cause(ctx)
	}
}

func (c *gwsConn) Write(_ context.Context, typ wsconn.MessageType, p []byte) error {
	return c.WriteMessage(gws.Opcode(typ), p)
}

func (c *gwsConn) WriteFragment(_ context.Context, typ wsconn.MessageType, p []byte, fin bool) error {
	if c.sending == nil {
		r, w := io.Pipe()
		c.sending = &gwsFile{w, make(chan error, 1)}
		sent := c.sending.sent
		go func() { sent <- c.WriteFile(gws.Opcode(typ), r) }()
	}
	if _, err := c.sending.Write(p); err != nil {
		return err
	}
	if !fin {
		// That gws comes for more says that it has sent what it had.
		_, err := c.sending.Write(nil)
		return err
	}
	c.sending.Close()
	defer func() { c.sending = nil }()
	return <-c.sending.sent
}

func (c *gwsConn) Ping(ctx context.Context, data string) error {
	if err := c.WritePing([]byte(data)); err != nil {
		return err
	}
	return c.pongs.wait(ctx, data)
}

// Close is WriteClose, which has no way to leave out the code and cuts the
// transport at once.
func (c *gwsConn) Close(code frames.CloseCode, reason string) error {
	if code == frames.CloseNoStatusReceived {
		return c.WriteMessage(gws.OpcodeCloseConnection, nil)
	}
	return c.WriteClose(uint16(code), []byte(reason))
}

func (c *gwsConn) Cut() error {
	c.cut()
	if c.sending != nil {
		defer c.sending.Close()
	}
	return c.NetConn().Close()
}
