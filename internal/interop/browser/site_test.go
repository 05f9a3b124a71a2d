package browser_test

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

//go:embed page
var files embed.FS

// site is a web server with the page, its tasks and endpoints for WebSockets.
type site struct {
	url   string
	paths *http.ServeMux
	used  atomic.Int64 // paths of endpoints and gates
}

// newSite starts a site on a port of its own: an origin of its own.
func newSite(t *testing.T, p *page, tls bool) *site {
	root, err := fs.Sub(files, "page")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{paths: http.NewServeMux()}
	s.paths.Handle("/", http.FileServerFS(root))
	s.paths.HandleFunc("/task", p.serveTask)
	s.paths.HandleFunc("/outcome", p.serveOutcome)
	server := httptest.NewUnstartedServer(s.paths)
	server.Config.ConnContext = smallBuffers
	var said bytes.Buffer
	server.Config.ErrorLog = log.New(&said, "", 0)
	if tls {
		server.TLS, _ = testnet.TLSConfigs(t)
		server.EnableHTTP2 = true // as sites have it, whose WebSockets then do not use it
		server.Listener = wsconn.BelowTLS(server.Listener)
		server.StartTLS()
	} else {
		server.Start()
	}
	s.url = server.URL
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		if t.Failed() {
			t.Logf("%s said:\n%s", s.url, &said)
		}
	})
	return s
}

// smallBuffers is so that what the system holds does not hide what the ends do.
func smallBuffers(ctx context.Context, c net.Conn) context.Context {
	if c, ok := c.(*net.TCPConn); ok {
		c.SetReadBuffer(128 << 10)
		c.SetWriteBuffer(128 << 10)
	}
	return ctx
}

// handle serves h at a path that nobody has had before, and returns that.
func (s *site) handle(h http.HandlerFunc) (path string) {
	path = fmt.Sprintf("/used/%d", s.used.Add(1))
	s.paths.HandleFunc(path, h)
	return path
}

// accepts is wsconn.AcceptSocket or wsconn.Accept.
type accepts[C any] func(http.ResponseWriter, *http.Request, *wsconn.AcceptOptions) (C, error)

// endpoint makes an endpoint for one connection; next waits for it.
func endpoint[C interface{ Terminate() error }](t *testing.T, s *site, accept accepts[C], opts *wsconn.AcceptOptions) (url string, next func() C) {
	t.Helper()
	type result struct {
		c   C
		err error
	}
	results := make(chan result, 1)
	path := s.handle(func(w http.ResponseWriter, r *http.Request) {
		c, err := accept(w, r, opts)
		if err == nil {
			context.AfterFunc(t.Context(), func() { c.Terminate() })
		}
		results <- result{c, err}
	})
	return s.ws(path), func() C {
		t.Helper()
		r := testnet.Take(t, "the handshake", results)
		if r.err != nil {
			t.Fatal(r.err)
		}
		return r.c
	}
}

// ws is the URL of a WebSocket at a path.
func (s *site) ws(path string) string { return "ws" + strings.TrimPrefix(s.url, "http") + path }

// gate is where the page waits until the test lets it go on.
type gate struct {
	path    string
	reached chan string   // what the page says when it comes: its query
	open    chan struct{} // to be closed by the test
}

func (s *site) gate(t *testing.T) *gate {
	g := &gate{reached: make(chan string, 1), open: make(chan struct{})}
	g.path = s.handle(func(w http.ResponseWriter, r *http.Request) {
		g.reached <- r.URL.RawQuery
		select {
		case <-g.open:
		case <-t.Context().Done():
		}
	})
	return g
}
