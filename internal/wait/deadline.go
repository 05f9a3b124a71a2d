package wait

import (
	"sync"
	"sync/atomic"
	"time"
)

// Past is a deadline that is over: setting it wakes whoever waits.
var Past = time.Unix(1, 0)

// Deadline is a moment that ends waits and can be moved while they last. The
// zero value never comes. Its methods may be called at the same time.
type Deadline struct {
	m atomic.Pointer[moment] // nil before the first
}

// moment is when a deadline is.
type moment struct {
	some  atomic.Bool // there is one: most have none, and are asked for it all the time
	mu    sync.Mutex
	at    time.Time
	moved chan struct{} // made by the first waiter, closed by the next Set
}

func (d *Deadline) moment() *moment {
	if d.m.Load() == nil {
		d.m.CompareAndSwap(nil, new(moment))
	}
	return d.m.Load()
}

// Set moves the deadline; the zero time takes it away.
func (d *Deadline) Set(t time.Time) {
	if d.m.Load() == nil && t.IsZero() {
		return
	}
	m := d.moment()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at = t
	m.some.Store(!t.IsZero())
	if m.moved != nil {
		close(m.moved)
		m.moved = nil
	}
}

// Get returns the deadline.
func (d *Deadline) Get() time.Time {
	m := d.m.Load()
	if m == nil || !m.some.Load() {
		return time.Time{}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at
}

// Passed reports whether the deadline is over.
func (d *Deadline) Passed() bool {
	at := d.Get()
	return !at.IsZero() && !time.Now().Before(at)
}

// watch returns the deadline and a channel that is closed when it moves.
func (d *Deadline) watch() (time.Time, <-chan struct{}) {
	m := d.moment()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.moved == nil {
		m.moved = make(chan struct{})
	}
	return m.at, m.moved
}

// Lock waits for l. It returns false if the deadline comes or over is given
// first, but takes a lock that is free also then.
func (d *Deadline) Lock(l *Lock, over *Signal) bool {
	if l.TryLock() {
		return true
	}
	p := l.enter()
	return d.Wait(p.turn, over) || p.leave()
}

// Wait waits for ready to have something or to be closed. It returns false if
// the deadline comes or over is given first; a nil over never is.
func (d *Deadline) Wait(ready <-chan struct{}, over *Signal) bool {
	for {
		ended, ok := d.waitHere(ready, over.Done())
		if ended {
			return ok
		}
	}
}

// waitHere is Wait until the deadline moves: ended is false then.
func (d *Deadline) waitHere(ready, over <-chan struct{}) (ended, ok bool) {
	at, moved := d.watch()
	var expired <-chan time.Time
	if !at.IsZero() {
		left := time.Until(at)
		if left <= 0 {
			return true, false
		}
		timer := time.NewTimer(left)
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case <-ready:
		return true, true
	case <-over:
		return true, false
	case <-expired:
		return true, false
	case <-moved:
		return false, false
	}
}
