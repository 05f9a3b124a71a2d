// Package deadline is the deadline of a connection's reads or writes, for
// connections that are not made of a descriptor.
package deadline

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
	some  atomic.Bool // at is not zero: most have none, and are asked for it all the time
	mu    sync.Mutex
	at    time.Time
	moved chan struct{} // made by the first waiter, closed by the next Set
}

// Set moves the deadline; the zero time takes it away.
func (d *Deadline) Set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = t
	d.some.Store(!t.IsZero())
	if d.moved != nil {
		close(d.moved)
		d.moved = nil
	}
}

// Get returns the deadline.
func (d *Deadline) Get() time.Time {
	if !d.some.Load() {
		return time.Time{}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at
}

// Passed reports whether the deadline is over.
func (d *Deadline) Passed() bool {
	at := d.Get()
	return !at.IsZero() && !time.Now().Before(at)
}

// watch returns the deadline and a channel that is closed when it moves.
func (d *Deadline) watch() (time.Time, <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.moved == nil {
		d.moved = make(chan struct{})
	}
	return d.at, d.moved
}

// Wait puts a token into lock, or waits for ready to have something or to be
// closed; one of them is nil. It returns false if the deadline comes or closed
// is closed first.
func (d *Deadline) Wait(lock chan struct{}, ready, closed <-chan struct{}) bool {
	select {
	case lock <- struct{}{}:
		return true
	default:
	}
	for {
		over, ok := d.waitHere(lock, ready, closed)
		if over {
			return ok
		}
	}
}

// waitHere is Wait until the deadline moves: over is false then.
func (d *Deadline) waitHere(lock chan struct{}, ready, closed <-chan struct{}) (over, ok bool) {
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
	case lock <- struct{}{}:
		return true, true
	case <-ready:
		return true, true
	case <-closed:
		return true, false
	case <-expired:
		return true, false
	case <-moved:
		return false, false
	}
}
