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

// count is add as what handles what arrives.
func (t *tally) count(p []byte) error {
	t.add(len(p))
	return nil
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

// flow is what goes one way.
type flow struct {
	size int // of a message, or of a write to a stream

	// send sends for a while, and returns how many.
	send func(d time.Duration) (n int, err error)

	// await waits until so many bytes have arrived since the beginning.
	await func(bytes int) error
}

// measure sends for a while, and returns what it took until all of it had arrived.
func (f flow) measure(d time.Duration) (n int, used meter, err error) {
	sent := 0
	stage := func(d time.Duration) error {
		n, err := f.send(d)
		if err != nil {
			return err
		}
		sent += n
		return f.await(sent * f.size)
	}
	if err := stage(d / 4); err != nil { // fills pools and windows
		return 0, meter{}, err
	}
	before, m := sent, startMeter()
	err = stage(d)
	return sent - before, m.stop(), err
}

// flow begins to read at both ends, one of which will send. The messages may be
// writes to a stream.
func (p *pair) flow(from conn, messages [][]byte, arrive func(next func([]byte) error) func([]byte) error) flow {
	var arrived tally
	p.serveFrom(from, arrive(arrived.count))
	s := &sender{to: from, messages: messages}
	return flow{len(messages[0]), s.send, func(n int) error { return p.await(arrived.expect(n)) }}
}

// serveFrom begins to read at both ends. What comes from one is counted.
func (p *pair) serveFrom(from conn, count func([]byte) error) {
	if from == p.client {
		p.serve(unexpected, count)
	} else {
		p.serve(count, unexpected)
	}
}

// sender sends messages, one after the other.
type sender struct {
	to       conn
	messages [][]byte
	sent     int
}

func (s *sender) send(d time.Duration) (n int, err error) {
	for begin := time.Now(); n == 0 || time.Since(begin) < d; {
		for range max(1, 4096/len(s.messages[0])) { // looking at the clock takes time, too
			if err := s.to.Send(s.messages[s.sent%len(s.messages)]); err != nil {
				return n, err
			}
			s.sent++
			n++
		}
	}
	return n, nil
}

// repeat does something again and again for a while, several at a time, and
// returns how often in all. Each is given its number.
func repeat(abreast int, d time.Duration, do func(i int) error) (n int, err error) {
	var mu sync.Mutex
	var all sync.WaitGroup
	begin := time.Now()
	for i := range abreast {
		all.Go(func() {
			done, failed := 0, error(nil)
			for over := false; failed == nil && !over; over = time.Since(begin) >= d {
				failed = do(i)
				done++
			}
			mu.Lock()
			defer mu.Unlock()
			n, err = n+done, errors.Join(err, failed)
		})
	}
	all.Wait()
	return n, err
}
