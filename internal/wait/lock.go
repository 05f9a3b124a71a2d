package wait

import (
	"context"
	"sync"
	"sync/atomic"
)

// Lock is a mutex, the waits for which can end otherwise. Those who wait get it in
// the order in which they came. Its methods may be called at the same time.
type Lock struct {
	queue atomic.Pointer[queue] // nil while the lock is free
}

// queue is of those who wait for a Lock that is held.
type queue struct {
	mu    sync.Mutex
	first *place
}

// nobody is the queue of a Lock for which nobody has come to wait.
var nobody queue

// place is one in the queue for a Lock.
type place struct {
	queue *queue
	turn  chan struct{} // closed when the lock is handed over
	next  *place
}

// TryLock takes the lock if that is free.
func (l *Lock) TryLock() bool { return l.queue.CompareAndSwap(nil, &nobody) }

// Lock waits for the lock.
func (l *Lock) Lock() {
	if !l.TryLock() {
		<-l.enter().turn
	}
}

// LockUnless waits for the lock. It returns false if over is given first.
func (l *Lock) LockUnless(over *Signal) bool {
	return l.LockContext(context.Background(), over)
}

// LockContext waits for the lock. It returns false if ctx ends or over is given
// first.
func (l *Lock) LockContext(ctx context.Context, over *Signal) bool {
	if l.TryLock() {
		return true
	}
	p := l.enter()
	select {
	case <-p.turn:
		return true
	case <-over.Done():
	case <-ctx.Done():
	}
	return p.leave()
}

// Unlock gives the lock to who has waited longest.
func (l *Lock) Unlock() {
	if l.queue.CompareAndSwap(&nobody, nil) {
		return
	}
	q := l.queue.Load()
	if q == nil {
		panic("wait: Unlock of a Lock that is free")
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	p := q.first
	if p == nil {
		l.queue.Store(nil)
		return
	}
	q.first = p.next
	close(p.turn)
}

// enter takes a place in the queue, of which it is the turn at once if the lock
// has become free.
func (l *Lock) enter() *place {
	p := &place{turn: make(chan struct{})}
	for {
		if l.TryLock() {
			close(p.turn)
			return p
		}
		l.queue.CompareAndSwap(&nobody, new(queue))
		if q := l.queue.Load(); q != nil && q != &nobody && l.join(q, p) {
			return p
		}
	}
}

// join puts p at the end of q, unless that is not the queue any more.
func (l *Lock) join(q *queue, p *place) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if l.queue.Load() != q {
		return false
	}
	p.queue = q
	last := &q.first
	for *last != nil {
		last = &(*last).next
	}
	*last = p
	return true
}

// leave gives a place up. It returns true if it was its turn meanwhile: the caller
// has the lock then.
func (p *place) leave() bool {
	if p.queue == nil {
		return true // it was free
	}
	p.queue.mu.Lock()
	defer p.queue.mu.Unlock()
	for at := &p.queue.first; *at != nil; at = &(*at).next {
		if *at == p {
			*at = p.next
			return false
		}
	}
	return true
}
