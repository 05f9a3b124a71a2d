package client

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
)

// startSessions makes both ends of a session.
func startSessions(t *testing.T, cfg *mux.Config) (client, server *mux.Session) {
	a, b := testnet.TCPPair(t)
	made := func(s *mux.Session, err error) *mux.Session {
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	return made(mux.Client(a, nil)), made(mux.Server(b, cfg))
}

func mustOpen(t *testing.T, s *mux.Session) *mux.Stream {
	st, err := s.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// A request that the server has not taken is repeated on another session, with what
// went along, in order and once.
func TestOpeningRepeats(t *testing.T) {
	full, at := startSessions(t, &mux.Config{MaxStreams: 1})
	mustOpen(t, full)
	if _, err := at.Accept(); err != nil { // the place is taken
		t.Fatal(err)
	}
	other, target := startSessions(t, nil)
	go func() {
		c, err := target.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		if _, err := wire.ReadRequest(c); err != nil {
			t.Error(err)
		}
		wire.WriteGrant(c, "")
		io.Copy(c, c)
	}()
	what := wire.Request{Op: wire.Connect, Addr: spec.Addr{Network: "tcp", Address: "target:1"}}
	grants := 0
	o := &opening{
		granted: func() { grants++ },
		again:   func() (*mux.Stream, error) { return request(t.Context(), other, what) },
		giveUp:  func() {},
		settled: make(chan struct{}),
		st:      mustOpen(t, full),
	}
	wire.WriteRequest(o.st, what)
	written := make(chan error, 1)
	go func() {
		for _, text := range []string{"some, ", "some more, ", "and the rest"} {
			if n, err := io.WriteString(o, text); n != len(text) || err != nil {
				written <- errors.Join(errors.New(text), err)
				return
			}
		}
		written <- o.closeWrite()
	}()
	if back, err := io.ReadAll(o); string(back) != "some, some more, and the rest" || err != nil {
		t.Errorf("%q, %v", back, err)
	}
	if err := testnet.Take(t, "the writing", written); err != nil {
		t.Error(err)
	}
	if grants != 1 {
		t.Errorf("granted %d times", grants)
	}
}

// An opening that is aborted while its request is repeated ends.
func TestOpeningAborted(t *testing.T) {
	client, server := startSessions(t, nil)
	ctx, giveUp := context.WithCancel(t.Context())
	again := make(chan bool)
	o := &opening{
		granted: func() { t.Error("granted") },
		again: func() (*mux.Stream, error) {
			close(again)
			<-ctx.Done()
			return nil, context.Cause(ctx)
		},
		giveUp:  giveUp,
		settled: make(chan struct{}),
		st:      mustOpen(t, client),
	}
	go func() {
		c, err := server.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		c.(*mux.Stream).Reset()
	}()
	ended := make(chan error, 3)
	go func() {
		_, err := o.Read(make([]byte, 1))
		ended <- err
	}()
	testnet.Take(t, "the repetition", again)
	go func() {
		_, err := o.Write(make([]byte, 1))
		ended <- err
	}()
	go func() { ended <- o.closeWrite() }()
	o.abort()
	for range cap(ended) {
		if err := testnet.Take(t, "the end", ended); err == nil || errors.Is(err, net.ErrClosed) {
			t.Errorf("it ended with %v", err)
		}
	}
}
