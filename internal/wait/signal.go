package wait

import "sync/atomic"

// Signal is an event that happens once. Its methods may be called at the same
// time.
type Signal struct {
	done atomic.Pointer[chan struct{}] // made for the first who waits
}

// happened is the channel of an event that nobody has waited for.
var happened = func() *chan struct{} {
	done := make(chan struct{})
	close(done)
	return &done
}()

// Give makes it happen. It returns false if it had before.
func (s *Signal) Give() bool {
	waited := s.done.Swap(happened)
	if waited != nil && waited != happened {
		close(*waited)
	}
	return waited != happened
}

// Given reports whether it has happened.
func (s *Signal) Given() bool { return s.done.Load() == happened }

// Done returns a channel that is closed when it happens. That of a nil Signal
// never is.
func (s *Signal) Done() <-chan struct{} {
	if s == nil {
		return nil
	}
	if s.done.Load() == nil {
		done := make(chan struct{})
		s.done.CompareAndSwap(nil, &done)
	}
	return *s.done.Load()
}
