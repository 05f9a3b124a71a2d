package wsconn

import (
	"encoding/binary"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsstream/wsstream/frames"
)

// maxAttention is how often to look, at least, whether the application reads.
// The read-ahead begins when it has not from one look to the next: so after once
// to twice as long.
const maxAttention = time.Second

// watch looks after a connection from time to time, by one timer and no
// goroutine of its own: it asks a silent peer whether it lives, and sees to it
// that this end answers while its application does not read.
type watch struct {
	s *Socket

	alert atomic.Bool // looks at every attention, since the application may not be reading
	slow  atomic.Bool // it does not keep up with what comes
	// mark is what pulse.taken will be once the last Ping has been taken.
	mark atomic.Uint64
	// received is when the last byte had come at the last look.
	received atomic.Int64

	mu      sync.Mutex
	turns   uint32 // the reader's, at the last look
	stopped bool
	timer   *time.Timer
	due     time.Duration // when it goes off
	beat    heartbeat
	next    time.Duration // when the heartbeat wants to be looked at
	ping    uint64        // its last probe
	sentAt  time.Duration // when that was sent
	heard   time.Duration // when this end last listened
	spoke   time.Duration // when it was last seen to have sent something
	sent    int64         // how many frames it had sent then
	taken   intake        // at the last look
}

// start begins to watch. The heartbeat's first silence begins now.
func (w *watch) start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.beat.drift = wallClock() - w.now()
	w.beat.start(w.keepAlive(), w.jitter())
	w.alert.Store(true)
	w.due, w.next = w.attention(), w.attention()
	w.timer = time.AfterFunc(w.due, w.look)
}

// keepAlive returns this end's settings.
func (w *watch) keepAlive() KeepAlive { return w.s.common.Value().keepAlive }

// told reports whether the peer has said how long it waits for this end.
func (w *watch) told() bool { return w.s.stream().peerTimeout > 0 }

// patience is how long either end may be silent after a Ping, as far as is known.
// Half of it is how often a peer hears from this end although that has nothing to
// say.
func (w *watch) patience() time.Duration {
	own, peer := w.keepAlive().promise(), w.s.stream().peerTimeout
	switch {
	case own > 0 && (own < peer || peer == 0):
		return own
	case peer > 0:
		return peer
	}
	return defaultKeepAliveTimeout
}

// attention is how often to look whether the application reads.
func (w *watch) attention() time.Duration { return min(w.patience()/4, maxAttention) }

// jitter is a number from 0 to 1.
func (w *watch) jitter() float64 {
	if h := w.s.hooks; h != nil && h.jitter != nil {
		return h.jitter()
	}
	return randomJitter()
}

// randomJitter is a number from 0 to 1 that nobody can foresee.
func randomJitter() float64 {
	key := newKey()
	return float64(binary.NativeEndian.Uint32(key[:])) / (1 << 32)
}

// now returns the time since the start of the connection.
func (w *watch) now() time.Duration { return w.s.t.age() }

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
		w.due = min(w.due, now+w.attention())
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
	deaf, p := w.listen(now), w.s.t.feel()
	w.received.Store(int64(p.received))
	w.speak(now, deaf, p)
	v, next := w.beat.beat(w.keepAlive(), w.signs(now, deaf, p), w.jitter())
	w.next = next
	switch v {
	case wake:
		w.s.pings.forget(w.ping)
		w.probe()
	case ask:
		// A peer that has lived on without an answer for longer than would have
		// cost it its life is not going to give one.
		if !w.s.pings.pending(w.ping) || now-w.sentAt > w.keepAlive().Interval+w.keepAlive().Timeout {
			w.s.pings.forget(w.ping)
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

// listen sees to it that somebody reads. It returns true if nobody has for half
// of the patience although there is something to read.
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
	}
	deaf = now-w.heard >= w.patience()/2
	w.slow.Store(deaf)
	return deaf
}

// speak tells the peer every half of the patience that this end lives, by a Pong
// that no Ping asked for, if it would not hear of it otherwise: because its Ping
// is among what nobody reads here, or, if it is one that has said that it
// cares, behind much else on its way. That way is longer than it looks where a
// relay takes more than it passes on.
func (w *watch) speak(now time.Duration, deaf bool, p pulse) {
	count := &w.s.count
	got := intake{bytes: p.got, control: count.controlRead.Load()}
	got.data = count.bytesRead.Load() - got.control
	receiving := w.told() && got.more(w.taken)
	w.taken = got
	if sent := count.framesWritten.Load(); sent != w.sent {
		w.sent, w.spoke = sent, now
	}
	if (deaf || receiving) && now-w.spoke >= w.patience()/2 {
		w.s.writer.enqueue(newControl(frames.Pong, nil))
		w.sent, w.spoke = count.framesWritten.Load(), now
	}
}

// intake is what has come so far, in bytes.
type intake struct {
	bytes   uint64 // of the transport, which may be less than a record of TLS
	data    int64  // of data frames
	control int64  // of control frames
}

// more reports whether data has come since old, or at least bytes that may be
// data. Two ends that answered each other's Pongs would never be silent.
func (i intake) more(old intake) bool {
	return i.data != old.data || i.bytes != old.bytes && i.control == old.control
}

// probe sends the heartbeat's Ping. The answer needs somebody who reads.
func (w *watch) probe() {
	p := w.s.pings.begin(false)
	w.ping, w.sentAt = p.id, w.now()
	w.mark.Store(math.MaxUint64)
	w.s.sendPing(p.id)
	w.s.attend()
}

// pinged is called when a Ping has been handed to the transport.
func (w *watch) pinged() {
	p := w.s.t.feel()
	w.mark.Store(p.taken + uint64(p.unsent))
	if h := w.s.hooks; h != nil && h.pinged != nil {
		h.pinged()
	}
}

// lastInbound returns when the last byte came. A transport that was cut does not
// tell any more.
func (w *watch) lastInbound() time.Time {
	last := max(w.s.t.feel().received, time.Duration(w.received.Load()))
	return w.s.t.at(last)
}

// obituary is the error for a peer that is given up.
func (w *watch) obituary(now time.Duration, p pulse) *KeepAliveError {
	rtt, _, _ := w.s.pings.times()
	return &KeepAliveError{
		Since:  w.s.t.at(w.beat.life),
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
