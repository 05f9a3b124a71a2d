package mux

import (
	"context"
	"net"

	"github.com/hashicorp/yamux"
)

// Open opens a stream. The peer does not have to have accepted it for it to be
// used. It waits, until ctx ends, while as many streams as [Config.Backlog] says
// have not been acknowledged by the peer.
//
// The error is the cause of ctx, [ErrDraining], a [*SessionError], or
// [net.ErrClosed]. Nothing is left behind then.
func (s *Session) Open(ctx context.Context) (*Stream, error) {
	st, err := s.open(ctx)
	if err != nil {
		return nil, s.opError("open", err)
	}
	return st, nil
}

func (s *Session) open(ctx context.Context) (*Stream, error) {
	if err := s.cannotOpen(); err != nil {
		return nil, err
	}
	select {
	case s.opening <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-s.done:
		return nil, s.Err()
	case <-s.leaving:
		return nil, ErrDraining
	}
	err := s.cannotOpen()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		<-s.opening
		return nil, err
	}
	ys, err := s.y.OpenStream()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && s.born[ys.StreamID()] == nil {
		err = yamux.ErrSessionShutdown // before it sent anything of the stream
	}
	if err != nil {
		if over := s.over(); over != nil {
			return nil, over // nobody counts any more
		}
		<-s.opening
		return nil, err
	}
	return s.attach(ys), nil
}

func (s *Session) cannotOpen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.over(); err != nil {
		return err
	}
	if s.refused || s.draining {
		return ErrDraining
	}
	return nil
}

// attach gives a stream its part that yamux keeps. It is called with the mutex
// held.
func (s *Session) attach(ys *yamux.Stream) *Stream {
	st := s.born[ys.StreamID()]
	delete(s.born, ys.StreamID())
	st.ys = ys
	return st
}

// send takes a frame that yamux wants to send: the first and the last of a
// stream. Windows are not its business.
func (s *Session) send(h header) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case h.kind != kindWindow:
		s.out.ahead(h)
		return nil
	case h.flags&syn != 0:
		if err := s.over(); err != nil {
			return err // as nobody would forget the stream
		}
		st := newStream(s, h.stream, true)
		s.streams[h.stream], s.born[h.stream] = st, st
	}
	h.flags &^= fin // which [Stream.end] has queued
	if h.flags == 0 {
		return nil
	}
	h.length = 0
	s.out.inOrder(h)
	if st := s.streams[h.stream]; st != nil && h.flags&rst != 0 {
		s.forget(st)
	}
	return nil
}

// Accept waits for a stream that the peer has opened, which is a [*Stream]. Those
// that have come before the session was lost come before its error.
func (s *Session) Accept() (net.Conn, error) {
	select {
	case st := <-s.arrivals:
		return s.accepted(st)
	case <-s.done:
	}
	select { // both may have been there
	case st := <-s.arrivals:
		return s.accepted(st)
	default:
		return nil, s.opError("accept", s.Err())
	}
}

// accepted takes note that a stream does not wait any more.
func (s *Session) accepted(st *Stream) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending--
	if s.closed {
		return nil, s.opError("accept", s.over())
	}
	return st, nil
}

// acceptLoop takes the peer's streams from yamux at once, so that whoever opens
// one does not wait for Accept to be called here.
func (s *Session) acceptLoop() {
	for {
		ys, err := s.y.AcceptStream()
		if err != nil {
			s.lose(&ProtocolError{err.Error()}) // unless it is over already
			return
		}
		s.mu.Lock()
		s.arrivals <- s.attach(ys) // which has room for all that are pending
		s.mu.Unlock()
		notify(s.attached)
	}
}

// settle waits until Accept can have all streams that have come: at the end of
// the session yamux gives out no more.
func (s *Session) settle() {
	for s.unsettled() {
		select {
		case <-s.attached:
		case <-s.done:
			return
		}
	}
}

func (s *Session) unsettled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.born {
		if !st.ours {
			return true
		}
	}
	return false
}

// opError gives an error the form that net's own listeners use.
func (s *Session) opError(op string, err error) error {
	if err == nil {
		return nil
	}
	return &net.OpError{Op: op, Net: "mux", Source: s.conn.LocalAddr(), Addr: s.conn.RemoteAddr(), Err: err}
}
