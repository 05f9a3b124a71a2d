package mux

import (
	"io"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	// bulkLimit is how much data waits to be sent before those who write have
	// to wait. It is written in one go, with the frame that goes beyond it: as
	// much as wsconn hands to the system at once.
	bulkLimit = 76 << 10
	// turnLimit is that while several streams wait: one's turn is written at a
	// time. More of them have left the processor's cache by then.
	turnLimit = defaultFrameSize
	// headroom is for the control frames that go ahead of it.
	headroom = 4 << 10
	// floodLimit is how much may wait that the peer has caused and does not take.
	floodLimit = 64 << 10
)

// outbound is what waits to be sent, and the goroutine that sends it. Frames of
// data, and the first and last of each stream, stay in order; other control
// frames overtake them. Nothing in it waits, but for the goroutine.
type outbound struct {
	conn    io.Writer
	ended   func(error)  // called once, with the error that ends sending
	sent    atomic.Int64 // bytes that the connection has taken
	writing atomic.Bool  // a write of the connection is in progress

	mu      *sync.Mutex   // the session's
	ready   sync.Cond     // there is something to send, or nothing ever will be
	urgent  []byte        // control frames that go first
	bulk    *batch        // nil while it is empty
	waiting []*Stream     // who has data and found no room, the longest first
	closed  bool          // nothing new is taken
	done    chan struct{} // closed when the goroutine has ended
}

// batch is memory for one write.
type batch struct{ b []byte } // begins with headroom

var batches = sync.Pool{New: func() any {
	return &batch{make([]byte, headroom, headroom+bulkLimit+defaultFrameSize+headerSize)}
}}

func (o *outbound) start(conn io.Writer, mu *sync.Mutex, ended func(error)) {
	o.conn, o.mu, o.ended = conn, mu, ended
	o.ready.L = mu
	o.done = make(chan struct{})
	go o.run()
}

// The methods from here to run are called with the mutex held.

// hasRoom reports whether data may be queued.
func (o *outbound) hasRoom() bool {
	limit := bulkLimit
	if len(o.waiting) > 1 {
		limit = turnLimit
	}
	return o.bulk == nil || len(o.bulk.b)-headroom < limit
}

// data queues a frame with the bytes behind its header.
func (o *outbound) data(h header, p []byte) {
	if o.bulk == nil {
		o.bulk = batches.Get().(*batch)
		o.bulk.b = o.bulk.b[:headroom]
	}
	o.bulk.b = append(h.append(o.bulk.b), p...)
	o.ready.Signal()
}

// inOrder queues a frame without data behind what is queued of its stream.
func (o *outbound) inOrder(h header) { o.data(h, nil) }

// ahead queues a frame that overtakes data.
func (o *outbound) ahead(h header) {
	o.urgent = h.append(o.urgent)
	o.ready.Signal()
}

// flooded reports whether the peer asks for answers faster than it takes them.
func (o *outbound) flooded() bool {
	return len(o.urgent) > floodLimit || o.bulk != nil && len(o.bulk.b) > headroom+bulkLimit+maxFrameSize+floodLimit
}

// await puts a stream into the queue for room.
func (o *outbound) await(s *Stream) {
	if !s.inQueue {
		s.inQueue = true
		o.waiting = append(o.waiting, s)
	}
}

// leave takes a stream that writes no more out of the queue: a turn that nobody
// takes would hold up all that come after it.
func (o *outbound) leave(s *Stream) {
	if s.inQueue {
		s.inQueue = false
		i := slices.Index(o.waiting, s)
		o.waiting = slices.Delete(o.waiting, i, i+1)
	}
}

// wakeNext gives the next stream in the queue its turn. Whoever gets one and
// has no use for it passes it on by calling this.
func (o *outbound) wakeNext() {
	if len(o.waiting) == 0 || !o.hasRoom() {
		return
	}
	s := o.waiting[0]
	o.waiting = o.waiting[1:]
	s.inQueue, s.turn = false, true
	notify(s.writable)
}

// take returns what is to be written next, or nil.
func (o *outbound) take() (p []byte, b *batch) {
	switch {
	case o.bulk == nil:
		p, o.urgent = o.urgent, nil
		return p, nil
	case len(o.urgent) > headroom:
		n := headroom / headerSize * headerSize
		p = append([]byte(nil), o.urgent[:n]...)
		o.urgent = o.urgent[n:]
		return p, nil
	}
	b, o.bulk = o.bulk, nil
	start := headroom - len(o.urgent)
	copy(b.b[start:], o.urgent)
	o.urgent = o.urgent[:0]
	return b.b[start:], b
}

// run sends until close or an error.
func (o *outbound) run() {
	defer close(o.done)
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		p, b := o.take()
		if len(p) == 0 {
			if o.closed {
				return
			}
			o.ready.Wait()
			continue
		}
		o.wakeNext()
		o.mu.Unlock()
		o.writing.Store(true)
		n, err := o.conn.Write(p)
		o.writing.Store(false)
		o.sent.Add(int64(n))
		if b != nil {
			batches.Put(b)
		}
		o.mu.Lock()
		if err != nil {
			o.closed = true
			o.mu.Unlock()
			o.ended(err)
			o.mu.Lock()
			return
		}
	}
}

// close ends the goroutine once it has sent what is queued.
func (o *outbound) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.ready.Signal()
}

// notify wakes who waits for c, now or next.
func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
