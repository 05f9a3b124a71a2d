package wsconn

import (
	"sync"
	"time"
)

// past is a deadline that is over: setting it wakes whoever waits.
var past = time.Unix(1, 0)

// deadline is a moment that ends waits and can be moved while they last. The
// zero value never comes.
type deadline struct {
	mu    sync.Mutex
	at    time.Time
	moved chan struct{} // made by the first waiter, closed by the next set
}

// set moves the deadline; the zero time takes it away.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = t
	if d.moved != nil {
		close(d.moved)
		d.moved = nil
	}
}

// get returns the deadline; the zero time if there is none.
func (d *deadline) get() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at
}

// passed reports whether the deadline is over.
func (d *deadline) passed() bool {
	at := d.get()
	return !at.IsZero() && !time.Now().Before(at)
}

// watch returns the deadline and a channel that is closed when it moves.
func (d *deadline) watch() (time.Time, <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.moved == nil {
		d.moved = make(chan struct{})
	}
	return d.at, d.moved
}

// acquire puts a token into sem. It returns false if the deadline comes or
// closed is closed first.
func (d *deadline) acquire(sem chan struct{}, closed <-chan struct{}) bool {
	select {
	case sem <- struct{}{}:
		return true
	default:
	}
	return d.wait(func(expired <-chan time.Time, moved <-chan struct{}) (over, ok bool) {
		select {
		case sem <- struct{}{}:
			return true, true
		case <-closed:
			return true, false
		case <-expired:
			return true, false
		case <-moved:
			return false, false
		}
	})
}

// await waits for ready. It returns false if the deadline comes first.
func (d *deadline) await(ready <-chan struct{}) bool {
	return d.wait(func(expired <-chan time.Time, moved <-chan struct{}) (over, ok bool) {
		select {
		case <-ready:
			return true, true
		case <-expired:
			return true, false
		case <-moved:
			return false, false
		}
	})
}

// wait runs one select of the caller's for each place that the deadline moves
// to, until that select says that it is over.
func (d *deadline) wait(once func(expired <-chan time.Time, moved <-chan struct{}) (over, ok bool)) bool {
	for {
		at, moved := d.watch()
		var expired <-chan time.Time
		var timer *time.Timer
		if !at.IsZero() {
			timer = time.NewTimer(time.Until(at))
			expired = timer.C
		}
		over, ok := once(expired, moved)
		if timer != nil {
			timer.Stop()
		}
		if over {
			return ok
		}
	}
}
