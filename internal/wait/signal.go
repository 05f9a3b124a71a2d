package wait

import (
	"sync"
	"sync/atomic"
)

// Signal is an event that happens once. Its methods may be called at the same
// time.
type Signal struct {
	given atomic.Bool
	mu    sync.Mutex
	done  chan struct{} // made for the first who waits
}

// Give makes it happen. It returns false if it had before.
func (s *Signal) Give() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.given.Swap(true) {
		return false
	}
	if s.done != nil {
		close(s.done)
	}
	return true
}

// Given reports whether it has happened.
func (s *Signal) Given() bool { return s.given.Load() }

// Done returns a channel that is closed when it happens. That of a nil Signal
// never is.
func (s *Signal) Done() <-chan struct{} {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done == nil {
		s.done = make(chan struct{})
		if s.given.Load() {
			close(s.done)
		}
	}
	return s.done
}
