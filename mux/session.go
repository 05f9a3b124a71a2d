package mux

import (
	"math"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/wsconn"
)

// Session is one end of a connection that carries streams. Its methods may be
// called by several goroutines at the same time. It is a [net.Listener], of the
// streams that the peer opens; but to close it ends them all, other than to
// close a listener of TCP does. A server that is to stop in order uses
// [Session.Drain].
type Session struct {
	settings
	conn    net.Conn
	y       *yamux.Session
	started chan struct{} // closed when y is there
	link    link
	out     outbound

	opening  chan struct{} // holds a token for each stream that the peer has not acknowledged
	arrivals chan *Stream  // for Accept
	leaving  chan struct{} // closed when the peer takes no more streams
	attached chan struct{} // has something when a stream has come there
	done     chan struct{} // closed when the session is over
	empty    chan struct{} // has something when the last stream has gone
	pulse    pulse

	mu       sync.Mutex
	parity   uint32             // of the numbers of this end's streams
	streams  map[uint32]*Stream // open ones
	born     map[uint32]*Stream // of which yamux has not told the rest of this package yet
	theirs   int                // open streams of the peer
	pending  int                // those that wait for Accept
	inject   []byte             // what yamux is to get next
	budget   budget
	probes   probes
	count    counters
	draining bool          // this end takes no more streams
	refused  bool          // the peer does not
	closed   bool          // by this end
	lost     *SessionError // without that
	atRest   bool          // it is over, and has cut no stream short
}

var _ net.Listener = (*Session)(nil)

// Client makes a session of a connection, whose peer calls [Server]: which end
// is which decides on nothing but the numbers of streams. The connection
// belongs to the session from then on, also if there is an error. Nil means the
// defaults.
func Client(conn net.Conn, cfg *Config) (*Session, error) { return newSession(conn, cfg, 1) }

// Server is [Client] for the other end.
func Server(conn net.Conn, cfg *Config) (*Session, error) { return newSession(conn, cfg, 0) }

func newSession(conn net.Conn, cfg *Config, parity uint32) (*Session, error) {
	set, err := cfg.settings()
	if err != nil {
		conn.Close()
		return nil, err
	}
	s := &Session{
		settings: set,
		conn:     conn,
		started:  make(chan struct{}),
		opening:  make(chan struct{}, set.backlog),
		arrivals: make(chan *Stream, set.backlog),
		leaving:  make(chan struct{}),
		attached: make(chan struct{}, 1),
		done:     make(chan struct{}),
		empty:    make(chan struct{}, 1),
		parity:   parity,
		streams:  make(map[uint32]*Stream),
		born:     make(map[uint32]*Stream),
		budget:   budget{limit: set.memory},
	}
	s.link.s, s.link.conn = s, conn
	s.out.start(conn, &s.mu, s.sendFailed)
	s.startYamux()
	go s.acceptLoop()
	s.watch()
	s.mu.Lock()
	s.ping() // how long is a round trip, while nothing is in its way?
	s.mu.Unlock()
	return s, nil
}

func (s *Session) startYamux() {
	start := yamux.Server
	if s.parity == 1 {
		start = yamux.Client
	}
	var err error
	if s.y, err = start(&s.link, s.yamuxConfig()); err != nil {
		panic(err) // of a configuration that is always the same
	}
	close(s.started)
}

// forever is a timeout that does not come: this package keeps time itself.
const forever = time.Duration(math.MaxInt64 / 4)

func (s *Session) yamuxConfig() *yamux.Config {
	return &yamux.Config{
		// Twice, because yamux hears later than this package that a place is free.
		AcceptBacklog:          2 * s.backlog,
		KeepAliveInterval:      forever,
		ConnectionWriteTimeout: forever,
		MaxStreamWindowSize:    initialWindow, // of which it sees nothing used
		Logger:                 yamuxLog{s},
	}
}

// Addr returns the connection's local address.
func (s *Session) Addr() net.Addr { return s.conn.LocalAddr() }

// LocalAddr returns the connection's local address.
func (s *Session) LocalAddr() net.Addr { return s.conn.LocalAddr() }

// RemoteAddr returns the connection's remote address.
func (s *Session) RemoteAddr() net.Addr { return s.conn.RemoteAddr() }

// Done returns a channel that is closed when the session is over.
func (s *Session) Done() <-chan struct{} { return s.done }

// Err returns why the session is over: a [*SessionError] if it was lost,
// [net.ErrClosed] if it was closed here, and nil if it is not over.
func (s *Session) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over()
}

// over is Err with the mutex held.
func (s *Session) over() error {
	switch {
	case s.lost != nil:
		return s.lost
	case s.closed:
		return net.ErrClosed
	}
	return nil
}

// closePatience bounds each of the two things that Close waits for.
const closePatience = time.Second

// Close ends the session and all its streams, and returns nil, also when called
// again. Their calls, Open and Accept return [net.ErrClosed]. What they have
// written is still handed to the connection, for which Close waits for at most
// a second; the peer takes streams that had not ended for cut.
func (s *Session) Close() error {
	if !s.finish(nil) {
		return nil
	}
	s.out.close()
	within(closePatience, s.out.done)
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		s.conn.Close()
	}()
	within(closePatience, closed)
	s.release()
	return nil
}

// lose ends the session because of an error.
func (s *Session) lose(cause error) {
	if !s.finish(&SessionError{Remote: s.conn.RemoteAddr(), Cause: cause}) {
		return
	}
	s.out.close()
	s.link.kick() // closing may take a while
	go func() {
		s.closeFailed(cause)
		s.release()
	}()
}

// sendFailed ends the session when it can send nothing more: not at once, as
// what the peer sent before it went may be here and is to be read first. If the
// connection is gone, whoever reads it finds its end.
func (s *Session) sendFailed(err error) {
	within(closePatience, s.done)
	s.lose(sessionCause(err))
}

// closeFailed closes the connection after an error, which it may be able to
// tell the peer.
func (s *Session) closeFailed(cause error) {
	c, ok := s.conn.(*wsconn.Conn)
	if !ok {
		s.conn.Close()
		return
	}
	code := frames.CloseInternalError
	if _, ok := cause.(*ProtocolError); ok {
		code = frames.ClosePolicyViolation
	}
	c.CloseWith(code, cause.Error())
}

// finish marks the end of the session and wakes everybody. It returns false if
// that was done before.
func (s *Session) finish(lost *SessionError) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.over() == nil
	if first {
		s.lost, s.atRest = lost, true
		close(s.done)
		s.probes.fail()
		s.pulse.stop()
	}
	s.closed = s.closed || lost == nil
	for _, st := range s.streams {
		s.atRest = s.atRest && !s.closed && st.finSent && st.finReceived
		s.abandon(st)
	}
	return first
}

// abandon wakes who uses a stream when the session is over, whose data may still
// be read unless it was closed here.
func (s *Session) abandon(st *Stream) {
	st.wake()
	if st.idle != nil {
		st.idle.Stop()
	}
	if s.closed {
		s.forget(st)
	}
}

// release lets yamux go, which ends when it reads from the link.
func (s *Session) release() {
	s.link.kick()
	go func() {
		<-s.started
		s.y.Close()
	}()
}

// within waits for c for at most d.
func within(d time.Duration, c <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-c:
	case <-timer.C:
	}
}
