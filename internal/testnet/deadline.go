package testnet

import (
	"sync"
	"time"
)

// deadline is the deadline of one direction of a connection. Everything in it
// is guarded by the lock of cond, and whoever waits for it waits on cond: that
// is a wait a testing/synctest bubble understands.
type deadline struct {
	cond    *sync.Cond
	timer   *time.Timer
	setting int // counts calls of set, so that an old timer knows it is old
	expired bool
}

// set takes effect for waits in progress too. It must be called with the lock
// held.
func (d *deadline) set(t time.Time) {
	d.stop()
	d.expired = false
	if t.IsZero() {
		return
	}
	wait := time.Until(t)
	if wait <= 0 {
		d.expired = true
		d.cond.Broadcast()
		return
	}
	mine := d.setting
	d.timer = time.AfterFunc(wait, func() {
		d.cond.L.Lock()
		defer d.cond.L.Unlock()
		if d.setting == mine {
			d.expired = true
			d.cond.Broadcast()
		}
	})
}

// stop makes a timer that is running harmless. It must be called with the
// lock held.
func (d *deadline) stop() {
	d.setting++
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
