package main

import (
	"context"
	"net"
	"net/http"

	"github.com/lxzan/gws"
)

func lxzanGWS() library {
	return library{
		name: "gws",
		can:  func(terms) bool { return true },
		dial: func(_ context.Context, addr string, t terms) (conn, error) {
			s := new(gwsSession)
			socket, _, err := gws.NewClient(gwsEvents{}, &gws.ClientOption{
				Addr: t.url(addr), TlsConfig: t.clientTLS(), PermessageDeflate: gwsDeflate(t.Deflated), NewSession: s.itself,
			})
			return &gwsConn{socket, s, gwsOpcode(t)}, err
		},
		serve: func(l net.Listener, t terms, accepted func(conn)) {
			// One upgrader for all connections: it holds the compressors.
			u := gws.NewUpgrader(gwsEvents{}, &gws.ServerOption{
				PermessageDeflate: gwsDeflate(t.Deflated), NewSession: func() gws.SessionStorage { return new(gwsSession) },
			})
			overHTTP(func(w http.ResponseWriter, r *http.Request, t terms) (conn, error) {
				socket, err := u.Upgrade(w, r)
				if err != nil {
					return nil, err
				}
				return &gwsConn{socket, socket.Session().(*gwsSession), gwsOpcode(t)}, nil
			})(l, t, accepted)
		},
		levels: []int{1, 2, 3, 4, 5, 6, 7, 8, 9},
	}
}

func gwsOpcode(t terms) gws.Opcode {
	if t.Stream {
		return gws.OpcodeBinary
	}
	return gws.OpcodeText
}

func gwsDeflate(d *deflated) (pd gws.PermessageDeflate) {
	if d == nil {
		return pd
	}
	return gws.PermessageDeflate{
		Enabled: true, Threshold: 1, Level: d.Level,
		ServerContextTakeover: d.Takeover, ClientContextTakeover: d.Takeover,
		ServerMaxWindowBits: d.Bits, ClientMaxWindowBits: d.Bits,
	}
}

// gwsSession is where gws lets its user keep what belongs to a connection: what
// is called for its messages, and the error of that.
type gwsSession struct {
	gws.SessionStorage // nobody looks anything up
	handle             func([]byte) error
	err                error
}

func (s *gwsSession) itself() gws.SessionStorage { return s }

// gwsConn calls back for messages, from ReadLoop.
type gwsConn struct {
	*gws.Conn
	session *gwsSession
	opcode  gws.Opcode
}

func (c *gwsConn) Send(p []byte) error { return c.WriteMessage(c.opcode, p) }

func (c *gwsConn) Serve(handle func([]byte) error) error {
	c.session.handle = handle
	c.ReadLoop()
	return c.session.err
}

func (c *gwsConn) Close() error { return c.NetConn().Close() }

type gwsEvents struct{ gws.BuiltinEventHandler }

func (gwsEvents) OnMessage(socket *gws.Conn, m *gws.Message) {
	defer m.Close()
	s := socket.Session().(*gwsSession)
	if err := s.handle(m.Bytes()); err != nil {
		s.err = err
		socket.NetConn().Close()
	}
}

func (gwsEvents) OnClose(socket *gws.Conn, err error) {
	if s := socket.Session().(*gwsSession); s.err == nil {
		s.err = err
	}
}
