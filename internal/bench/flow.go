package main

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// tally counts what has arrived.
type tally struct {
	mu      sync.Mutex
	n, want int
	reached chan struct{}
}

func (t *tally) add(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if before := t.n; before < t.want && before+n >= t.want {
		close(t.reached)
	}
	t.n += n
}

// expect returns a channel that is closed when n have arrived in all.
func (t *tally) expect(n int) <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.want, t.reached = n, make(chan struct{})
	if t.n >= n {
		close(t.reached)
	}
	return t.reached
}

// unexpected is for an end that is sent nothing.
func unexpected([]byte) error { return errors.New("something came that nobody has sent") }

// whole checks that a message arrives as it was sent, as far as its length tells.
func whole(size int, next func(p []byte) error) func(p []byte) error {
	return func(p []byte) error {
		if len(p) != size {
			return fmt.Errorf("a message of %d bytes arrived as %d", size, len(p))
		}
		return next(p)
	}
}

// oneWay sends from one end to the other for a while, and returns what it took
// until all of it had arrived. The messages may be writes to a stream.
func oneWay(p *pair, from conn, messages [][]byte, d time.Duration, arrive func(next func([]byte) error) func([]byte) error) (n int, used meter, err error) {
	var arrived tally
	count := arrive(func(b []byte) error {
		arrived.add(len(b))
		return nil
	})
	if from == p.client {
		p.serve(unexpected, count)
	} else {
		p.serve(count, unexpected)
	}
	size, sent := len(messages[0]), 0
	stage := func(d time.Duration) error {
		for begin := time.Now(); ; {
			for range max(1, 4096/size) { // looking at the clock takes time, too
				if err := from.Send(messages[sent%len(messages)]); err != nil {
					return err
				}
				sent++
			}
			if time.Since(begin) >= d {
				return p.await(arrived.expect(sent * size))
			}
		}
	}
	if err := stage(d / 4); err != nil { // fills pools and windows
		return 0, meter{}, err
	}
	before, m := sent, startMeter()
	err = stage(d)
	return sent - before, m.stop(), err
}
