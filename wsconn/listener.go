package wsconn

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/option"
)

// Listener accepts WebSockets from an HTTP server and hands them out as a
// [net.Listener] does, so that anything that serves a listener (an inner
// http.Server, gRPC, SSH) can be reached through a path of a web server. It is
// an [http.Handler]; its methods may be called by several goroutines at the
// same time.
//
// Closing it leaves open connections alone, as closing a TCP listener does.
// The outer server knows nothing of connections that it has handed over: a
// program that ends calls its Shutdown, and that of the listener, and waits for
// both.
type Listener struct {
	opts    AcceptOptions
	wait    time.Duration
	slots   chan struct{} // holds a token for each connection in or on its way to the backlog
	backlog chan *Conn
	closed  chan struct{}

	mu    sync.Mutex
	addr  net.Addr
	ended bool
	conns map[*Conn]struct{} // handed out or in the backlog, not yet cut
}

var _ interface {
	net.Listener
	http.Handler
} = (*Listener)(nil)

// NewListener returns a listener that accepts connections as [Accept] does
// with opts; nil means the defaults. It has to be served by an HTTP server.
func NewListener(opts *AcceptOptions) *Listener {
	l := &Listener{closed: make(chan struct{}), conns: make(map[*Conn]struct{})}
	if opts != nil {
		l.opts = *opts
	}
	size := max(option.Or(l.opts.Backlog, defaultBacklog), 1)
	l.wait = option.Or(l.opts.BacklogWait, defaultBacklogWait)
	l.slots = make(chan struct{}, size)
	l.backlog = make(chan *Conn, size)
	return l
}

// ServeHTTP answers a handshake and puts the connection into the backlog. It
// answers 503 if the backlog has no room for [AcceptOptions.BacklogWait], or
// the listener is closed; a bad request never takes room. The hooks of
// [AcceptOptions] are called for a request that has room, which it keeps
// meanwhile: a hook that looks into a database is not called in vain, and one
// that takes long needs a larger Backlog. ServeHTTP returns at once after the
// handshake.
func (l *Listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	reply, refusal := checkRequest(r, &l.opts, true)
	if refusal != nil {
		refusal.send(w, r, &l.opts)
		return
	}
	if err := l.reserve(r); err != nil {
		noRoom := refuse(http.StatusServiceUnavailable, "the listener takes no more connections")
		noRoom.Err = err
		noRoom.Body = []byte("the server has too many connections waiting to be accepted: try again later\n")
		noRoom.send(w, r, &l.opts)
		return
	}
	added := false
	defer func() { // also if a hook panics
		if !added {
			<-l.slots
		}
	}()
	u, failure := upgrade(w, r, &l.opts, reply)
	if failure != nil {
		failure.send(w, r, &l.opts)
		return
	}
	added = l.add(NewConn(newSocket(u), &l.opts.Stream))
}

// add puts a connection that holds a slot into the backlog, unless the listener
// was closed meanwhile.
func (l *Listener) add(c *Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		c.CloseWith(frames.CloseGoingAway, "the listener is closed")
		return false
	}
	if l.addr == nil {
		l.addr = c.LocalAddr()
	}
	l.conns[c] = struct{}{}
	c.s.closing.onEnd(func() { l.forget(c) })
	l.backlog <- c // the slot is room for it
	return true
}

var errBacklogFull = errors.New("the backlog had no room within AcceptOptions.BacklogWait: call Accept sooner, or set Backlog higher")

// reserve takes a slot of the backlog for the request.
func (l *Listener) reserve(r *http.Request) error {
	timer := time.NewTimer(l.wait)
	defer timer.Stop()
	select {
	case l.slots <- struct{}{}:
	default:
		select {
		case l.slots <- struct{}{}:
		case <-l.closed:
			return net.ErrClosed
		case <-r.Context().Done():
			return context.Cause(r.Context())
		case <-timer.C:
			return errBacklogFull
		}
	}
	if isClosed(l.closed) {
		<-l.slots
		return net.ErrClosed
	}
	return nil
}

func (l *Listener) forget(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// Accept waits for the next connection, which is a [*Conn]. After Close it
// returns an error that wraps [net.ErrClosed].
func (l *Listener) Accept() (net.Conn, error) {
	if isClosed(l.closed) {
		return nil, l.closedError()
	}
	select {
	case c := <-l.backlog:
		<-l.slots
		return c, nil
	case <-l.closed:
		return nil, l.closedError()
	}
}

func (l *Listener) closedError() error {
	return &net.OpError{Op: "accept", Net: "websocket", Addr: l.Addr(), Err: net.ErrClosed}
}

// Close stops accepting: requests are answered with 503, Accept returns an
// error, and connections in the backlog are closed with code 1001. Connections
// that were accepted stay open. It returns nil, also when called again.
func (l *Listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return nil
	}
	l.ended = true
	close(l.closed)
	for {
		select {
		case c := <-l.backlog:
			<-l.slots
			delete(l.conns, c)
			c.CloseWith(frames.CloseGoingAway, "the listener is closed")
		default:
			return nil
		}
	}
}

// CloseAll is Close, and closes the accepted connections with code 1001, too:
// their peers learn that the server goes away, and that the stream may not be
// complete. Like [Conn.Close] it does not wait.
func (l *Listener) CloseAll() { l.closeAll() }

// closeAll returns what it closes.
func (l *Listener) closeAll() (open []*Conn) {
	l.Close()
	l.mu.Lock()
	for c := range l.conns {
		open = append(open, c)
	}
	l.mu.Unlock()
	for _, c := range open {
		c.CloseWith(frames.CloseGoingAway, "the server is shutting down")
	}
	return open
}

// Shutdown is CloseAll, and waits until the transports of the accepted
// connections are cut. When ctx ends first what is left is terminated, and
// Shutdown returns the cause.
func (l *Listener) Shutdown(ctx context.Context) (err error) {
	for _, c := range l.closeAll() {
		select {
		case <-c.s.closing.done.Done():
		case <-ctx.Done():
			if c.s.State() != Closed {
				c.Terminate()
				err = context.Cause(ctx)
			}
		}
	}
	return err
}

// Addr returns [AcceptOptions.Addr] or, without it, the address at which the
// first connection arrived. Before that the address is unspecified: it belongs
// to the HTTP server, which does not tell.
func (l *Listener) Addr() net.Addr {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.opts.Addr != nil:
		return l.opts.Addr
	case l.addr != nil:
		return l.addr
	}
	return new(net.TCPAddr)
}
