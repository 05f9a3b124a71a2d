package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

const seed = 7

// relayed is a relay between app, the other end of its TCP connection, and
// peer, the other end of its WebSocket.
type relayed struct {
	app  *net.TCPConn
	peer *wsconn.Conn
	raw  net.Conn // below peer
	stop context.CancelFunc
	done chan error
}

func startRelay(t *testing.T) *relayed {
	t.Helper()
	app, tcp := testnet.TCPPair(t)
	ctx, stop := context.WithCancel(context.Background())
	r := &relayed{app: app, stop: stop, done: make(chan error, 1)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		ws, err := wsconn.Accept(w, req, nil)
		if err != nil {
			t.Error(err)
			return
		}
		r.done <- relay(ctx, tcp, ws)
	}))
	t.Cleanup(server.Close)
	var err error
	r.peer, err = wsconn.Dial(ctx, server.URL, &wsconn.DialOptions{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, address)
			r.raw = c
			return c, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.peer.Terminate() })
	app.SetDeadline(time.Now().Add(patience))
	r.peer.SetDeadline(time.Now().Add(patience))
	return r
}

// result returns what relay returned.
func (r *relayed) result(t *testing.T) error {
	t.Helper()
	return receive(t, r.done)
}

func TestRelayHalfClose(t *testing.T) {
	const size = 1 << 20
	type end interface {
		io.ReadWriter
		CloseWrite() error
	}
	for _, first := range []string{"app", "peer"} {
		t.Run(first, func(t *testing.T) {
			r := startRelay(t)
			a, b := end(r.app), end(r.peer)
			if first == "peer" {
				a, b = b, a
			}
			// Each direction ends on its own, and the second one begins only then.
			for i, way := range []struct{ from, to end }{{a, b}, {b, a}} {
				sent := make(chan error, 1)
				go func() {
					_, err := io.Copy(way.from, testnet.NewSource(seed, size))
					sent <- errors.Join(err, way.from.CloseWrite())
				}()
				got := testnet.NewVerifier(seed)
				if _, err := io.Copy(got, way.to); err != nil || got.N() != size {
					t.Fatalf("direction %d: %d of %d bytes, %v", i, got.N(), size, err)
				}
				if err := <-sent; err != nil {
					t.Fatalf("direction %d: sending: %v", i, err)
				}
			}
			r.app.Close()
			r.peer.Close()
			if err := r.result(t); err != nil {
				t.Errorf("the relay says %v", err)
			}
		})
	}
}

// Whatever happens to the WebSocket short of a good end, the application
// gets to see an error.
func TestRelayWebSocketFails(t *testing.T) {
	for _, tt := range []struct {
		name string
		fail func(*relayed)
	}{
		{"cut", func(r *relayed) { r.peer.Terminate() }},
		{"FIN without Close", func(r *relayed) { r.raw.Close() }},
		{"error code", func(r *relayed) { r.peer.CloseWith(frames.CloseInternalError, "no more") }},
		{"going away", func(r *relayed) { r.peer.CloseWith(frames.CloseGoingAway, "") }},
		{"garbage", func(r *relayed) { r.raw.Write([]byte{0xff, 0xff, 0xff, 0xff}) }},
		{"stopping", func(r *relayed) { r.stop() }},
	} {
		for _, halfClosed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%v", tt.name, halfClosed), func(t *testing.T) {
				r := startRelay(t)
				if halfClosed {
					r.app.CloseWrite()
					if n, err := io.Copy(io.Discard, r.peer); n > 0 || err != nil {
						t.Fatalf("the half-close arrived as %d bytes, %v", n, err)
					}
				}
				if _, err := r.peer.Write([]byte("half of it")); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(r.app, make([]byte, 10)); err != nil {
					t.Fatal(err)
				}
				tt.fail(r)
				wantFailure(t, "application", r.app)
				if r.result(t) == nil {
					t.Error("the relay takes it for a good end")
				}
			})
		}
	}
}

func TestRelayTCPReset(t *testing.T) {
	r := startRelay(t)
	r.app.Write([]byte("half of it"))
	if _, err := io.ReadFull(r.peer, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	testnet.Abort(r.app)
	_, err := io.Copy(io.Discard, r.peer)
	ce, ok := errors.AsType[*wsconn.CloseError](err)
	if !ok || ce.Code != frames.CloseInternalError || !strings.Contains(ce.Reason, "reset") {
		t.Errorf("the other end reads %v", err)
	}
	if r.result(t) == nil {
		t.Error("the relay takes it for a good end")
	}
}

// After its own end was passed on, a failure can only be told by a cut.
func TestRelayTCPResetAfterFIN(t *testing.T) {
	r := startRelay(t)
	r.app.CloseWrite()
	if n, err := io.Copy(io.Discard, r.peer); n > 0 || err != nil {
		t.Fatalf("the half-close arrived as %d bytes, %v", n, err)
	}
	testnet.Abort(r.app)
	if _, err := io.Copy(r.peer, testnet.NewSource(seed, 64<<20)); err == nil {
		t.Error("the other end could write everything, to nobody")
	}
	if r.result(t) == nil {
		t.Error("the relay takes it for a good end")
	}
}

func TestRelayStopping(t *testing.T) {
	r := startRelay(t)
	r.stop()
	_, err := io.Copy(io.Discard, r.peer)
	if ce, ok := errors.AsType[*wsconn.CloseError](err); !ok || ce.Code != frames.CloseGoingAway {
		t.Errorf("the other end reads %v", err)
	}
	if err := r.result(t); err != errStopping {
		t.Errorf("the relay says %v", err)
	}
}

func TestCloseReasonHasNoAddresses(t *testing.T) {
	for _, err := range []error{
		errors.New("why"),
		&net.OpError{Op: "read", Net: "tcp", Addr: &net.TCPAddr{Port: 22}, Err: errors.New("why")},
	} {
		if got := closeReason(err); got != "why" {
			t.Errorf("closeReason(%v) = %q", err, got)
		}
	}
}
