package interop

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/wsconn"
)

// A page of another site, as far as our server can tell.
func TestNodeWrongOrigin(t *testing.T) {
	refused := make(chan error, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := wsconn.Accept(w, r, nil)
		refused <- err
	}))
	t.Cleanup(s.Close)
	n, err := startNode(t).remote(do{Do: "dial", URL: "ws" + strings.TrimPrefix(s.URL, "http"), Origin: "https://evil.example"})
	if err != nil {
		t.Fatal(err)
	}
	if e := n.await(t, "refused"); e.Status != http.StatusForbidden {
		t.Errorf("ws saw status %d, want 403", e.Status)
	}
	if err, ok := errors.AsType[*wsconn.HandshakeError](<-refused); !ok || err.Status != http.StatusForbidden {
		t.Errorf("Accept: %v, want a *HandshakeError with status 403", err)
	}
}

// A page of our own, and one of a site that the server allows.
func TestNodeRightOrigin(t *testing.T) {
	url, next := serve(t, func(w http.ResponseWriter, r *http.Request) (*wsconn.Conn, error) {
		return wsconn.Accept(w, r, &wsconn.AcceptOptions{Origins: []string{"*.example"}})
	})
	p := startNode(t)
	for _, origin := range []string{"http" + strings.TrimPrefix(url, "ws"), "https://good.example"} {
		n, err := p.remote(do{Do: "dial", URL: url, Origin: origin})
		if err != nil {
			t.Fatal(err)
		}
		c, err := next()
		if err != nil {
			t.Fatal(err)
		}
		guard(t, c)
		n.await(t, "open")
	}
}
