package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
	"github.com/wsstream/wsstream/mux"
)

// answerTimeout is how long a server may take to say whether it has reached a
// target: longer than it takes to find that out.
const answerTimeout = 20 * time.Second

// open asks a server to connect to a target, and returns the stream that is the
// connection then.
func (c *Client) open(ctx context.Context, to spec.Addr) (*mux.Stream, error) {
	waiting, cancel := context.WithTimeout(ctx, c.SessionWait)
	defer cancel()
	var err error
	for range 3 { // a session may be lost just now
		var s *mux.Session
		if s, err = c.pool.session(waiting); err != nil {
			return nil, err
		}
		var st *mux.Stream
		if st, err = request(ctx, s, wire.Request{Op: wire.Connect, Addr: to}); err == nil {
			return st, nil
		}
		if _, refused := errors.AsType[*wire.Refusal](err); refused || ctx.Err() != nil {
			break
		}
		if over(err) {
			c.pool.remove(s) // it will be at once, but the next one is wanted now
		}
	}
	return nil, err
}

// over reports whether err says that a session takes no more streams.
func over(err error) bool {
	_, lost := errors.AsType[*mux.SessionError](err)
	return lost || errors.Is(err, mux.ErrDraining) || errors.Is(err, net.ErrClosed)
}

// request opens a stream for something, and waits for the answer.
func request(ctx context.Context, s *mux.Session, r wire.Request) (*mux.Stream, error) {
	st, _, err := ask(ctx, s, r)
	return st, err
}

// ask is request that returns what the answer says.
func ask(ctx context.Context, s *mux.Session, r wire.Request) (*mux.Stream, string, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	st, err := s.Open(ctx)
	if err != nil {
		return nil, "", err
	}
	defer context.AfterFunc(ctx, func() { st.Reset() })()
	var text string
	if err = wire.WriteRequest(st, r); err == nil {
		text, err = wire.ReadAnswer(st)
	}
	switch {
	case err == nil:
		return st, text, nil
	case ctx.Err() != nil:
		err = fmt.Errorf("the server has not answered: %w", context.Cause(ctx))
	case errors.Is(err, mux.ErrReset):
		err = fmt.Errorf("the server takes no more connections of this session: see its -max-streams (%w)", err)
	}
	st.Reset()
	return nil, "", err
}
