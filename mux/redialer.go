package mux

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/wsstream/wsstream/internal/option"
)

// Redialer keeps a session up over a function that dials: when it is lost, or
// the peer drains it, another one is made. Set its fields before the first
// call; the zero value of all but Dial means the default. Its methods may be
// called by several goroutines at the same time.
//
// The dialing end may be the one that accepts streams, as a server behind a NAT
// is. Accept hands out those of whichever session is up.
type Redialer struct {
	// Dial makes a session, usually with [Client] over a new connection. It has
	// to end when ctx does.
	Dial func(ctx context.Context) (*Session, error)

	// After a failed Dial the next one waits for a time that is drawn at random
	// from zero to a bound (full jitter), which begins at MinBackoff and doubles
	// each time up to MaxBackoff. So it does after a session that was not up
	// for ResetAfter; after one that was, the bound is forgotten and Dial is
	// called at once. Zero means 500 milliseconds, 30 seconds and 10 seconds;
	// negative is none: no wait, no growth, no time that a session has to be up.
	MinBackoff, MaxBackoff, ResetAfter time.Duration

	// OnUp and OnDown are called, one at a time, when a session is up, and when
	// one that was is not any more: with the reason, which is [ErrDraining] if
	// the peer drains it, when that has come to its end. OnRetry is called
	// before each wait for the next Dial with the error of the last. Nil means
	// nothing is called. Everything waits for them: they must be quick, and must
	// call neither Session nor Open nor Close, but may use the session that they
	// are given.
	OnUp    func(s *Session)
	OnDown  func(s *Session, err error)
	OnRetry func(err error, wait time.Duration)

	once     sync.Once
	calls    sync.Mutex      // held during OnUp, OnDown and OnRetry
	ctx      context.Context // until Close
	cancel   context.CancelFunc
	running  sync.WaitGroup
	retry    chan struct{} // has something when a wait is to end now
	arrivals chan net.Conn

	mu      sync.Mutex
	session *Session      // nil while none is up
	changed chan struct{} // closed when session changes
	lastErr error         // why there is none
	addr    net.Addr      // of the last session
}

var _ net.Listener = (*Redialer)(nil)

// Start begins to dial, which the first call of another method does as well.
func (r *Redialer) Start() {
	r.once.Do(func() {
		r.MinBackoff = option.Or(r.MinBackoff, 500*time.Millisecond)
		r.MaxBackoff = option.Or(r.MaxBackoff, 30*time.Second)
		r.ResetAfter = option.Or(r.ResetAfter, 10*time.Second)
		r.ctx, r.cancel = context.WithCancel(context.Background())
		r.retry = make(chan struct{}, 1)
		r.arrivals = make(chan net.Conn)
		r.changed = make(chan struct{})
		r.running.Go(r.run)
	})
}

// Session waits for a session to be up, until ctx ends: the error is then the
// cause of ctx, with the reason why there is none. After Close it is
// [net.ErrClosed].
func (r *Redialer) Session(ctx context.Context) (*Session, error) {
	r.Start()
	for {
		r.mu.Lock()
		session, changed := r.session, r.changed
		r.mu.Unlock()
		switch {
		case r.ctx.Err() != nil:
			return nil, net.ErrClosed
		case session != nil:
			return session, nil
		}
		select {
		case <-changed:
		case <-r.ctx.Done():
		case <-ctx.Done():
			r.mu.Lock()
			defer r.mu.Unlock()
			return nil, errors.Join(context.Cause(ctx), r.lastErr)
		}
	}
}

// Open opens a stream on the session, and waits for one to be up until ctx
// ends.
func (r *Redialer) Open(ctx context.Context) (*Stream, error) {
	for {
		s, err := r.Session(ctx)
		if err != nil {
			return nil, err
		}
		st, err := s.Open(ctx)
		if err == nil || errors.Is(err, context.Cause(ctx)) {
			return st, err
		}
		// This session is over, or will be; the next one may do better.
		if !r.await(ctx, s) {
			return nil, errors.Join(context.Cause(ctx), err)
		}
	}
}

