package mux

import "context"

// Drain ends the session when its streams have ended: no new ones are opened or
// accepted, and the peer is told so, unless [Config.QuietDrain] is set. It waits
// until ctx ends, whose cause it then returns; the session is open still, and
// Close cuts what is left. If it is lost or closed before, and with a stream that
// had not ended, the error is that of the session.
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
		s.mu.Lock()
		left, over, atRest := len(s.streams), s.over(), s.atRest
		s.mu.Unlock()
		switch {
		case over != nil && !atRest:
			return s.opError("drain", over)
		case over != nil:
			return nil
		case left == 0:
			return s.Close()
		}
		select {
		case <-s.empty:
		case <-s.done:
		case <-ctx.Done():
			return s.opError("drain", context.Cause(ctx))
		}
	}
}

// Leaving returns a channel that is closed when the peer takes no more streams:
// it is time for another session.
func (s *Session) Leaving() <-chan struct{} { return s.leaving }
