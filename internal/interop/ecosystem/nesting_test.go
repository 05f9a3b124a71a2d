package ecosystem_test

import (
	"context"
	"net"
	"net/http"
	"testing"

	"golang.org/x/net/nettest"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// nested returns a listener that is served by an HTTP server on the listener
// of the web, and how to dial it: WebSocket over WebSocket.
func (w *web) nested(t *testing.T, r route) *web {
	inner := &web{
		Listener: wsconn.NewListener(nil),
		route:    r,
		url:      "ws://inner/",
		options:  wsconn.DialOptions{DialContext: w.dialContext},
	}
	inner.server = &http.Server{Handler: inner}
	serve := inner.server.Serve
	if r.tls {
		inner.url = "wss://localhost/"
		inner.server.TLSConfig, inner.options.TLSConfig = testnet.TLSConfigs(t)
		serve = func(l net.Listener) error { return inner.server.ServeTLS(l, "", "") }
	}
	t.Cleanup(inner.CloseAll)
	inBackground(t, inner.server, func() error { return serve(r.below(w.Listener)) })
	return inner
}

func TestNesting(t *testing.T) {
	for _, r := range everyRoute {
		t.Run(r.name+" over", func(t *testing.T) {
			onEveryRoute(t, nil, func(t *testing.T, w *web) {
				inner := w.nested(t, r)
				inner.serveEach(t, mirror)
				exchange(t, inner.mustDial(t), 8<<20)
			})
		})
	}
}

func TestNestingNettest(t *testing.T) {
	onEveryRoute(t, nil, func(t *testing.T, w *web) {
		w = w.nested(t, w.route)
		nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
			client, err := w.dial(context.Background())
			if err != nil {
				return nil, nil, nil, err
			}
			server, err := w.Accept()
			if err != nil {
				return nil, nil, nil, err
			}
			return client, server, func() {
				client.Terminate()
				server.(*wsconn.Conn).Terminate()
			}, nil
		})
	})
}
