package wsconn

import (
	"math/rand/v2"
	"testing"
	"time"
)

const (
	sec = time.Second
	ns  = time.Nanosecond
)

// A glance is one look of a heartbeat at made-up signs, and what is to come of
// it. The wall clock goes along with the other one unless ahead says otherwise.
type glance struct {
	now      time.Duration
	received time.Duration
	acked    time.Duration
	waiting  bool
	deaf     bool
	late     time.Duration // since the look was due
	ahead    time.Duration // of the wall clock, all told
	jitter   float64
	want     verdict
	next     time.Duration
}

func (v verdict) String() string {
	return [...]string{"later", "ask", "wake", "dead"}[v]
}

// The wall clock of the tests, at the start of the connection.
const newYear = 30 * 365 * 24 * time.Hour

func TestHeartbeat(t *testing.T) {
	standard := KeepAlive{}.withDefaults() // 15 s and 10 s
	for _, tt := range []struct {
		name   string
		k      KeepAlive
		jitter float64 // of the first interval
		looks  []glance
	}{
		{"silence", standard, 0, []glance{
			{now: 1 * sec, want: later, next: 15 * sec},
			{now: 15*sec - ns, want: later, next: 15 * sec},
			{now: 15 * sec, want: ask, next: 25 * sec},
			{now: 25*sec - ns, want: later, next: 25 * sec},
			{now: 25 * sec, want: dead, next: neverDue},
		}},
		{"an answer", standard, 0, []glance{
			{now: 15 * sec, want: ask, next: 25 * sec},
			{now: 25 * sec, received: 16 * sec, want: later, next: 31 * sec},
			{now: 31 * sec, received: 16 * sec, want: ask, next: 41 * sec},
			{now: 41 * sec, received: 16 * sec, want: dead, next: neverDue},
		}},
		{"an answer at the moment of the question", standard, 0, []glance{
			{now: 15 * sec, want: ask, next: 25 * sec},
			{now: 25 * sec, received: 15 * sec, want: later, next: 30 * sec},
			{now: 30 * sec, received: 15 * sec, want: ask, next: 40 * sec},
		}},
		{"life before the question is no answer", standard, 0, []glance{
			{now: 15 * sec, want: ask, next: 25 * sec},
			{now: 25 * sec, received: 15*sec - ns, want: dead, next: neverDue},
		}},
		{"an answer at the last moment", standard, 0, []glance{
			{now: 15 * sec, want: ask, next: 25 * sec},
			{now: 25 * sec, received: 25*sec - ns, want: later, next: 40*sec - ns},
			{now: 40*sec - ns, received: 25*sec - ns, want: ask, next: 50*sec - ns},
		}},
		{"life moves the question", standard, 0, []glance{
			{now: 15 * sec, received: 14 * sec, want: later, next: 29 * sec},
			{now: 29 * sec, received: 28 * sec, want: later, next: 43 * sec},
			{now: 43 * sec, received: 28 * sec, want: ask, next: 53 * sec},
		}},
		{"what has been seen once stays", standard, 0, []glance{
			{now: 15 * sec, received: 14 * sec, want: later, next: 29 * sec},
			{now: 16 * sec, received: 13 * sec, want: later, next: 29 * sec},
		}},

		{"all jitter", standard, 1, []glance{
			{now: 12*sec - ns, want: later, next: 12 * sec},
			{now: 12 * sec, jitter: 1, want: ask, next: 22 * sec},
			{now: 22 * sec, want: dead, next: neverDue},
		}},
		{"half of it", standard, 0.5, []glance{
			{now: 13 * sec, want: later, next: 13500 * time.Millisecond},
			{now: 13500 * time.Millisecond, want: ask, next: 23500 * time.Millisecond},
		}},
		{"new jitter for each silence", standard, 0, []glance{
			{now: 1 * sec, jitter: 1, want: later, next: 15 * sec}, // not for the one that goes on
			{now: 15 * sec, jitter: 1, want: ask, next: 25 * sec},
			{now: 25 * sec, received: 15 * sec, jitter: 0.5, want: later, next: 27 * sec},
			{now: 27 * sec, received: 15 * sec, jitter: 0.5, want: ask, next: 37 * sec},
			{now: 37 * sec, received: 28 * sec, want: later, next: 41500 * time.Millisecond},
		}},

		{"what is sent is taken", standard, 0, []glance{
			{now: 15 * sec, acked: 14 * sec, waiting: true, want: later, next: 29 * sec},
			{now: 29 * sec, acked: 14 * sec, waiting: true, want: ask, next: 39 * sec},
			{now: 39 * sec, acked: 38 * sec, waiting: true, want: later, next: 53 * sec},
		}},
		{"what is sent is not taken", standard, 0, []glance{
			{now: 15 * sec, acked: 2 * sec, waiting: true, want: later, next: 17 * sec},
			{now: 17 * sec, acked: 2 * sec, waiting: true, want: ask, next: 27 * sec},
			{now: 27 * sec, acked: 2 * sec, waiting: true, want: dead, next: neverDue},
		}},
		{"taken by a system, and nothing waits", standard, 0, []glance{
			{now: 15 * sec, acked: 14 * sec, want: ask, next: 25 * sec},
			{now: 25 * sec, acked: 24 * sec, want: dead, next: neverDue},
		}},

		{"this end does not listen", standard, 0, []glance{
			{now: 15 * sec, deaf: true, want: later, next: 30 * sec},
			{now: 30 * sec, deaf: true, want: later, next: 45 * sec},
			{now: 32 * sec, want: later, next: 45 * sec}, // it does again
			{now: 45 * sec, want: ask, next: 55 * sec},
			{now: 55 * sec, want: dead, next: neverDue},
		}},
		{"deaf after the question", standard, 0, []glance{
			{now: 15 * sec, want: ask, next: 25 * sec},
			{now: 25 * sec, deaf: true, want: later, next: 40 * sec},
		}},
		{"deaf, and not taken", standard, 0, []glance{
			{now: 15 * sec, acked: 5 * sec, deaf: true, waiting: true, want: later, next: 20 * sec},
			{now: 20 * sec, acked: 5 * sec, deaf: true, waiting: true, want: ask, next: 30 * sec},
			{now: 30 * sec, acked: 5 * sec, deaf: true, waiting: true, want: dead, next: neverDue},
		}},

		{"timeout off", KeepAlive{Interval: 15 * sec}, 0, []glance{
			{now: 15 * sec, want: ask, next: 30 * sec},
			{now: 30 * sec, want: wake, next: 45 * sec}, // although nothing came
			{now: 45 * sec, want: wake, next: 60 * sec},
			{now: 60 * sec, received: 50 * sec, want: later, next: 65 * sec},
			{now: 65 * sec, received: 50 * sec, want: ask, next: 80 * sec},
		}},
		{"interval off", KeepAlive{Timeout: 10 * sec}, 0, []glance{
			{now: 1 * sec, want: later, next: neverDue},
			{now: 1000 * sec, late: 900 * sec, ahead: 1000 * sec, waiting: true, want: later, next: neverDue},
		}},
		{"both off", KeepAlive{}, 1, []glance{
			{now: 1000 * sec, want: later, next: neverDue},
		}},
		{"timeout off, jitter", KeepAlive{Interval: 15 * sec}, 1, []glance{
			{now: 12 * sec, jitter: 1, want: ask, next: 24 * sec},
			{now: 24 * sec, received: 13 * sec, want: later, next: 25 * sec},
			{now: 25 * sec, received: 13 * sec, jitter: 0.5, want: ask, next: 38500 * time.Millisecond},
			{now: 38500 * time.Millisecond, received: 13 * sec, want: wake, next: 53500 * time.Millisecond},
		}},
		{"timeout longer than the interval", KeepAlive{Interval: 2 * sec, Timeout: 5 * sec}, 0, []glance{
			{now: 2 * sec, want: ask, next: 4 * sec},
			{now: 4 * sec, want: later, next: 6 * sec},
			{now: 6 * sec, received: 5 * sec, want: later, next: 7 * sec}, // as soon as Interval says
			{now: 7 * sec, received: 5 * sec, want: ask, next: 9 * sec},
			{now: 9 * sec, received: 5 * sec, want: later, next: 11 * sec},
			{now: 11 * sec, received: 5 * sec, want: later, next: 12 * sec},
			{now: 12 * sec, received: 5 * sec, want: dead, next: neverDue},
		}},

		{"the process was stopped after the question", standard, 0, []glance{
			{now: 15 * sec, want: ask, next: 25 * sec},
			{now: 100 * sec, late: 75 * sec, want: wake, next: 110 * sec},
			{now: 110 * sec, want: dead, next: neverDue},
		}},
		{"the process was stopped before the question", standard, 0, []glance{
			{now: 14 * sec, want: later, next: 15 * sec},
			{now: 100 * sec, late: 85 * sec, want: wake, next: 110 * sec},
			{now: 110 * sec, received: 100 * sec, want: later, next: 115 * sec},
		}},
		{"stopped again and again", standard, 0, []glance{
			{now: 15 * sec, want: ask, next: 25 * sec},
			{now: 100 * sec, late: 75 * sec, want: wake, next: 110 * sec},
			{now: 200 * sec, late: 90 * sec, want: wake, next: 210 * sec},
			{now: 300 * sec, late: 90 * sec, want: wake, next: 310 * sec},
			{now: 310 * sec, want: dead, next: neverDue},
		}},
		{"a timer that is a little late", standard, 0, []glance{
			{now: 15 * sec, want: ask, next: 25 * sec},
			{now: 30 * sec, late: 5 * sec, want: dead, next: neverDue},
		}},
		{"a timer that is just too late", standard, 0, []glance{
			{now: 15 * sec, want: ask, next: 25 * sec},
			{now: 30*sec + ns, late: 5*sec + ns, want: wake, next: 40*sec + ns},
		}},
		{"late by a second counts with a short timeout", KeepAlive{Interval: sec, Timeout: sec}, 0, []glance{
			{now: 1 * sec, want: ask, next: 2 * sec},
			{now: 3 * sec, late: sec, want: dead, next: neverDue},
		}},
		{"and by more does not", KeepAlive{Interval: sec, Timeout: sec}, 0, []glance{
			{now: 1 * sec, want: ask, next: 2 * sec},
			{now: 3*sec + ns, late: sec + ns, want: wake, next: 4*sec + ns},
		}},
		{"stopped, and life was seen meanwhile", standard, 0, []glance{
			{now: 15 * sec, want: ask, next: 25 * sec},
			{now: 100 * sec, late: 75 * sec, received: 99 * sec, want: wake, next: 110 * sec},
			{now: 110 * sec, received: 100 * sec, want: later, next: 115 * sec},
		}},
		{"stopped, timeout off", KeepAlive{Interval: 15 * sec}, 0, []glance{
			{now: 100 * sec, late: 85 * sec, want: wake, next: 115 * sec},
			{now: 115 * sec, want: wake, next: 130 * sec},
		}},

		{"the machine slept", standard, 0, []glance{ // and the clock of the timers with it
			{now: 15 * sec, want: ask, next: 25 * sec},
			{now: 25 * sec, ahead: 3600 * sec, want: wake, next: 35 * sec},
			{now: 35 * sec, ahead: 3600 * sec, want: dead, next: neverDue},
		}},
		{"the machine slept before it had asked", standard, 0, []glance{
			{now: 3 * sec, ahead: 3600 * sec, want: wake, next: 13 * sec},
			{now: 13 * sec, ahead: 3600 * sec, received: 3 * sec, want: later, next: 18 * sec},
		}},
		{"the machine slept, and slept again", standard, 0, []glance{
			{now: 15 * sec, want: ask, next: 25 * sec},
			{now: 25 * sec, ahead: 3600 * sec, want: wake, next: 35 * sec},
			{now: 35 * sec, ahead: 7200 * sec, want: wake, next: 45 * sec},
			{now: 45 * sec, ahead: 7200 * sec, want: dead, next: neverDue},
		}},
		{"the wall clock is set a little forward", standard, 0, []glance{
			{now: 15 * sec, want: ask, next: 25 * sec},
			{now: 25 * sec, ahead: 5 * sec, want: dead, next: neverDue},
		}},
		{"the wall clock is set back", standard, 0, []glance{
			{now: 15 * sec, ahead: -3600 * sec, want: ask, next: 25 * sec},
			{now: 25 * sec, ahead: -7200 * sec, want: dead, next: neverDue},
		}},
		{"the wall clock is set back, and forward again", standard, 0, []glance{
			{now: 15 * sec, ahead: -3600 * sec, want: ask, next: 25 * sec},
			{now: 25 * sec, want: wake, next: 35 * sec}, // which may as well have been sleep
			{now: 35 * sec, want: dead, next: neverDue},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := heartbeat{drift: newYear}
			h.start(tt.k, tt.jitter)
			for i, g := range tt.looks {
				v, next := h.beat(tt.k, g.signs(), g.jitter)
				if v != g.want || next != g.next {
					t.Fatalf("look %d, at %v: %v and the next at %v, want %v and %v", i, g.now, v, next, g.want, g.next)
				}
			}
		})
	}
}

