package client

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/relay"
	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
	"github.com/wsstream/wsstream/mux"
)

// What a connection has to say goes along with the request for its target, where
// that is safe: to wait for the answer first would cost it a round trip.

// freshness is how long ago a session may have been heard from that is good for
// this: a little longer than a link that works is silent. On an older one, or after
// a sleep of the machine, the answer is waited for, since a request without data can
// be repeated on another session.
const freshness = 20 * time.Second

// earlyTimeout is how long a session may take to take the request; otherwise another
// one may be better.
const earlyTimeout = time.Second

// errNotFresh is why an answer is waited for.
var errNotFresh = errors.New("no session was heard from just now")

// askEarly asks for a target on a fresh session, without waiting for the answer: the
// stream brings that first.
func (c *Client) askEarly(ctx context.Context, to spec.Addr) (*mux.Stream, error) {
	s := c.pool.fresh()
	if s == nil {
		return nil, errNotFresh
	}
	soon, cancel := context.WithTimeout(ctx, earlyTimeout)
	defer cancel()
	st, err := s.Open(soon)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(soon, func() { st.Reset() })
	err = wire.WriteRequest(st, wire.Request{Op: wire.Connect, Addr: to})
	if !stop() {
		err = context.Cause(soon)
	}
	if err != nil {
		st.Reset()
		return nil, err
	}
	st.SetReadDeadline(time.Now().Add(answerTimeout))
	return st, nil
}

// fresh returns a session that was heard from just now, or nil. It gives each its
// turn.
func (p *pool) fresh() *mux.Session {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	awake := p.awake.since(now.Sub(start), now.Round(0).Sub(start.Round(0)))
	for range p.up {
		p.next++
		s := p.up[p.next%len(p.up)]
		if conn := p.conns[s]; conn != nil {
			heard := conn.Stats().LastInbound
			if heard.Sub(start) > awake && now.Sub(heard) < p.client.freshness {
				return s
			}
		}
	}
	return nil
}

// start is where clocks are read from.
var start = time.Now()

// wakefulness notices that the machine has slept.
type wakefulness struct {
	drift time.Duration // of the wall clock against that of timers
	from  time.Duration // by that of timers, when a sleep was noticed last
}

// since returns when a sleep was noticed last, by the clock of timers, which stands
// still during one. The wall clock does not. Both say how late it is.
func (w *wakefulness) since(now, wall time.Duration) time.Duration {
	const slack = time.Second // for a clock that is being set right
	if (wall - now - w.drift).Abs() > slack {
		w.from = now
	}
	w.drift = wall - now
	return w.from
}

// joinEarly is join with a stream that was not answered yet.
func (c *Client) joinEarly(ctx context.Context, f spec.Forward, conn net.Conn, end relay.End, st *mux.Stream) {
	log := c.Log.With("forward", f, "from", conn.RemoteAddr())
	count := c.Book.Forward(f.String())
	var over func()
	again, giveUp := context.WithCancel(ctx)
	defer giveUp()
	o := &opening{
		granted: func() {
			over = count.Opened()
			log.Debug("connected")
		},
		again:   func() (*mux.Stream, error) { return c.open(again, f.Target) },
		giveUp:  giveUp,
		settled: make(chan struct{}),
		st:      st,
	}
	err := relay.Join(ctx, end, o.end(), &count.Up, &count.Down)
	if over != nil {
		over()
	}
	switch {
	case err == nil, ctx.Err() != nil:
		log.Debug("closed")
	case err == o.failure && over == nil:
		c.refused(f, conn.RemoteAddr(), f.Target, err)
	default:
		count.Failed.Add(1)
		log.Info("connection failed", "reason", err)
	}
}
