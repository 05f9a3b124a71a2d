package wsconn

import "time"

// instant is a deadline to be compared with: nanoseconds of Unix time, and zero
// for none. That is a third of the memory of a [time.Time].
type instant int64

// set makes it t. It returns false if it was that before.
func (i *instant) set(t time.Time) bool {
	to := instant(t.UnixNano())
	switch {
	case t.IsZero():
		to = 0
	case to == 0:
		to = 1 // the beginning of Unix time is a deadline, too
	}
	changed := *i != to
	*i = to
	return changed
}

// epoch is where the times of all connections are counted from.
var epoch = time.Now()

// sinceEpoch returns the time by the clock that timers follow.
func sinceEpoch() time.Duration { return time.Since(epoch) }
