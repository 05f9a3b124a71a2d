package wait

import (
	"context"
	"sync"
	"sync/atomic"
)

// Lock is a mutex, the waits for which can end otherwise. Those who wait get it in
// the order in which they came. Its methods may be called at the same time.
type Lock struct {
	state atomic.Int32
	mu    sync.Mutex
	first *place // of those who wait
}

// The states of a Lock.
const (
	free    int32 = iota
	held          // nobody has come to wait
	awaited       // held, and those who have come may still wait
)

// place is one in the queue for a Lock.
type place struct {
	turn chan struct{} // closed when the lock is handed over
	next *place
}

// TryLock takes the lock if that is free.
func (l *Lock) TryLock() bool { return l.state.CompareAndSwap(free, held) }

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
	return l.leave(p)
}

// Unlock gives the lock to who has waited longest.
func (l *Lock) Unlock() {
	if l.state.CompareAndSwap(held, free) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.first
	if p == nil {
		if l.state.Swap(free) == free {
			panic("wait: Unlock of a Lock that is free")
		}
		return
	}
	l.first = p.next
	close(p.turn)
}

// enter takes a place in the queue, of which it is the turn at once if the lock
// has become free.
func (l *Lock) enter() *place {
	p := &place{turn: make(chan struct{})}
	l.mu.Lock()
	defer l.mu.Unlock()
	for !l.state.CompareAndSwap(held, awaited) && l.state.Load() != awaited {
		if l.TryLock() {
			close(p.turn)
			return p
		}
	}
	last := &l.first
	for *last != nil {
		last = &(*last).next
	}
	*last = p
	return p
}

// leave gives a place up. It returns true if it was its turn meanwhile: the caller
// has the lock then.
func (l *Lock) leave(p *place) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for at := &l.first; *at != nil; at = &(*at).next {
		if *at == p {
			*at = p.next
			return false
		}
	}
	return true
}
