// Package meter is what an end of the tunnel knows about itself: how many bytes
// each forward has carried, which sessions are up, and how all of that has been
// over the last minutes.
package meter

import (
	"sync"
	"time"

	"github.com/wsstream/wsstream/mux"
)

// Book has the figures of one end. Its methods may be called by several
// goroutines at the same time.
type Book struct {
	started time.Time

	mu       sync.Mutex
	forwards map[string]*Forward
	sessions map[*session]struct{}
	opened   int64 // sessions that there ever were
	lost     int64 // of those, ended by no end's will
	history  History
}

// NewBook makes an empty one. Uptime counts from here.
func NewBook() *Book {
	return &Book{
		started:  time.Now(),
		forwards: make(map[string]*Forward),
		sessions: make(map[*session]struct{}),
	}
}

// Forward returns the figures of the forward of that name, which begin with the
// first call. They are never forgotten: the caller has to see to it that there
// are not too many names.
func (b *Book) Forward(name string) *Forward {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.forwards[name]
	if f == nil {
		f = &Forward{Name: name, remembered: len(b.forwards) < maxRemembered}
		b.forwards[name] = f
	}
	return f
}

// AddSession counts a session, until remove is called, which is to be as soon as
// the session has ended. Several may have the same name.
func (b *Book) AddSession(name string, s *mux.Session) (remove func()) { return b.add(name, s) }

func (b *Book) add(name string, l link) (remove func()) {
	n := &session{name: name, since: time.Now(), link: l}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sessions[n] = struct{}{}
	b.opened++
	return sync.OnceFunc(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.sessions, n)
		if n.lost() {
			b.lost++
		}
	})
}
