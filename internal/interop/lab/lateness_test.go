//go:build linux

package lab_test

import (
	"sync/atomic"
	"time"
)

// lateness measures how late the timers of this process are, at worst: what a
// busy machine adds to every time measured on it.
type lateness struct {
	worst atomic.Int64
	stop  chan struct{}
}

func watchLateness() *lateness {
	l := &lateness{stop: make(chan struct{})}
	go func() {
		const step = 10 * time.Millisecond
		for timer := time.NewTimer(step); ; {
			due := time.Now().Add(step)
			timer.Reset(step)
			select {
			case <-l.stop:
				return
			case <-timer.C:
				l.worst.Store(max(l.worst.Load(), int64(time.Since(due))))
			}
		}
	}()
	return l
}

// end returns the worst lateness since the beginning.
func (l *lateness) end() time.Duration {
	close(l.stop)
	return time.Duration(l.worst.Load())
}
