package deflate

import (
	"runtime"
	"sync"
)

// shelf keeps encoders that remember what a connection has sent. One that
// continues where it has stopped is worth having: telling another about the
// window costs several times what a small message does (BenchmarkCompress: 160
// MB/s and 43 "cold" for messages of 1 KiB, and 15 if all of the window were
// told). But at up to 1 MiB it is thirty times the size of a window, so there
// are few, of the connections that sent last; all others keep a window, from
// which an encoder can begin anew.
//
// What was not used between two collections of garbage is let go, as with a
// sync.Pool: a process at rest keeps none.
type shelf struct {
	mu      sync.Mutex
	newest  *writer
	oldest  *writer
	n       int
	watched bool // sweep will be called
}

// warm is the shelf of the process.
var warm shelf

// shelfSize is how many encoders the shelf has room for.
var shelfSize = 8 * runtime.GOMAXPROCS(0)

// take returns the encoder that remembers what c has sent, if it is still there.
func (s *shelf) take(c *Compressor) *writer {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := c.warm
	if w != nil {
		s.remove(w)
	}
	return w
}

// put keeps w for the next message of c.
func (s *shelf) put(c *Compressor, w *writer) {
	s.mu.Lock()
	if s.n >= shelfSize {
		drop := s.oldest
		s.remove(drop)
		defer drop.giveBack()
	}
	defer s.mu.Unlock()
	c.warm, w.owner, w.recent = w, c, true
	w.next = s.newest
	if s.newest != nil {
		s.newest.prev = w
	} else {
		s.oldest = w
	}
	s.newest = w
	s.n++
	s.watch()
}

// remove takes w off. Whoever calls it has the lock.
func (s *shelf) remove(w *writer) {
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		s.newest = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	} else {
		s.oldest = w.prev
	}
	w.owner.warm = nil
	w.owner, w.prev, w.next = nil, nil, nil
	s.n--
}

// watch has sweep called after the next collection of garbage. Whoever calls it
// has the lock.
func (s *shelf) watch() {
	if s.watched {
		return
	}
	s.watched = true
	garbage := new(struct{ _ *shelf })
	runtime.AddCleanup(garbage, (*shelf).sweep, s)
}

// sweep lets go of what was not used since it was called before.
func (s *shelf) sweep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watched = false
	for s.oldest != nil && !s.oldest.recent {
		s.remove(s.oldest)
	}
	for w := s.oldest; w != nil; w = w.prev {
		w.recent = false
	}
	if s.n > 0 {
		s.watch()
	}
}
