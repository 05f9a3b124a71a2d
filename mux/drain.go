package mux

import "context"

// Drain ends the session when its streams have ended: no new ones are opened or
// accepted, and the peer is told so, unless [Config.QuietDrain] is set. It waits
// until ctx ends, whose cause it then returns; the session is open still, and
// Close cuts what is left.
func (s *Session) Drain(ctx context.Context) error {
	s.mu.Lock()
	if !s.draining && s.over() == nil {
		s.draining = true
		if !s.quietDrain {
			s.out.ahead(header{kind: kindGoAway, length: goAwayNormal})
		}
	}
	s.mu.Unlock()
	for {
		if s.Stats().Streams == 0 {
			return s.Close()
		}
		select {
		case <-s.empty:
		case <-s.done:
			return s.opError("drain", s.Err())
		case <-ctx.Done():
			return s.opError("drain", context.Cause(ctx))
		}
	}
}

// Leaving returns a channel that is closed when the peer takes no more streams:
// it is time for another session.
func (s *Session) Leaving() <-chan struct{} { return s.leaving }
