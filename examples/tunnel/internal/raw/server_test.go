package raw_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/gate"
	"github.com/wsstream/wsstream/examples/tunnel/internal/policy"
	"github.com/wsstream/wsstream/examples/tunnel/internal/raw"
	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// A refusal comes as an HTTP status, before there is a WebSocket, and nobody who
// is refused makes the server dial.
func TestRefusals(t *testing.T) {
	var dialed atomic.Int32
	target := startTarget(t, "tcp", "127.0.0.1:0", func(testnet.HalfConn) { dialed.Add(1) })
	tokens, err := policy.ParseTokens(strings.NewReader("alice "+secret), "tokens")
	if err != nil {
		t.Fatal(err)
	}
	closed := gate.Gate{Tokens: func() *policy.Tokens { return tokens }}
	upgrade := http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="},
	}
	elsewhere := upgrade.Clone()
	elsewhere.Set("Origin", "https://elsewhere.example")
	for _, tt := range []struct {
		name   string
		target spec.Addr
		gate   gate.Gate
		header http.Header
		status int
		text   string
	}{
		{"no token", target, closed, upgrade, http.StatusUnauthorized, "-token-file"},
		{"no WebSocket", target, gate.Gate{}, nil, http.StatusUpgradeRequired, ""},
		{"a page of another site", target, gate.Gate{}, elsewhere, http.StatusForbidden, ""},
		{"no target", unusedAddress(t), gate.Gate{}, upgrade, http.StatusBadGateway, "the target cannot be reached"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server, _ := startServer(t, &raw.Server{Target: tt.target, Gate: tt.gate}, false)
			r, err := http.NewRequestWithContext(testnet.Bounded(t), http.MethodGet, server.String(), nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header = tt.header
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			text, err := io.ReadAll(answer.Body)
			if answer.StatusCode != tt.status || !strings.Contains(string(text), tt.text) || err != nil {
				t.Errorf("%d %q, %v, want %d and %q", answer.StatusCode, text, err, tt.status, tt.text)
			}
			if strings.Contains(string(text), tt.target.Address) {
				t.Errorf("the answer tells where the target is: %q", text)
			}
		})
	}
	if dialed.Load() > 0 {
		t.Error("the target was dialed for a request that is refused")
	}
}

// The pages of a site that is named may connect, and are given the subprotocol
// that websockify's have.
func TestOrigins(t *testing.T) {
	s := &raw.Server{Target: startTarget(t, "tcp", "127.0.0.1:0", testnet.Echo), Origins: []string{"elsewhere.example"}}
	server, _ := startServer(t, s, false)
	ws, err := wsconn.Dial(testnet.Bounded(t), server.String(), &wsconn.DialOptions{
		Header:       http.Header{"Origin": {"https://elsewhere.example"}},
		Subprotocols: []string{"base64", "binary"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Terminate()
	if p := ws.Socket().Subprotocol(); p != "binary" {
		t.Errorf("the subprotocol is %q", p)
	}
	ws.SetDeadline(time.Now().Add(testnet.Patience))
	if err := testnet.Transfer(ws, seed, 1000); err != nil {
		t.Error(err)
	}
	ws.Close()
}

// Peers without half-close, as most are, get all of the reply, and then the end.
func TestPeerWithoutHalfClose(t *testing.T) {
	const size = 1 << 20
	failed := make(chan struct{})
	target := startTarget(t, "tcp", "127.0.0.1:0", func(c testnet.HalfConn) {
		defer close(failed)
		io.ReadFull(c, make([]byte, 3))
		io.Copy(c, testnet.NewSource(seed, size))
		c.CloseWrite()
		testnet.WantFailure(t, "target", c) // the peer has not said that it was all
	})
	server, _ := startServer(t, &raw.Server{Target: target, HalfClose: 10 * time.Millisecond}, false)
	socket, err := wsconn.DialSocket(testnet.Bounded(t), server.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ws := wsconn.NewConn(socket, nil)
	defer ws.Terminate()
	ws.SetDeadline(time.Now().Add(testnet.Patience))
	if _, err := ws.Write([]byte("all")); err != nil {
		t.Fatal(err)
	}
	got := testnet.NewVerifier(seed)
	if _, err := io.Copy(got, ws); err != nil || got.N() != size {
		t.Errorf("%d of %d bytes came, %v", got.N(), size, err)
	}
	ws.Close()
	testnet.Take(t, "the target", failed)
}

// Over its limit a server takes no more connections, and after Wait none at all.
func TestLimit(t *testing.T) {
	s := &raw.Server{Target: startTarget(t, "tcp", "127.0.0.1:0", testnet.Echo), MaxConnections: 1}
	server, stop := startServer(t, s, false)
	dial := func() (*wsconn.Conn, int) {
		c, err := wsconn.Dial(testnet.Bounded(t), "ws"+strings.TrimPrefix(server.String(), "http"), nil)
		if e, ok := errors.AsType[*wsconn.HandshakeError](err); ok {
			return nil, e.Status
		}
		if err != nil {
			t.Fatal(err)
		}
		return c, 0
	}
	first, _ := dial()
	if _, status := dial(); status != http.StatusServiceUnavailable {
		t.Errorf("the second one: status %d", status)
	}
	first.Close()
	testnet.Poll(t, "room for another one", func() bool {
		c, status := dial()
		if c != nil {
			c.Close()
		}
		return status == 0
	})
	stop()
	testnet.InTime(t, "Server.Wait", s.Wait)
	if _, status := dial(); status != http.StatusServiceUnavailable {
		t.Errorf("while it ends: status %d", status)
	}
}
