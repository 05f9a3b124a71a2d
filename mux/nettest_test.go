package mux_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptest"
	"testing"

	"golang.org/x/net/nettest"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
	"github.com/wsstream/wsstream/wsconn"
)

// carriers are the connections that sessions stand on in tests.
var carriers = []struct {
	name string
	make func(tb testing.TB) (client, server net.Conn)
}{
	{"tcp", func(tb testing.TB) (client, server net.Conn) { return testnet.TCPPair(tb) }},
	{"ws", func(tb testing.TB) (client, server net.Conn) { return wsPair(tb, false) }},
	{"wss", func(tb testing.TB) (client, server net.Conn) { return wsPair(tb, true) }},
}

// wsPair returns the two ends of a WebSocket over loopback.
func wsPair(tb testing.TB, secure bool) (client, server *wsconn.Conn) {
	tb.Helper()
	listener := wsconn.NewListener(nil)
	web := httptest.NewUnstartedServer(listener)
	var config *tls.Config
	if secure {
		web.Listener = wsconn.BelowTLS(web.Listener)
		web.TLS, config = testnet.TLSConfigs(tb)
		web.StartTLS()
	} else {
		web.Start()
	}
	tb.Cleanup(web.Close)
	client, err := wsconn.Dial(tb.Context(), web.URL, &wsconn.DialOptions{TLSConfig: config})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { client.Terminate() })
	conn, err := listener.Accept()
	if err != nil {
		tb.Fatal(err)
	}
	server = conn.(*wsconn.Conn)
	tb.Cleanup(func() { server.Terminate() })
	return client, server
}

// sessions returns the two ends of a session over two ends of a connection.
func sessions(tb testing.TB, a, b net.Conn, cfg *mux.Config) (client, server *mux.Session) {
	tb.Helper()
	client, err := mux.Client(a, cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { client.Close() })
	if server, err = mux.Server(b, cfg); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { server.Close() })
	return client, server
}

// streams returns the two ends of a stream that opener opens.
func streams(tb testing.TB, opener, acceptor *mux.Session) (opened, accepted *mux.Stream) {
	tb.Helper()
	opened, err := opener.Open(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { opened.Close() })
	c, err := acceptor.Accept()
	if err != nil {
		tb.Fatal(err)
	}
	accepted = c.(*mux.Stream)
	tb.Cleanup(func() { accepted.Close() })
	return opened, accepted
}

func TestNettest(t *testing.T) {
	for _, c := range carriers {
		for _, opener := range []string{"client", "server"} {
			t.Run(c.name+", opened by the "+opener, func(t *testing.T) {
				nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
					a, b := c.make(t)
					client, server := sessions(t, a, b, nil)
					if opener == "server" {
						client, server = server, client
					}
					c1, c2 = streams(t, client, server)
					return c1, c2, func() {
						client.Close()
						server.Close()
					}, nil
				})
			})
		}
	}
}
