package wsconn

import "time"

// instant is a deadline to be compared with: nanoseconds of Unix time, and zero
// for none. That is a third of the memory of a [time.Time].
type instant int64

// set makes it t. It returns false if it was that before.
func (i *instant) set(t time.Time) bool {
	var to instant
	if !t.IsZero() {
		to = instant(t.UnixNano())
	}
	changed := *i != to
	*i = to
	return changed
}

// epoch is where the times of all connections are counted from.
var epoch = time.Now()

// sinceEpoch returns the time by the clock that timers follow.
func sinceEpoch() time.Duration { return time.Since(epoch) }
