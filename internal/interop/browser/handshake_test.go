package browser_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

func testSubprotocol(t *testing.T, b *browser) {
	for _, tt := range []struct {
		name            string
		offered, spoken []string
		picked          string
	}{
		{"the server's order", []string{"a", "b", "c"}, []string{"c", "b"}, "c"},
		{"one", []string{"chat.v2"}, []string{"chat.v1", "chat.v2"}, "chat.v2"},
		{"none offered", nil, []string{"a"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url, next := endpoint(t, b.site, wsconn.AcceptSocket, &wsconn.AcceptOptions{Subprotocols: tt.spoken})
			args := args{"url": url}
			if tt.offered != nil {
				args["protocols"] = tt.offered
			}
			seen := begin[life](t, b.page, "life", args)
			c := next()
			if got := c.Subprotocol(); got != tt.picked {
				t.Errorf("the server picked %q, want %q", got, tt.picked)
			}
			c.Close()
			if got := seen(); !got.Opened || got.Protocol != tt.picked {
				t.Errorf("the page saw %+v, want protocol %q", got, tt.picked)
			}
		})
	}
	t.Run("none in common", func(t *testing.T) { testNoSubprotocol(t, b) })
}

// A browser that has offered subprotocols does not take an answer without one:
// for the server it goes away without a word.
func testNoSubprotocol(t *testing.T, b *browser) {
	url, next := endpoint(t, b.site, wsconn.AcceptSocket, &wsconn.AcceptOptions{Subprotocols: []string{"x"}})
	seen := begin[life](t, b.page, "life", args{"url": url, "protocols": []string{"a", "b"}})
	c := next()
	if got := seen(); got.Opened || got.end != cut {
		t.Errorf("the page saw %+v, want no connection", got)
	}
	if _, _, err := c.ReadMessage(testnet.Bounded(t)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the server's error is %v, want %v", err, io.ErrUnexpectedEOF)
	}
}

// attempt has the page connect to an endpoint of the browser's site, and
// returns what came of it at both ends.
func attempt(t *testing.T, b *browser, opts *wsconn.AcceptOptions) (life, error) {
	errs := make(chan error, 1)
	path := b.site.handle(func(w http.ResponseWriter, r *http.Request) {
		c, err := wsconn.AcceptSocket(w, r, opts)
		if err == nil {
			c.Close()
		}
		errs <- err
	})
	seen := do[life](t, b.page, "life", args{"url": b.site.ws(path)})
	return seen, testnet.Take(t, "the handshake", errs)
}

// A page of another origin is refused, unless it is named.
func testOrigin(t *testing.T, b *browser) {
	other := newSite(t, b.page, false)
	host := strings.TrimPrefix(other.url, "http://")
	byName := strings.Replace(b.site.url, "127.0.0.1", "localhost", 1)
	for _, tt := range []struct {
		name, page string
		origins    []string
		accepted   bool
	}{
		{"same", b.site.url, nil, true},
		{"another port", other.url, nil, false},
		{"another port, named", other.url, []string{host}, true},
		{"another port, any named", other.url, []string{"127.0.0.1:*"}, true},
		{"another port, with the wrong scheme", other.url, []string{"https://" + host}, false},
		{"another host", byName, nil, false},
		{"another host, named with its scheme", byName, []string{byName}, true},
		{"another host, all named", byName, []string{"*"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b.page.visit(t, tt.page)
			seen, err := attempt(t, b, &wsconn.AcceptOptions{Origins: tt.origins})
			if seen.Opened != tt.accepted || (err == nil) != tt.accepted {
				t.Errorf("the page saw %+v, the server %v", seen, err)
			}
			var refused *wsconn.HandshakeError
			if err != nil && (!errors.As(err, &refused) || refused.Status != http.StatusForbidden) {
				t.Errorf("the server's error is %v, want status 403", err)
			}
		})
	}
	b.page.visit(t, b.site.url)
}

// A page's session is its cookie, which the browser sends. A refusal is nothing
// but a failure to the page: the status and the body are not shown to it.
func testAuthorize(t *testing.T, b *browser) {
	opts := &wsconn.AcceptOptions{
		Authorize: func(r *http.Request) (any, error) {
			session, err := r.Cookie("session")
			if err != nil || session.Value != "of-ann" {
				return nil, &wsconn.RejectError{Status: http.StatusUnauthorized, Body: "log in first"}
			}
			return "ann", nil
		},
		ResponseHeader: func(h http.Header, r *http.Request) { h.Set("Set-Cookie", "seen=yes; Path=/") },
	}
	do[any](t, b.page, "cookie", args{"cookie": "session=of-nobody"})
	seen, err := attempt(t, b, opts)
	var refused *wsconn.HandshakeError
	if !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized {
		t.Errorf("the server's error is %v, want status 401", err)
	}
	if seen.Opened || !seen.Failed || seen.end != cut {
		t.Errorf("the page saw %+v, want a failure", seen)
	}
	do[any](t, b.page, "cookie", args{"cookie": "session=of-ann"})
	url, next := endpoint(t, b.site, wsconn.AcceptSocket, opts)
	ended := begin[life](t, b.page, "life", args{"url": url})
	c := next()
	if got := c.Value(); got != "ann" {
		t.Errorf("the connection is %v's, want ann's", got)
	}
	c.Close()
	wantEnd(t, ended().end, end{frames.CloseNormalClosure, "", true})
	if got := do[string](t, b.page, "cookie", nil); !strings.Contains(got, "seen=yes") {
		t.Errorf("the page's cookies are %q, want that of the handshake among them", got)
	}
}
