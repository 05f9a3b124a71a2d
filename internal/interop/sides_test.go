package interop

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/internal/testnet"
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

// kind is what our end is.
type kind[C ended] struct {
	dial   func(context.Context, string, *wsconn.DialOptions) (C, error)
	accept func(http.ResponseWriter, *http.Request, *wsconn.AcceptOptions) (C, error)
}

var (
	stream = kind[*wsconn.Conn]{wsconn.Dial, wsconn.Accept}
	socket = kind[*wsconn.Socket]{wsconn.DialSocket, wsconn.AcceptSocket}
)

// ended is what both kinds can do.
type ended interface{ Terminate() error }

// terms are what an end brings to the handshake.
type terms struct {
	subprotocols []string
	compression  *deflate.Options // nil leaves it to the end's own default
}

// ends are the terms of both.
type ends struct{ ours, theirs terms }

// dial makes our end as a client.
func dial[C ended](t *testing.T, kind kind[C], url string, speak ends) C {
	t.Helper()
	c, err := tryDial(t, kind, url, speak)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// tryDial is dial where the server may refuse.
func tryDial[C ended](t *testing.T, kind kind[C], url string, speak ends) (C, error) {
	c, err := kind.dial(testnet.Bounded(t), url, &wsconn.DialOptions{Subprotocols: speak.ours.subprotocols, Compression: speak.ours.compression})
	if err == nil {
		guard(t, c)
	}
	return c, err
}

// listen makes our end as a server; accepted waits for it.
func listen[C ended](t *testing.T, kind kind[C], speak ends) (url string, accepted func() C) {
	t.Helper()
	url, next := serve(t, func(w http.ResponseWriter, r *http.Request) (C, error) {
		return kind.accept(w, r, &wsconn.AcceptOptions{Subprotocols: speak.ours.subprotocols, Compression: speak.ours.compression})
	})
	return url, func() C {
		t.Helper()
		c, err := next()
		if err != nil {
			t.Fatal(err)
		}
		guard(t, c)
		return c
	}
}

// serve starts an HTTP server. next waits for a connection to it.
func serve[C any](t *testing.T, accept func(http.ResponseWriter, *http.Request) (C, error)) (url string, next func() (C, error)) {
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
	return "ws" + strings.TrimPrefix(s.URL, "http"), func() (C, error) {
		t.Helper()
		r := testnet.Take(t, "a connection to our server", results)
		return r.c, r.err
	}
}
