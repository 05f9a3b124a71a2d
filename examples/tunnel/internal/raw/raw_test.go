package raw_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/examples/tunnel/internal/gate"
	"github.com/wsstream/wsstream/examples/tunnel/internal/policy"
	"github.com/wsstream/wsstream/examples/tunnel/internal/raw"
	"github.com/wsstream/wsstream/internal/testnet"
)

// The reply begins when the request has ended, and arrives whole.
func TestHalfClose(t *testing.T) {
	const size = 1 << 20
	afterwards := func(c testnet.HalfConn) {
		request := testnet.NewVerifier(seed)
		if _, err := io.Copy(request, c); err != nil || request.N() != size {
			t.Errorf("the request: %d of %d bytes, %v", request.N(), size, err)
		}
		io.Copy(c, testnet.NewSource(seed, size))
	}
	for _, tt := range []struct {
		name, network, address string
		secure                 bool
	}{
		{"ws", "tcp", "127.0.0.1:0", false},
		{"wss", "tcp", "127.0.0.1:0", true},
		{"to a Unix socket", "unix", filepath.Join(t.TempDir(), "s"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server, _ := startServer(t, &raw.Server{Target: startTarget(t, tt.network, tt.address, afterwards)}, tt.secure)
			local, _ := startClient(t, &raw.Client{Server: server})
			for range 3 {
				if err := testnet.Transfer(testnet.DialTCP(t, local), seed, size); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

const secret = "a-secret-of-alice"

func TestTokens(t *testing.T) {
	tokens, err := policy.ParseTokens(strings.NewReader("alice "+secret), "tokens")
	if err != nil {
		t.Fatal(err)
	}
	s := &raw.Server{
		Target: startTarget(t, "tcp", "127.0.0.1:0", testnet.Echo),
		Gate:   gate.Gate{Tokens: func() *policy.Tokens { return tokens }},
	}
	server, _ := startServer(t, s, false)
	bearer := func(token string) func() (http.Header, error) {
		return func() (http.Header, error) {
			return http.Header{"Authorization": {"Bearer " + token}}, nil
		}
	}
	for _, tt := range []struct {
		name   string
		user   *url.Userinfo
		header func() (http.Header, error)
		good   bool
	}{
		{"Bearer", nil, bearer(secret), true},
		{"Basic", url.UserPassword("x", secret), nil, true},
		{"none", nil, nil, false},
		{"wrong", nil, bearer(secret + "x"), false},
		{"wrong Basic", url.UserPassword(secret, "x"), nil, false},
		{"no token to be had", nil, func() (http.Header, error) { return nil, errors.New("no file") }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u := *server
			u.User = tt.user
			local, _ := startClient(t, &raw.Client{Server: &u, Header: tt.header})
			if !tt.good {
				testnet.WantReset(t, "application", local)
			} else if err := testnet.Transfer(testnet.DialTCP(t, local), seed, 1000); err != nil {
				t.Error(err)
			}
		})
	}
}

// Who cannot be connected is reset: an end would be an empty answer.
func TestNotConnected(t *testing.T) {
	server, _ := startServer(t, &raw.Server{Target: unusedAddress(t)}, false)
	nobody := &url.URL{Scheme: "ws", Host: unusedAddress(t).Address, Path: "/"}
	plain, _ := startServer(t, &raw.Server{Target: unusedAddress(t)}, true)
	untrusted := *plain
	untrusted.Host = strings.Replace(untrusted.Host, "127.0.0.1", "127.0.0.2", 1) // not in the certificate
	for name, u := range map[string]*url.URL{"no target": server, "no server": nobody, "not trusted": &untrusted} {
		local, _ := startClient(t, &raw.Client{Server: u})
		testnet.WantReset(t, name, local)
	}
}

// A failure anywhere is one at both ends.
func TestFailures(t *testing.T) {
	const half = 10
	for _, failing := range []string{"application", "target", "network", "client", "server"} {
		t.Run(failing, func(t *testing.T) {
			seen, fail := make(chan testnet.HalfConn, 1), make(chan struct{})
			finished := make(chan struct{})
			target := startTarget(t, "tcp", "127.0.0.1:0", func(c testnet.HalfConn) {
				defer close(finished)
				c.Write(make([]byte, half))
				seen <- c
				if <-fail; failing != "target" {
					testnet.WantFailure(t, "target", c)
				}
			})
			server, stopServer := startServer(t, &raw.Server{Target: target}, false)
			network, err := testnet.NewRelay(server.Host, testnet.Toxic{}, testnet.Toxic{})
			if err != nil {
				t.Fatal(err)
			}
			defer network.Close()
			server.Host = network.Addr()
			local, stopClient := startClient(t, &raw.Client{Server: server})
			app := testnet.DialTCP(t, local)
			app.Write(make([]byte, half))
			atTarget := testnet.Take(t, "the target", seen)
			for _, c := range []testnet.HalfConn{app, atTarget} {
				if _, err := io.ReadFull(c, make([]byte, half)); err != nil {
					t.Fatal(err)
				}
			}
			map[string]func(){
				"application": func() { testnet.Abort(app) },
				"target":      func() { testnet.Abort(atTarget) },
				"network":     func() { network.Close() },
				"client":      stopClient,
				"server":      stopServer,
			}[failing]()
			close(fail)
			if failing != "application" {
				testnet.WantFailure(t, "application", app)
			}
			testnet.Take(t, "the target", finished)
		})
	}
}
