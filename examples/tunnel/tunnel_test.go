package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// transfer sends size bytes of a stream on c, half-closes, and reads as many.
func transfer(c *net.TCPConn, seed uint64, size int64) error {
	sent := make(chan error, 1)
	go func() {
		_, err := io.Copy(c, testnet.NewSource(seed, size))
		sent <- errors.Join(err, c.CloseWrite())
	}()
	got := testnet.NewVerifier(seed)
	_, err := io.Copy(got, c)
	if err == nil && got.N() != size {
		err = fmt.Errorf("%d of %d bytes came back", got.N(), size)
	}
	return errors.Join(err, <-sent)
}

func echo(c *net.TCPConn) {
	io.Copy(c, c)
	c.CloseWrite()
}

func TestTunnelHalfClose(t *testing.T) {
	const size = 1 << 20
	target := startTarget(t, func(c *net.TCPConn) {
		request := testnet.NewVerifier(seed)
		if _, err := io.Copy(request, c); err != nil || request.N() != size {
			t.Errorf("the request: %d of %d bytes, %v", request.N(), size, err)
		}
		io.Copy(c, testnet.NewSource(seed, size))
	})
	app := dialTCP(t, startClient(t, startServer(t), target))
	if err := transfer(app, seed, size); err != nil {
		t.Error(err)
	}
}

func TestTunnelTargetEndsFirst(t *testing.T) {
	const size = 1 << 20
	result := make(chan error, 1)
	target := startTarget(t, func(c *net.TCPConn) {
		c.CloseWrite()
		got := testnet.NewVerifier(seed)
		_, err := io.Copy(got, c)
		if err == nil && got.N() != size {
			err = fmt.Errorf("%d of %d bytes arrived", got.N(), size)
		}
		result <- err
	})
	app := dialTCP(t, startClient(t, startServer(t), target))
	if n, err := io.Copy(io.Discard, app); n > 0 || err != nil {
		t.Fatalf("the target's end arrived as %d bytes, %v", n, err)
	}
	if _, err := io.Copy(app, testnet.NewSource(seed, size)); err != nil {
		t.Fatal(err)
	}
	app.CloseWrite()
	if err := receive(t, result); err != nil {
		t.Error(err)
	}
}

func TestTunnelConcurrent(t *testing.T) {
	local := startClient(t, startServer(t), startTarget(t, echo))
	var all sync.WaitGroup
	for i := range 50 {
		app := dialTCP(t, local)
		all.Go(func() {
			if err := transfer(app, uint64(i), 256<<10); err != nil {
				t.Errorf("connection %d: %v", i, err)
			}
		})
	}
	all.Wait()
}

// A reset on one side of the tunnel is one on the other side.
func TestTunnelReset(t *testing.T) {
	seen := make(chan error, 1)
	resets := startTarget(t, func(c *net.TCPConn) {
		c.Write([]byte("half of it"))
		io.ReadFull(c, make([]byte, 2))
		testnet.Abort(c)
	})
	reads := startTarget(t, func(c *net.TCPConn) {
		_, err := io.Copy(c, c)
		seen <- err
	})
	server := startServer(t)

	app := dialTCP(t, startClient(t, server, resets))
	app.Write([]byte("go"))
	wantFailure(t, "application", app)

	app = dialTCP(t, startClient(t, server, reads))
	app.Write([]byte("hello"))
	if _, err := io.ReadFull(app, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	testnet.Abort(app)
	if err := receive(t, seen); err == nil {
		t.Error("target: the stream ended as if it were complete")
	}
}

// What cannot be connected is reset, too: an end would be an empty answer.
func TestTunnelNotConnected(t *testing.T) {
	dead := unusedAddress(t)
	for name, local := range map[string]string{
		"no target": startClient(t, startServer(t), dead),
		"no server": startClient(t, "ws://"+dead+"/", dead),
	} {
		wantReset(t, name, local)
	}
}

// unusedAddress returns an address where nobody listens.
func unusedAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A refusal comes as an HTTP status, before there is a WebSocket, and only an
// allowed target is dialed.
func TestServerRefuses(t *testing.T) {
	var dialed atomic.Int32
	target := startTarget(t, func(*net.TCPConn) { dialed.Add(1) })
	dead := unusedAddress(t)
	host, port, _ := net.SplitHostPort(dead)
	h := &handler{allow: allowList{{host, port}}, log: discard}
	for _, tt := range []struct {
		name, query, upgrade string
		status               int
		text                 string
	}{
		{"not allowed", "?target=" + target, "websocket", 403, "not allowed"},
		{"no target", "", "websocket", 403, "not allowed"},
		{"dial fails", "?target=" + dead, "websocket", 502, "refused"},
		{"a browser", "?target=" + dead, "", 426, "tunnel client"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, text := get(t, h, tt.query, tt.upgrade)
			if status != tt.status || !strings.Contains(text, tt.text) {
				t.Errorf("%d %q, want %d and %q", status, text, tt.status, tt.text)
			}
		})
	}
	if dialed.Load() > 0 {
		t.Error("a target was dialed that is not allowed")
	}
}

func get(t *testing.T, h http.Handler, query, upgrade string) (int, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h}
	go server.Serve(l)
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+l.Addr().String()+"/"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	if upgrade != "" {
		req.Header.Set("Connection", "Upgrade")
		req.Header.Set("Upgrade", upgrade)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}
