package meter

import (
	"context"
	"sync"
	"time"
)

// Sample writes the history, every second, and pings the sessions, until ctx
// ends.
func (b *Book) Sample(ctx context.Context) {
	var pings sync.WaitGroup
	defer pings.Wait()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Now()
		for _, n := range b.sample(now, now.Sub(last)) {
			// By itself: an answer may take long, and the next sample is due.
			pings.Go(func() { n.ping(ctx) })
		}
		last = now
	}
}

// sample is one, and returns the sessions that are to be pinged.
func (b *Book) sample(now time.Time, elapsed time.Duration) (due []*session) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var up, down, streams int64
	for _, f := range b.forwards {
		u, d := f.sample(elapsed)
		up, down = up+u, down+d
	}
	var rtt time.Duration
	for n := range b.sessions {
		streams += int64(n.link.Stats().Streams)
		rtt = max(rtt, n.roundTrip(now))
		if n.due(now) {
			due = append(due, n)
		}
	}
	b.history.add(now, int64(len(b.sessions)), streams, up, down, rtt)
	return due
}
