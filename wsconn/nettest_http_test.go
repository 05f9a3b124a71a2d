package wsconn_test

import (
	"context"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/nettest"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// The contract of net.Conn as users get it: from Dial and a Listener behind an
// HTTP server.
func TestNettestOverHTTP(t *testing.T) {
	for _, route := range everyRoute {
		for _, side := range []string{"client", "server"} {
			t.Run(route.name+"/"+side, func(t *testing.T) {
				s := serve(t, route, nil)
				nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
					c, err := s.dial(t)
					if err != nil {
						return nil, nil, nil, err
					}
					a, err := s.Accept()
					if err != nil {
						return nil, nil, nil, err
					}
					stop = func() {
						c.Terminate()
						a.(*wsconn.Conn).Terminate()
					}
					if side == "server" {
						return a, c, stop, nil
					}
					return c, a, stop, nil
				})
			})
		}
	}
}

// A route is how a client comes to a Listener.
type route struct {
	name  string
	tls   bool
	below func(net.Listener) net.Listener // of the HTTP server's listener
}

func asItIs(l net.Listener) net.Listener { return l }

var everyRoute = []route{
	{"ws", false, asItIs},
	{"wss", true, wsconn.BelowTLS},
	{"wss without BelowTLS", true, asItIs},
}

var overTCP = everyRoute[0]

// service is a Listener behind an HTTP server on the loopback.
type service struct {
	*wsconn.Listener
	server  *httptest.Server
	url     string
	options wsconn.DialOptions
}

// serve starts a service. At the end of the test it is closed, with all its
// connections.
func serve(tb testing.TB, r route, opts *wsconn.AcceptOptions) *service {
	tb.Helper()
	s := newService(opts)
	s.start(tb, r)
	return s
}

func newService(opts *wsconn.AcceptOptions) *service {
	l := wsconn.NewListener(opts)
	return &service{Listener: l, server: httptest.NewUnstartedServer(l)}
}

func (s *service) start(tb testing.TB, r route) {
	tb.Helper()
	s.server.Listener = r.below(s.server.Listener)
	if r.tls {
		s.server.TLS, s.options.TLSConfig = testnet.TLSConfigs(tb)
		s.server.StartTLS()
	} else {
		s.server.Start()
	}
	s.url = "ws" + strings.TrimPrefix(s.server.URL, "http")
	tb.Cleanup(func() {
		s.CloseAll()
		s.server.Close()
	})
}

func (s *service) dial(tb testing.TB) (*wsconn.Conn, error) {
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	c, err := wsconn.Dial(ctx, s.url, &s.options)
	if err == nil {
		tb.Cleanup(func() { c.Terminate() })
	}
	return c, err
}

// mustDial, mustAccept and mustPair are bounded, as is all that is done with
// their connections. Nobody else may dial during mustPair.
func (s *service) mustDial(tb testing.TB) *wsconn.Conn {
	tb.Helper()
	c, err := s.dial(tb)
	if err != nil {
		tb.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(patience))
	return c
}

func (s *service) mustAccept(tb testing.TB) *wsconn.Conn {
	tb.Helper()
	defer time.AfterFunc(patience, func() { s.Close() }).Stop()
	conn, err := s.Accept()
	if err != nil {
		tb.Fatal(err)
	}
	c := conn.(*wsconn.Conn)
	tb.Cleanup(func() { c.Terminate() })
	c.SetDeadline(time.Now().Add(patience))
	return c
}

func (s *service) mustPair(tb testing.TB) (client, server *wsconn.Conn) {
	tb.Helper()
	return s.mustDial(tb), s.mustAccept(tb)
}
