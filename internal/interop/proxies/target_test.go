package proxies_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// target is a server of ours behind a proxy.
type target struct {
	url     string // ws or wss
	address string
	tls     *tls.Config // for its clients
	results chan result // of each handshake
}

type result struct {
	conn *wsconn.Conn
	err  error
}

func newTarget(t *testing.T, secure bool, opts *wsconn.AcceptOptions) *target {
	t.Helper()
	tg := &target{results: make(chan result, 1)}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := wsconn.Accept(w, r, opts)
		tg.results <- result{c, err}
	}))
	if secure {
		server.TLS, tg.tls = testnet.TLSConfigs(t)
		server.Listener = wsconn.BelowTLS(server.Listener)
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	tg.url = "ws" + strings.TrimPrefix(server.URL, "http")
	tg.address = server.Listener.Addr().String()
	return tg
}

// meet connects to the target by a URL, which may be that of a proxy in front,
// and returns both ends.
func (tg *target) meet(t *testing.T, url string, opts *wsconn.DialOptions) (client, server *wsconn.Conn) {
	t.Helper()
	client, err := wsconn.Dial(testnet.Bounded(t), url, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Terminate() })
	server = tg.accepted(t)
	return client, server
}

// accepted is the server's end of the next connection.
func (tg *target) accepted(t *testing.T) *wsconn.Conn {
	t.Helper()
	r := testnet.Take(t, "the handshake at the server", tg.results)
	if r.err != nil {
		t.Fatal(r.err)
	}
	t.Cleanup(func() { r.conn.Terminate() })
	return r.conn
}

// some is how many bytes go each way.
const some = 4 << 20

// exchange sends streams both ways at the same time, each with its end.
func exchange(t *testing.T, client, server *wsconn.Conn) {
	t.Helper()
	const up, down = 1, 2
	errs := make(chan error, 4)
	for _, way := range []struct {
		from, to *wsconn.Conn
		seed     uint64
	}{{client, server, up}, {server, client, down}} {
		go func() { errs <- send(way.from, way.seed) }()
		go func() { errs <- receive(way.to, way.seed) }()
	}
	for range cap(errs) {
		if err := testnet.Take(t, "the exchange", errs); err != nil {
			t.Fatal(err)
		}
	}
}

// finish closes both ends, at the same time or one after the other: both have
// to learn that the other one has everything.
func finish(t *testing.T, inTurn bool, client, server *wsconn.Conn) {
	t.Helper()
	closed := func(name string, c *wsconn.Conn) {
		t.Helper()
		if err := c.WaitClosed(testnet.Bounded(t)); err != nil {
			t.Errorf("the %s's closing handshake: %v", name, err)
		}
	}
	client.Close()
	if inTurn {
		closed("client", client)
	}
	server.Close()
	closed("client", client)
	closed("server", server)
}

func send(c *wsconn.Conn, seed uint64) error {
	if _, err := io.Copy(c, testnet.NewSource(seed, some)); err != nil {
		return err
	}
	return c.CloseWrite()
}

func receive(c *wsconn.Conn, seed uint64) error {
	v := testnet.NewVerifier(seed)
	if _, err := io.Copy(v, c); err != nil {
		return err
	}
	if v.N() != some {
		return fmt.Errorf("%d bytes of %d arrived before the end", v.N(), some)
	}
	return nil
}

// wantCut fails the test if the connection, of which the way was cut, ends as
// if it were complete.
func wantCut(t *testing.T, name string, c *wsconn.Conn) {
	t.Helper()
	testnet.InTime(t, name+"'s Read", func() {
		if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("the %s's Read gives %v after the cut", name, err)
		}
	})
}
