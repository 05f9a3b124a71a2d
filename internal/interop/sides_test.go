package interop

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/wsconn"
)

// side is the part that our end plays.
type side string

const (
	client side = "client"
	server side = "server"
)

// bothSides runs a test twice: with our end as the client, and as the server.
func bothSides(t *testing.T, test func(t *testing.T, side side)) {
	for _, side := range []side{client, server} {
		t.Run("our "+string(side), func(t *testing.T) { test(t, side) })
	}
}

// kind is what our end is, and the mode of peer/main.mjs that goes with it.
type kind[C ended] struct {
	mode   string
	dial   func(context.Context, string, *wsconn.DialOptions) (C, error)
	accept func(http.ResponseWriter, *http.Request, *wsconn.AcceptOptions) (C, error)
}

var (
	stream = kind[*wsconn.Conn]{"stream", wsconn.Dial, wsconn.Accept}
	socket = kind[*wsconn.Socket]{"messages", wsconn.DialSocket, wsconn.AcceptSocket}
)

// ended is what both kinds can do.
type ended interface{ Terminate() error }

// subprotocols are what the two ends speak.
type subprotocols struct{ ours, theirs []string }

// meetNode connects an end of ours to ws.
func meetNode[C ended](t *testing.T, side side, kind kind[C], speak subprotocols) (C, *node) {
	t.Helper()
	if side == client {
		n := startNode(t, append([]string{"server", kind.mode}, speak.theirs...)...)
		return dial(t, kind, fmt.Sprintf("ws://127.0.0.1:%d/", n.await("listening").Port), speak), n
	}
	url, accepted := listen(t, kind, speak)
	const noOrigin = ""
	n := startNode(t, append([]string{"client", kind.mode, url, noOrigin}, speak.theirs...)...)
	return accepted(), n
}

// dial makes our end as a client.
func dial[C ended](t *testing.T, kind kind[C], url string, speak subprotocols) C {
	t.Helper()
	c, err := kind.dial(bounded(t), url, &wsconn.DialOptions{Subprotocols: speak.ours})
	if err != nil {
		t.Fatal(err)
	}
	guard(t, c)
	return c
}

// listen makes our end as a server; accepted waits for it.
func listen[C ended](t *testing.T, kind kind[C], speak subprotocols) (url string, accepted func() C) {
	t.Helper()
	url, next := serve(t, func(w http.ResponseWriter, r *http.Request) (C, error) {
		return kind.accept(w, r, &wsconn.AcceptOptions{Subprotocols: speak.ours})
	})
	return url, func() C {
		t.Helper()
		c := next()
		guard(t, c)
		return c
	}
}

// serve starts an HTTP server. next waits for a connection to it.
func serve[C any](t *testing.T, accept func(http.ResponseWriter, *http.Request) (C, error)) (url string, next func() C) {
	t.Helper()
	type result struct {
		c   C
		err error
	}
	results := make(chan result, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := accept(w, r)
		results <- result{c, err}
	}))
	t.Cleanup(s.Close)
	ctx := bounded(t)
	return "ws" + strings.TrimPrefix(s.URL, "http"), func() C {
		t.Helper()
		select {
		case r := <-results:
			if r.err != nil {
				t.Fatal(r.err)
			}
			return r.c
		case <-ctx.Done():
			t.Fatal("nobody connected")
			panic("unreachable")
		}
	}
}
