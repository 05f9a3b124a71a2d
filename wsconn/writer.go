package wsconn

import (
	"os"
	"sync"
	"sync/atomic"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/wait"
)

// writer is the sending half of a socket. Whoever holds its lock writes; who
// was cut by a deadline passes the lock on to a goroutine that sends the rest.
// Control frames are queued and never wait for the lock: whoever holds it
// sends them at the next border between frames.
type writer struct {
	s    *Socket
	lock wait.Lock // of whoever writes

	used      atomic.Bool // data has been written
	closeSent atomic.Bool // the Close frame has been handed to the transport
	queued    atomic.Bool // control frames wait; set under mu
	mu        sync.Mutex
	pong      *control // the newest ping's answer: older ones are not owed (RFC 6455 section 5.5.3)
	ping      *control
	close     *control
	err       atomic.Pointer[error] // why nothing more can be written; the first reason stays
}

// control is the payload of a control frame that waits to be sent.
type control struct {
	op      frames.Opcode
	payload [frames.MaxControlPayload]byte
	n       int
}

func newControl(op frames.Opcode, payload []byte) *control {
	c := &control{op: op}
	c.n = copy(c.payload[:], payload)
	return c
}

// fail makes err the end of writing, unless it has ended already, and returns
// why it has.
func (w *writer) fail(err error) error {
	w.err.CompareAndSwap(nil, &err)
	return w.failure()
}

func (w *writer) failure() error {
	if err := w.err.Load(); err != nil {
		return *err
	}
	return nil
}

// acquire takes the lock for data, at most until the user's deadline.
func (w *writer) acquire() error {
	if !w.s.t.out.deadline.Lock(&w.lock, &w.s.closing.local) {
		return w.cutReason()
	}
	if err := w.border(); err != nil {
		w.release()
		return err
	}
	return nil
}

// border is the place before each batch: control frames go ahead of it, what is
// kept has to be sent, and what has ended writing meanwhile is seen.
func (w *writer) border() error {
	w.flushControls()
	if w.s.t.out.pending() {
		if err := w.s.t.out.settle(); err != nil {
			return w.broken(err)
		}
		if w.s.t.out.pending() {
			return w.cutReason()
		}
	}
	return w.usable()
}

// usable returns why nothing can be written now.
func (w *writer) usable() error {
	if w.s.closing.local.Given() {
		return errLocalClose
	}
	if err := w.failure(); err != nil {
		return err
	}
	if w.s.t.out.deadline.Passed() {
		return w.cutReason()
	}
	return nil
}

// broken ends writing after the transport failed. It returns what a Write says
// of that: what this end did itself, if that is why, or what was known before.
func (w *writer) broken(err error) error {
	err = w.fail(truncation(err))
	if w.s.closing.local.Given() {
		return errLocalClose
	}
	return err
}

// cutReason returns why a wait ended at the deadline: Close ends it so, too.
func (w *writer) cutReason() error {
	if w.s.closing.local.Given() {
		return errLocalClose
	}
	return os.ErrDeadlineExceeded
}

// release gives the lock up: after the control frames that have been queued
// meanwhile, and, if the transport does not take everything now, not before it
// has. It never waits itself.
func (w *writer) release() {
	for {
		w.flushControls()
		if w.s.t.out.pending() {
			go w.finish()
			return
		}
		w.lock.Unlock()
		// A frame queued between the flush and here found the lock taken.
		if !w.queued.Load() || !w.lock.TryLock() {
			return
		}
	}
}

// finish sends what a cut left and then releases the lock.
func (w *writer) finish() {
	if err := w.s.t.out.drain(); err != nil {
		w.fail(truncation(err))
	}
	w.release()
}

// flush sends everything that is kept and queued, however long it takes. The
// caller holds the lock.
func (w *writer) flush() error {
	for {
		w.flushControls()
		if err := w.s.t.out.drain(); err != nil || !w.queued.Load() {
			return err
		}
	}
}

// enqueue leaves a control frame for whoever holds the lock, which is the
// caller if nobody does.
func (w *writer) enqueue(c *control) {
	w.mu.Lock()
	switch c.op {
	case frames.Pong:
		w.pong = c
	case frames.Ping:
		w.ping = c
	case frames.Close:
		if w.close == nil {
			w.close = c
		}
	}
	w.queued.Store(true)
	w.mu.Unlock()
	if w.lock.TryLock() {
		w.release()
	}
}

// dequeue takes the next control frame out of the queue. Pongs and pings go
// ahead of a Close, after which they might not be allowed.
func (w *writer) dequeue() *control {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, slot := range []**control{&w.pong, &w.ping, &w.close} {
		if c := *slot; c != nil {
			*slot = nil
			return c
		}
	}
	w.queued.Store(false)
	return nil
}

// flushControls sends the queued control frames without waiting for the
// transport; those queued while bytes are kept are for whoever sends these. The
// caller holds the lock.
func (w *writer) flushControls() {
	if !w.queued.Load() {
		return
	}
	w.s.t.out.setPatience(never)
	defer w.s.t.out.setPatience(untilDeadline)
	for !w.s.t.out.pending() {
		c := w.dequeue()
		if c == nil {
			return
		}
		h, err := w.s.machine.Send(c.op, 0, true)
		if err != nil {
			continue // after our Close: this frame is not owed any more
		}
		if c.op == frames.Ping {
			w.s.pings.sent() // before it leaves: its Pong may come at once
		}
		buf := getBuffer(c.n)
		b := appendFrame(buf.b[:0], h, c.payload[:c.n])
		if err := w.send(b, 1); err != nil {
			w.fail(truncation(err))
		}
		buf.release()
		switch c.op {
		case frames.Close:
			w.closeSent.Store(true)
		case frames.Ping:
			w.s.watch.pinged()
		}
	}
}

// send hands bytes to the transport in which so many frames begin.
func (w *writer) send(b []byte, frames int) error {
	err := w.s.t.send(b)
	if err == nil {
		w.s.count.bytesWritten.Add(int64(len(b)))
		w.s.count.framesWritten.Add(int64(frames))
	}
	return err
}

// unsend takes the last bytes back, of so many whole frames, of which nothing
// was sent.
func (w *writer) unsend(bytes, frames int) {
	w.s.t.out.drop(bytes)
	w.s.count.bytesWritten.Add(-int64(bytes))
	w.s.count.framesWritten.Add(-int64(frames))
}
