package wsconn

import "time"

// KeepAlive's decisions, apart from clocks and sockets. All times here count
// from the start of the connection.

// signs are what is known of the other end at a moment.
type signs struct {
	now  time.Duration // by the clock that timers follow
	wall time.Duration // by the wall clock, which also runs while the machine sleeps
	due  time.Duration // when this look was to be

	received time.Duration // when the last byte came
	acked    time.Duration // when the other end last took note of what was sent
	// waiting says that what was sent has not all been taken: the Ping or what
	// it waits behind. Then to take some of it is life.
	waiting bool
	// deaf says that this end does not look at what comes, so that silence
	// means nothing.
	deaf bool
}

// life returns when the other end last showed life.
func (x signs) life() time.Duration {
	switch {
	case x.waiting:
		return max(x.received, x.acked)
	case x.deaf:
		return x.now
	}
	return x.received
}

// verdict is what a look at the signs leads to.
type verdict int

const (
	later verdict = iota // nothing yet
	ask                  // send a Ping, unless one has not been answered yet
	wake                 // send a Ping, whatever has been sent before
	dead
)

// heartbeat decides when a silent peer is asked whether it lives, and when it
// is given up.
type heartbeat struct {
	period time.Duration // what is left of the interval in the present silence
	life   time.Duration // when it began
	asked  time.Duration // when the peer was asked in it; before it: not yet
	drift  time.Duration // of the wall clock against the other one, at the last look
}

// neverDue is a time that does not come.
const neverDue = time.Duration(1<<63 - 1)

// start begins the first silence. Of k, zero is off. jitter is what goes off the interval of the
// silence that begins, from 0 to 1 for all that may.
func (h *heartbeat) start(k KeepAlive, jitter float64) {
	h.asked = -1
	h.shorten(k, jitter)
}

// maxJitter is how much an interval may be shortened, so that thousands of
// connections that began together do not beat together.
const maxJitter = 0.2

func (h *heartbeat) shorten(k KeepAlive, jitter float64) {
	h.period = k.Interval - time.Duration(jitter*maxJitter*float64(k.Interval))
}

// beat takes a look, and returns when the next one is due. jitter is for the
// silence after this one.
func (h *heartbeat) beat(k KeepAlive, x signs, jitter float64) (v verdict, next time.Duration) {
	if k.Interval == 0 {
		return later, neverDue
	}
	slept := h.slept(k, x)
	h.life = max(h.life, x.life())
	asked, quiet := h.asked > h.life, h.life+h.period
	switch {
	case !slept && !asked && x.now < quiet:
		return later, quiet
	case !slept && asked && x.now < h.answerDue(k):
		return later, h.nextLook(k, x.now)
	case !slept && asked && k.Timeout > 0:
		return dead, neverDue
	}
	h.asked = x.now
	h.shorten(k, jitter)
	if slept || asked {
		return wake, h.nextLook(k, x.now)
	}
	return ask, h.nextLook(k, x.now)
}

// nextLook is when to look for the answer to the last Ping. It begins a silence
// of which the next Ping may be due before the answer itself is.
func (h *heartbeat) nextLook(k KeepAlive, now time.Duration) time.Duration {
	return min(h.answerDue(k), now+h.period)
}

// answerDue is when the answer to the last Ping is overdue. If nothing follows
// from that, it is when to send the next one.
func (h *heartbeat) answerDue(k KeepAlive) time.Duration {
	if k.Timeout == 0 {
		return h.asked + h.period
	}
	return h.asked + k.Timeout
}

// slept reports whether this process, or the machine, has stood still since the
// last look: then what has not been heard proves nothing, and the peer is asked
// before it is judged. A timer that is late tells of a process or a virtual
// machine that was stopped, a wall clock that has run ahead of the other one
// of a machine that slept.
func (h *heartbeat) slept(k KeepAlive, x signs) bool {
	slack := max(time.Second, k.Timeout/2)
	drift := x.wall - x.now
	jump := drift - h.drift
	h.drift = drift
	return x.now-x.due > slack || jump > slack
}
