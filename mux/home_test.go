package mux_test

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
)

// pipeSessions returns the two ends of a session over a connection in memory,
// and the ends of that.
func pipeSessions(tb testing.TB, cfg *mux.Config) (client, server *mux.Session, a, b net.Conn) {
	tb.Helper()
	a, b = testnet.Pipe()
	client, server = sessions(tb, a, b, cfg)
	return client, server, a, b
}

// says writes text to a stream and sees it arrive at the other end.
func says(tb testing.TB, from, to net.Conn, text string) {
	tb.Helper()
	if _, err := io.WriteString(from, text); err != nil {
		tb.Fatal(err)
	}
	p := make([]byte, len(text))
	to.SetReadDeadline(time.Now().Add(testnet.Patience))
	if _, err := io.ReadFull(to, p); err != nil || string(p) != text {
		tb.Fatalf("%q arrives as %q, %v", text, p, err)
	}
	to.SetReadDeadline(time.Time{})
}

// home is where a redialer dials to: each call makes a session over a
// connection in memory, the other end of which is put out.
type home struct {
	tb    testing.TB
	wrap  func(net.Conn) net.Conn // of the dialing end; may be nil
	peers chan *mux.Session
}

func newHome(tb testing.TB) *home { return &home{tb: tb, peers: make(chan *mux.Session, 1000)} }

func (h *home) dial(context.Context) (*mux.Session, error) {
	a, b := testnet.Pipe()
	if h.wrap != nil {
		a = h.wrap(a)
	}
	peer, err := mux.Server(b, nil)
	if err != nil {
		return nil, err
	}
	h.tb.Cleanup(func() { peer.Close() })
	h.peers <- peer
	return mux.Client(a, nil)
}

// next is the next session's far end.
func (h *home) next() *mux.Session {
	h.tb.Helper()
	return testnet.Take(h.tb, "the next session", h.peers)
}

// redialer returns a redialer of h that dials again at once, and is closed at
// the end of the test.
func (h *home) redialer() *mux.Redialer {
	r := &mux.Redialer{Dial: h.dial, MinBackoff: -1, ResetAfter: -1}
	h.tb.Cleanup(func() { r.Close() })
	return r
}

// open opens a stream of r that arrives at peer.
func (h *home) open(r *mux.Redialer, peer *mux.Session) (opened, accepted *mux.Stream) {
	h.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testnet.Patience)
	defer cancel()
	opened, err := r.Open(ctx)
	if err != nil {
		h.tb.Fatal(err)
	}
	return opened, acceptFrom(h.tb, peer)
}

// acceptFrom accepts the next stream.
func acceptFrom(tb testing.TB, l net.Listener) *mux.Stream {
	tb.Helper()
	came := make(chan net.Conn, 1)
	go func() {
		if c, err := l.Accept(); err == nil {
			came <- c
		}
	}()
	return testnet.Take(tb, "a stream", came).(*mux.Stream)
}
