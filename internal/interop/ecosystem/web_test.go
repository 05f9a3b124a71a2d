package ecosystem_test

import (
	"bytes"
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
	"github.com/wsstream/wsstream/wsconn"
)

// A route is how a client comes to the listener.
type route struct {
	name  string
	tls   bool
	mux   bool                            // through the streams of one session
	below func(net.Listener) net.Listener // of the web server's own listener
	bulk  int64                           // the most bytes a test has to send one way
}

func asItIs(l net.Listener) net.Listener { return l }

var everyRoute = []route{
	{"ws", false, false, asItIs, 1 << 30},
	{"wss", true, false, wsconn.BelowTLS, 1 << 30},
	{"wss without BelowTLS", true, false, asItIs, 64 << 20},
}

// onEveryRoute runs a test with a new web on each route, and fails it if
// something is left behind afterwards.
func onEveryRoute(t *testing.T, opts *wsconn.AcceptOptions, test func(t *testing.T, w *web)) {
	onEvery(t, everyRoute, opts, test)
}

func onEvery(t *testing.T, routes []route, opts *wsconn.AcceptOptions, test func(t *testing.T, w *web)) {
	for _, r := range routes {
		t.Run(r.name, func(t *testing.T) {
			testnet.CheckLeaks(t)
			test(t, newWeb(t, r, opts))
		})
	}
}

// web is a web server on the loopback with a listener on one of its paths: the
// place where each test serves what it is about.
type web struct {
	*wsconn.Listener
	route   route
	server  *http.Server
	url     string
	options wsconn.DialOptions

	opens, accepts *mux.Session // nil on a route without
}

// newWeb starts a web. At the end of the test it is closed, with all its
// connections, and must have had nothing to complain about.
func newWeb(t *testing.T, r route, opts *wsconn.AcceptOptions) *web {
	t.Helper()
	tcp := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	w := &web{Listener: wsconn.NewListener(opts), route: r}
	paths := http.NewServeMux()
	paths.Handle("/tunnel", w)
	w.server = &http.Server{Handler: paths}
	w.url = "ws://" + tcp.Addr().String() + "/tunnel"
	serve := w.server.Serve
	if r.tls {
		w.url = "wss" + strings.TrimPrefix(w.url, "ws")
		w.server.TLSConfig, w.options.TLSConfig = testnet.TLSConfigs(t)
		serve = func(l net.Listener) error { return w.server.ServeTLS(l, "", "") }
	}
	t.Cleanup(w.CloseAll)
	inBackground(t, w.server, func() error { return serve(r.below(tcp)) })
	if r.mux {
		w.multiplex(t)
	}
	return w
}

func (w *web) dial(ctx context.Context) (*wsconn.Conn, error) {
	return wsconn.Dial(ctx, w.url, &w.options)
}

// mustDial returns a connection whose every call is bounded.
func (w *web) mustDial(t *testing.T) *wsconn.Conn {
	t.Helper()
	ctx := testnet.Bounded(t)
	c := must(w.dial(ctx))(t)
	t.Cleanup(func() { c.Terminate() })
	context.AfterFunc(ctx, func() { c.Terminate() })
	return c
}

// serveEach runs serve on every connection, in goroutines of their own, which
// the end of the test waits for.
func (w *web) serveEach(t *testing.T, serve func(c net.Conn)) {
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := w.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer c.Close()
				serve(c)
			})
		}
	})
	t.Cleanup(func() {
		w.CloseAll()
		running.Wait()
	})
}

// inBackground runs serve, a method of server, until the end of the test, where
// it is closed and must not have logged anything.
func inBackground(t *testing.T, server *http.Server, serve func() error) {
	var logged bytes.Buffer
	server.ErrorLog = log.New(&logged, "", 0) // which has a lock
	done := make(chan error, 1)
	go func() { done <- serve() }()
	t.Cleanup(func() {
		server.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
		server.ErrorLog.Print("the end") // and with it the memory of who logged
		if text := logged.String(); text != "the end\n" {
			t.Errorf("the server logged:\n%s", text)
		}
	})
}
