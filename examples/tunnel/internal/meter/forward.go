package meter

import (
	"sync/atomic"
	"time"
)

// maxRemembered is how many forwards have a history: what is kept of them is
// bounded, however many there are.
const maxRemembered = 64

// Forward has the figures of one forward.
type Forward struct {
	Name string

	Open  atomic.Int64 // connections that are open now
	Total atomic.Int64 // that there ever were

	Refused atomic.Int64 // not connected: not allowed, or the target was not reached
	Failed  atomic.Int64 // connected, and ended by an error

	// Bytes from who connected to the target, and back.
	Up, Down atomic.Int64

	// Guarded by the lock of the book.
	remembered bool
	history    ForwardHistory
	up, down   int64 // at the last sample
}

// Opened counts a connection, until closed is called.
func (f *Forward) Opened() (closed func()) {
	f.Total.Add(1)
	f.Open.Add(1)
	return func() { f.Open.Add(-1) }
}

// sample returns the bytes a second since the last sample, and remembers them.
func (f *Forward) sample(elapsed time.Duration) (up, down int64) {
	nowUp, nowDown := f.Up.Load(), f.Down.Load()
	up, down = perSecond(nowUp-f.up, elapsed), perSecond(nowDown-f.down, elapsed)
	f.up, f.down = nowUp, nowDown
	if f.remembered {
		f.history.add(up, down, f.Open.Load())
	}
	return up, down
}

func perSecond(n int64, elapsed time.Duration) int64 {
	if elapsed <= 0 {
		return 0
	}
	return int64(float64(n)/elapsed.Seconds() + 0.5)
}
