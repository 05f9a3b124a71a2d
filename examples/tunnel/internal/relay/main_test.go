package relay_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/relay"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
	"github.com/wsstream/wsstream/wsconn"
)

func TestMain(m *testing.M) { testnet.Main(m) }

const seed = 7

// halfConn is the other end of what is joined: every kind of connection with
// half-close.
type halfConn interface {
	net.Conn
	CloseWrite() error
}

// kind is a kind of connection: make returns the End of one, and its other end.
type kind struct {
	name string
	make func(t *testing.T) (near relay.End, far halfConn)
}

var kinds = []kind{
	{"TCP", tcp},
	{"unix", unix},
	{"stream", stream},
	{"WebSocket", webSocket},
}

func tcp(t *testing.T) (relay.End, halfConn) {
	near, far := testnet.TCPPair(t)
	return relay.Of(near), far
}

func unix(t *testing.T) (relay.End, halfConn) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	far, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	near, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	return relay.Of(near), far.(*net.UnixConn)
}

func stream(t *testing.T) (relay.End, halfConn) {
	a, b := testnet.TCPPair(t)
	client, err := mux.Client(a, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	server, err := mux.Server(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	far, err := client.Open(testnet.Bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	near, err := server.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return relay.Of(near), far
}

func webSocket(t *testing.T) (relay.End, halfConn) {
	a, b := testnet.TCPPair(t)
	near, far := webSockets(t, a, b, true)
	return relay.WebSocket(near, time.Minute), far
}

// webSockets makes a WebSocket of two ends of a connection, whose client knows
// half-close or not.
func webSockets(t *testing.T, a, b net.Conn, halfClose bool) (server, client *wsconn.Conn) {
	t.Helper()
	ctx := t.Context()
	accepted := make(chan *wsconn.Conn, 1)
	go func() {
		w, r, err := wsconn.ReadHandshake(ctx, a)
		if err != nil {
			t.Error(err)
		}
		ws, err := wsconn.Accept(w, r, &wsconn.AcceptOptions{CloseTimeout: time.Hour})
		if err != nil {
			t.Error(err)
		}
		accepted <- ws
	}()
	options := &wsconn.DialOptions{
		Proxy:        wsconn.NoProxy,
		DialContext:  func(context.Context, string, string) (net.Conn, error) { return b, nil },
		CloseTimeout: time.Hour,
	}
	if halfClose {
		c, err := wsconn.Dial(ctx, "ws://peer/", options)
		if err != nil {
			t.Fatal(err)
		}
		client = c
	} else {
		s, err := wsconn.DialSocket(ctx, "ws://peer/", options)
		if err != nil {
			t.Fatal(err)
		}
		client = wsconn.NewConn(s, nil)
	}
	server = <-accepted
	t.Cleanup(func() {
		client.Terminate()
		server.Terminate()
	})
	return server, client
}

// joined is two connections that are being joined.
type joined struct {
	a, b     halfConn // the other ends
	up, down atomic.Int64
	stop     context.CancelFunc
	done     chan error
}

func join(t *testing.T, a, b kind) *joined {
	t.Helper()
	nearA, farA := a.make(t)
	nearB, farB := b.make(t)
	j := joinEnds(t, nearA, nearB)
	j.a, j.b = farA, farB
	farA.SetDeadline(time.Now().Add(testnet.Patience))
	farB.SetDeadline(time.Now().Add(testnet.Patience))
	return j
}

func joinEnds(t *testing.T, a, b relay.End) *joined {
	ctx, stop := context.WithCancel(context.Background())
	j := &joined{stop: stop, done: make(chan error, 1)}
	t.Cleanup(stop)
	go func() { j.done <- relay.Join(ctx, a, b, &j.up, &j.down) }()
	return j
}

// result returns what Join has returned.
func (j *joined) result(t *testing.T) error {
	t.Helper()
	return testnet.Take(t, "Join", j.done)
}

// send sends size bytes from one end to the other one, and the end behind them.
func send(t *testing.T, from, to halfConn, size int64) {
	t.Helper()
	sent := make(chan error, 1)
	go func() {
		_, err := io.Copy(from, testnet.NewSource(seed, size))
		sent <- errors.Join(err, from.CloseWrite())
	}()
	got := testnet.NewVerifier(seed)
	if _, err := io.Copy(got, to); err != nil || got.N() != size {
		t.Fatalf("%d of %d bytes came, %v", got.N(), size, err)
	}
	if err := testnet.Take(t, "sending", sent); err != nil {
		t.Fatal("sending:", err)
	}
}

// exchange sends a few bytes each way.
func (j *joined) exchange(t *testing.T) {
	t.Helper()
	for _, way := range []struct{ from, to halfConn }{{j.a, j.b}, {j.b, j.a}} {
		if _, err := way.from.Write([]byte("half of it")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(way.to, make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
	}
}

// wantFailure wants an end to come that is an error, and closes c. A Unix socket has no such
// thing: there it is just an end.
func wantFailure(t *testing.T, c net.Conn) {
	t.Helper()
	_, err := io.Copy(io.Discard, c)
	c.Close()
	_, unix := c.(*net.UnixConn)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		t.Error("nobody was told of the failure")
	case err == nil && !unix:
		t.Error("the failure came as an end")
	}
}
