package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// thereAndBack sends a message, waits for its echo, sends the next one, and so on
// for a while. It calls each, unless it is nil, with how long one took.
func thereAndBack(p *pair, messages [][]byte, d time.Duration, each func(time.Duration)) (n int, used meter, err error) {
	e := &echoing{pair: p, messages: messages, each: each, began: time.Now(), done: make(chan struct{}, 1)}
	var server func([]byte) error // that in another process does without
	if p.server != nil {
		server = p.server.Send
	}
	p.serve(whole(len(messages[0]), e.back), server)
	if err := e.stage(d / 4); err != nil { // fills pools and windows
		return 0, meter{}, err
	}
	before, m := e.n.Load(), startMeter()
	err = e.stage(d)
	return int(e.n.Load() - before), m.stop(), err
}

// echoing sends the next message from where the echo of the last one arrives, so
// that no library pays for a switch between goroutines that is not its own.
type echoing struct {
	*pair
	messages [][]byte
	each     func(time.Duration)
	began    time.Time
	done     chan struct{} // gets a value at the end of each stage
	sending  sync.Mutex    // an echo can be back before the first Send has returned

	n           atomic.Int64
	sent, until atomic.Int64 // since began
}

func (e *echoing) stage(d time.Duration) error {
	e.until.Store(int64(time.Since(e.began) + d))
	if err := e.send(); err != nil {
		return err
	}
	return e.await(e.done)
}

func (e *echoing) send() error {
	e.sending.Lock()
	defer e.sending.Unlock()
	e.sent.Store(int64(time.Since(e.began)))
	return e.client.Send(e.messages[int(e.n.Load())%len(e.messages)])
}

// back is called with what has come back.
func (e *echoing) back([]byte) error {
	now := int64(time.Since(e.began))
	if e.each != nil {
		e.each(time.Duration(now - e.sent.Load()))
	}
	e.n.Add(1)
	if now < e.until.Load() {
		return e.send()
	}
	e.done <- struct{}{}
	return nil
}
