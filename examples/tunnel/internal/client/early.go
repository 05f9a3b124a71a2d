package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/meter"
	"github.com/wsstream/wsstream/examples/tunnel/internal/relay"
	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
	"github.com/wsstream/wsstream/mux"
)

// What a connection has to say goes along with the request for its target, where
// that is safe: to wait for the answer first would cost it a round trip.

// freshness is how long ago a session may have been heard from that is good for
// this: a little longer than a link that works is silent. On an older one, as
// after a sleep of the machine, the answer is waited for, since a request without
// data can be repeated on another session.
const freshness = 20 * time.Second

// errNotFresh is why an answer is waited for.
var errNotFresh = errors.New("no session was heard from just now")

// askEarly asks for a target on a fresh session, without waiting for the answer: the
// stream brings that first.
func (c *Client) askEarly(ctx context.Context, to spec.Addr) (*mux.Stream, error) {
	s := c.pool.fresh()
	if s == nil {
		return nil, errNotFresh
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	st, err := s.Open(ctx)
	if err != nil {
		return nil, err
	}
	st.SetDeadline(time.Now().Add(answerTimeout))
	if err := wire.WriteRequest(st, wire.Request{Op: wire.Connect, Addr: to}); err != nil {
		st.Reset()
		return nil, err
	}
	st.SetWriteDeadline(time.Time{})
	return st, nil
}

// fresh returns a session that was heard from just now, or nil. It gives each its
// turn.
func (p *pool) fresh() *mux.Session {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range p.up {
		p.next++
		s := p.up[p.next%len(p.up)]
		if conn := p.conns[s]; conn != nil && time.Since(conn.Stats().LastInbound) < p.client.freshness {
			return s
		}
	}
	return nil
}

// joinEarly is join with a stream that was not answered yet.
func (c *Client) joinEarly(ctx context.Context, f spec.Forward, conn net.Conn, end relay.End, st *mux.Stream) {
	a := &answer{
		st:    st,
		log:   c.Log.With("forward", f, "from", conn.RemoteAddr()),
		count: c.Book.Forward(f.String()),
		over:  func() {},
	}
	far := relay.Of(st)
	far.Reader = a
	err := relay.Join(ctx, end, far, &a.count.Up, &a.count.Down)
	defer a.over()
	switch {
	case err != nil && err == a.failure:
		c.refused(f, conn.RemoteAddr(), f.Target, a.failure)
	case err != nil && !errors.Is(err, relay.ErrStopping):
		a.count.Failed.Add(1)
		a.log.Info("connection failed", "reason", err)
	default:
		a.log.Debug("closed")
	}
}

// answer reads a stream whose first bytes are the answer.
type answer struct {
	st      *mux.Stream
	log     *slog.Logger
	count   *meter.Forward
	here    bool
	over    func() // to be called when the connection is
	failure error  // why there is none
}

func (a *answer) Read(p []byte) (int, error) {
	if !a.here {
		if err := a.await(); err != nil {
			return 0, err
		}
	}
	return a.st.Read(p)
}

// await reads the answer.
func (a *answer) await() error {
	if _, err := wire.ReadAnswer(a.st); err != nil {
		a.failure = unanswered(err)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			a.failure = fmt.Errorf("the server has not answered within %v", answerTimeout)
		}
		return a.failure
	}
	a.here = true
	a.st.SetReadDeadline(time.Time{})
	a.over = a.count.Opened()
	a.log.Debug("connected")
	return nil
}