// await waits until s is not the session any more.
func (r *Redialer) await(ctx context.Context, s *Session) bool {
	for {
		r.mu.Lock()
		session, changed := r.session, r.changed
		r.mu.Unlock()
		if session != s {
			return true
		}
		select {
		case <-changed:
		case <-r.ctx.Done():
			return true
		case <-ctx.Done():
			return false
		}
	}
}

// Accept waits for a stream that the peer opens, on whichever session is up.
// After Close it returns [net.ErrClosed].
func (r *Redialer) Accept() (net.Conn, error) {
	r.Start()
	select {
	case c := <-r.arrivals:
		return c, nil
	case <-r.ctx.Done():
		return nil, &net.OpError{Op: "accept", Net: "mux", Addr: r.Addr(), Err: net.ErrClosed}
	}
}

// Addr returns the local address of the last session, or an unspecified one
// before the first.
func (r *Redialer) Addr() net.Addr {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.addr == nil {
		return new(net.TCPAddr)
	}
	return r.addr
}

// Retry ends the wait for the next Dial, if there is one: it does nothing for
// one that begins later.
func (r *Redialer) Retry() {
	r.Start()
	notify(r.retry)
}

// Close ends the session and all dialing, and returns when both are over. It
// returns nil.
func (r *Redialer) Close() error {
	r.Start()
	r.cancel()
	r.running.Wait()
	return nil
}

// run keeps a session up.
func (r *Redialer) run() {
	var bound time.Duration
	for r.ctx.Err() == nil {
		s, err := r.Dial(r.ctx)
		if err != nil {
			bound = r.pause(err, bound)
			continue
		}
		up := time.Now()
		r.serve(s)
		err = r.watch(s)
		if time.Since(up) >= r.ResetAfter {
			bound = 0
			continue
		}
		bound = r.pause(err, bound)
	}
}

// serve makes s the session.
func (r *Redialer) serve(s *Session) {
	r.running.Go(func() { r.acceptFrom(s) })
	if r.OnUp != nil {
		r.calls.Lock()
		r.OnUp(s)
		r.calls.Unlock()
	}
	r.set(s, nil)
}

// watch waits until another session is wanted, and returns why.
func (r *Redialer) watch(s *Session) error {
	select {
	case <-s.Done():
	case <-r.ctx.Done():
		s.Close()
	case <-s.Leaving():
		// What is on it may come to its end; the next session is for the rest.
		r.set(nil, ErrDraining)
		r.running.Go(func() {
			select {
			case <-s.Done():
			case <-r.ctx.Done():
				s.Close()
			}
			r.down(s, ErrDraining)
		})
		return ErrDraining
	}
	err := s.Err()
	r.set(nil, err)
	r.down(s, err)
	return err
}

// set says which session is up, or why none is.
func (r *Redialer) set(s *Session, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.session, r.lastErr = s, err
	if s != nil {
		r.addr = s.Addr()
	}
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *Redialer) down(s *Session, err error) {
	if r.OnDown != nil {
		r.calls.Lock()
		defer r.calls.Unlock()
		r.OnDown(s, err)
	}
}

// acceptFrom hands out the streams that the peer opens on s.
func (r *Redialer) acceptFrom(s *Session) {
	for {
		c, err := s.Accept()
		if err != nil {
			return
		}
		select {
		case r.arrivals <- c:
		case <-s.Done():
			return
		case <-r.ctx.Done():
			c.(*Stream).Reset()
		}
	}
}

// pause waits before the next Dial, and returns the bound for the wait after.
func (r *Redialer) pause(err error, bound time.Duration) time.Duration {
	select {
	case <-r.retry: // of before
	default:
	}
	bound = max(bound, r.MinBackoff)
	wait := time.Duration(0)
	if bound > 0 {
		wait = rand.N(bound)
	}
	r.mu.Lock()
	r.lastErr = err
	r.mu.Unlock()
	if r.OnRetry != nil && r.ctx.Err() == nil {
		r.calls.Lock()
		r.OnRetry(err, wait)
		r.calls.Unlock()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.retry:
	case <-r.ctx.Done():
	}
	return min(2*bound, r.MaxBackoff)
}
