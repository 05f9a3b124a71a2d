package wsconn

import (
	"context"
	"sync"

	"github.com/wsstream/wsstream/frames"
)

// queue holds what a server broadcasts to one socket until that takes it. A
// goroutine sends it, which is there only while something waits.
type queue struct {
	s     *Socket
	limit int // of bytes; 0 is none
	room  chan struct{}

	mu       sync.Mutex
	waiting  []*Prepared
	bytes    int
	sending  bool
	finished bool
}

func newQueue(s *Socket, limit int) *queue {
	return &queue{s: s, limit: limit, room: make(chan struct{}, 1)}
}

// itemCost is what a message in a queue costs besides its bytes, so that very
// small ones are bounded, too.
const itemCost = 64

func (m *Prepared) cost() int { return len(m.plain.frame) + itemCost }

// push sends a message, or keeps it to be sent in its turn. It does not wait.
// It returns false if there is no room: a message that is larger than the limit
// has some when nothing else waits.
func (q *queue) push(m *Prepared) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.finished, q.s.conn.Load() != nil:
		return true // nobody is there to miss it
	case !q.sending && q.s.trySend(m):
		return true
	case q.limit > 0 && q.bytes > 0 && q.bytes+m.cost() > q.limit:
		return false
	}
	q.waiting = append(q.waiting, m)
	q.bytes += m.cost()
	if !q.sending {
		q.sending = true
		go q.send()
	}
	return true
}

// send sends what waits.
func (q *queue) send() {
	for m := q.next(); m != nil; m = q.next() {
		if q.s.WritePrepared(context.Background(), m) != nil {
			q.finish()
			return
		}
		q.sent(m)
	}
}

func (q *queue) next() *Prepared {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.sending, q.waiting = false, nil
		return nil
	}
	m := q.waiting[0]
	q.waiting[0] = nil
	q.waiting = q.waiting[1:]
	return m
}

// sent takes note of the room that a message leaves.
func (q *queue) sent(m *Prepared) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.finished {
		return
	}
	q.bytes -= m.cost()
	q.notify()
}

func (q *queue) notify() {
	select {
	case q.room <- struct{}{}:
	default:
	}
}

// finish throws away what waits, and whatever comes.
func (q *queue) finish() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.finished, q.waiting, q.bytes = true, nil, 0
	q.notify()
}

// trySize is the largest frame that is sent without a goroutine. What a receiver
// does not take of such a one is copied; a larger one would cost its memory once
// for each of them.
const trySize = recordSize

// trySend sends a message if that is possible without waiting: when nobody else
// writes. What the transport does not take at once follows in the background.
func (s *Socket) trySend(m *Prepared) bool {
	if s.machine.Role() != frames.Server {
		return false
	}
	if !s.writing.TryLock() {
		return false
	}
	defer s.endWrite()
	f := s.form(m)
	return len(f.frame) <= trySize && s.writer.tryFrame(f)
}