func (g glance) signs() signs {
	return signs{
		now:      g.now,
		wall:     newYear + g.now + g.ahead,
		due:      g.now - g.late,
		received: g.received,
		acked:    g.acked,
		waiting:  g.waiting,
		deaf:     g.deaf,
	}
}

// Whatever is seen: nobody is given up who was not asked a Timeout before and
// has not shown life since, and the next look is never due at once.
func TestHeartbeatIsNeverHasty(t *testing.T) {
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		some := func(most time.Duration) time.Duration { return time.Duration(rng.Int64N(int64(most))) }
		k := KeepAlive{Interval: 1 + some(20*sec), Timeout: 1 + some(20*sec)}
		h := heartbeat{drift: newYear}
		h.start(k, rng.Float64())
		x, due, asked := signs{}, sec, time.Duration(-1)
		for i := range 100 {
			if due == neverDue {
				break
			}
			x.due = due
			x.now = max(x.now, due-some(sec)) // somebody may look early
			if rng.IntN(10) == 0 {
				x.now = due + some(60*sec)
			}
			x.wall = newYear + x.now + some(20*sec) - 10*sec
			if rng.IntN(2) == 0 {
				x.received = x.now - some(x.now+1)
			}
			x.waiting, x.deaf = rng.IntN(3) == 0, rng.IntN(5) == 0
			v, next := h.beat(k, x, rng.Float64())
			if v != dead && next <= x.now {
				t.Fatalf("seed %d, look %d at %v: %v, and the next at %v", seed, i, x.now, v, next)
			}
			if v == dead && (asked < 0 || x.now < asked+k.Timeout || x.life() >= asked) {
				t.Fatalf("seed %d, look %d at %v: dead, asked at %v and life at %v", seed, i, x.now, asked, x.life())
			}
			if v == ask || v == wake {
				asked = x.now
			}
			due = next
		}
	}
}

// The jitter takes off up to a fifth, and is not always the same.
func TestRandomJitter(t *testing.T) {
	lowest, highest := 1.0, 0.0
	for range 1000 {
		j := randomJitter()
		if j < 0 || j >= 1 {
			t.Fatalf("a jitter of %v", j)
		}
		lowest, highest = min(lowest, j), max(highest, j)
	}
	if lowest > 0.2 || highest < 0.8 {
		t.Errorf("1000 times the jitter was from %v to %v", lowest, highest)
	}
	for _, jitter := range []float64{0, 0.25, lowest, highest, 1} {
		var h heartbeat
		if h.start(KeepAlive{Interval: 15 * sec}, jitter); h.period < 12*sec || h.period > 15*sec {
			t.Errorf("a jitter of %v leaves %v", jitter, h.period)
		}
	}
}
