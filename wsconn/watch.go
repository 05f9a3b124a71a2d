package wsconn

import (
	"encoding/binary"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsstream/wsstream/frames"
)

// maxAttention is how long nobody may have read, at most, before the
// read-ahead begins.
const maxAttention = time.Second

// watch looks after a connection from time to time, by one timer and no
// goroutine of its own: it asks a silent peer whether it lives, and sees to it
// that this end answers while its application does not read.
type watch struct {
	s      *Socket
	jitter func() float64

	// patience is how long either end may be silent after a Ping; the peer has
	// told its own in the handshake. Half of it is how often a peer that this
	// end does not listen to hears from it, a quarter how often to look whether
	// the application reads, if that is not more than maxAttention.
	patience  time.Duration
	attention time.Duration

	alert atomic.Bool // looks at every attention, since the application may not be reading
	slow  atomic.Bool // it does not keep up with what comes
	// mark is what pulse.taken will be once the last Ping has been taken.
	mark atomic.Uint64
	// received is when the last byte had come at the last look.
	received atomic.Int64

	mu      sync.Mutex
	stopped bool
	timer   *time.Timer
	due     time.Duration // when it goes off
	beat    heartbeat
	next    time.Duration // when the heartbeat wants to be looked at
	ping    uint64        // its last probe
	turns   uint64        // the reader's, at the last look
	heard   time.Duration // when this end last listened, or said that it lives
}

// start begins to watch. The heartbeat's first silence begins now.
func (w *watch) start(k KeepAlive, peerTimeout time.Duration) {
	w.patience = peerTimeout
	if own := k.promise(); own > 0 && (own < peerTimeout || peerTimeout == 0) {
		w.patience = own
	}
	if w.patience == 0 {
		w.patience = defaultKeepAliveTimeout
	}
	w.attention = min(w.patience/4, maxAttention)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.beat = heartbeat{interval: k.Interval, timeout: k.Timeout, wall: wallClock()}
	w.beat.start(w.jitter())
	w.alert.Store(true)
	w.due, w.next = w.attention, w.attention
	w.timer = time.AfterFunc(w.attention, w.look)
}

// randomJitter is a number from 0 to 1 that nobody can foresee.
func randomJitter() float64 {
	key := newKey()
	return float64(binary.NativeEndian.Uint32(key[:])) / (1 << 32)
}

// now returns the time since the start of the connection.
func (w *watch) now() time.Duration { return time.Since(w.s.t.start) }

// wallClock returns the time of a clock that runs while the machine sleeps.
func wallClock() time.Duration { return time.Duration(time.Now().UnixNano()) }

// stop ends the watch. A look in progress may still send something.
func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	if w.timer != nil {
		w.timer.Stop()
	}
}

// wakeUp has somebody look soon: the application has stopped reading.
func (w *watch) wakeUp() {
	if w.alert.Swap(true) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.schedule(w.now())
}

// schedule sets the timer. It is called with the mutex held.
func (w *watch) schedule(now time.Duration) {
	if w.stopped || w.timer == nil {
		return
	}
	w.due = w.next
	if w.alert.Load() {
		w.due = min(w.due, now+w.attention)
	}
	if w.due == neverDue {
		w.timer.Stop()
		return
	}
	w.timer.Reset(w.due - now)
}

// look is what the timer calls.
func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	now := w.now()
	deaf := w.listen(now)
	p := w.s.t.feel()
	w.received.Store(int64(p.received))
	v, next := w.beat.beat(w.signs(now, deaf, p), w.jitter())
	w.next = next
	switch v {
	case wake:
		w.s.pings.forget(w.ping)
		w.probe()
	case ask:
		if !w.s.pings.pending(w.ping) {
			w.probe()
		}
	case dead:
		w.stopped = true
		go w.s.giveUp(w.obituary(now, p))
		return
	}
	w.schedule(now)
}

// signs are what the heartbeat goes by.
func (w *watch) signs(now time.Duration, deaf bool, p pulse) signs {
	asked := w.s.pings.pending(w.ping)
	return signs{
		now:      now,
		wall:     wallClock(),
		due:      w.due,
		received: p.received,
		acked:    p.acked,
		waiting:  p.queued || asked && p.taken < w.mark.Load() || deaf && p.unsent > 0,
		deaf:     deaf,
	}
}

// listen sees to it that somebody reads, and returns whether nobody has for a
// while although there is something to read. It then tells the peer, every half
// of the patience, that this end is alive.
func (w *watch) listen(now time.Duration) (deaf bool) {
	r := &w.s.reader
	turns, reading := r.turns.Load(), r.in.busy()
	switch {
	case turns != w.turns:
	case !reading:
		w.s.attend()
	default:
		// Whoever reads stays there until something comes: the application,
		// or the read-ahead for it.
		w.alert.Store(false)
		if !r.in.busy() {
			w.alert.Store(true)
		}
	}
	w.turns = turns
	if r.dry.Swap(false) || reading {
		w.heard = now
		w.slow.Store(false)
		return false
	}
	if now-w.heard >= w.patience/2 {
		w.heard = now
		w.slow.Store(true)
		w.s.writer.enqueue(newControl(frames.Pong, nil))
	}
	return w.slow.Load()
}

// probe sends the heartbeat's Ping. The answer needs somebody who reads.
func (w *watch) probe() {
	p := w.s.pings.begin(false)
	w.ping = p.id
	w.mark.Store(math.MaxUint64)
	w.s.sendPing(p.id)
	w.s.attend()
}

// pinged is called when a Ping has been handed to the transport.
func (w *watch) pinged() {
	p := w.s.t.feel()
	w.mark.Store(p.taken + uint64(p.unsent))
	w.s.pings.sent()
}

// lastInbound returns when the last byte came. A transport that was cut does not
// tell any more.
func (w *watch) lastInbound() time.Time {
	last := max(w.s.t.feel().received, time.Duration(w.received.Load()))
	return w.s.t.start.Add(last)
}

// obituary is the error for a peer that is given up.
func (w *watch) obituary(now time.Duration, p pulse) *KeepAliveError {
	rtt, _, _ := w.s.pings.times()
	return &KeepAliveError{
		Since:  w.s.t.start.Add(w.beat.life),
		Silent: now - w.beat.life,
		RTT:    rtt,
		Unsent: p.unsent,
	}
}

// giveUp ends everything at once: the peer is not there any more.
func (s *Socket) giveUp(err *KeepAliveError) {
	s.dead.Store(err)
	s.writer.fail(err)
	s.pings.fail(err)
	s.cut(err, true)
}
