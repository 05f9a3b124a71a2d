package wait_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/internal/wait"
)

// waiter is somebody who waits for a lock, or for a channel.
type waiter struct {
	deadline wait.Deadline
	over     wait.Signal
	come     func() // brings what is waited for
}

const second = time.Second

// What ends a wait, and when.
var waits = []struct {
	name string
	when func(w *waiter)
	want time.Duration
	ok   bool
}{
	{"it comes", func(w *waiter) {
		w.deadline.Set(time.Now().Add(4 * second))
		time.AfterFunc(3*second, w.come)
	}, 3 * second, true},
	{"it comes without a deadline", func(w *waiter) { time.AfterFunc(3*second, w.come) }, 3 * second, true},
	{"it is over", func(w *waiter) {
		time.AfterFunc(3*second, func() { w.over.Give() })
	}, 3 * second, false},
	{"it was over", func(w *waiter) { w.over.Give() }, 0, false},
	{"the deadline", func(w *waiter) { w.deadline.Set(time.Now().Add(2 * second)) }, 2 * second, false},
	{"a deadline in the past", func(w *waiter) { w.deadline.Set(wait.Past) }, 0, false},
	{"a deadline that is set during the wait", func(w *waiter) {
		time.AfterFunc(second, func() { w.deadline.Set(time.Now().Add(second)) })
	}, 2 * second, false},
	{"a deadline that moves to the past", func(w *waiter) {
		w.deadline.Set(time.Now().Add(9 * second))
		time.AfterFunc(second, func() { w.deadline.Set(wait.Past) })
	}, second, false},
	{"a deadline that is taken away", func(w *waiter) {
		w.deadline.Set(time.Now().Add(2 * second))
		time.AfterFunc(second, func() { w.deadline.Set(time.Time{}) })
		time.AfterFunc(5*second, func() { w.over.Give() })
	}, 5 * second, false},
}

func TestWaits(t *testing.T) {
	for _, tt := range waits {
		var lock *wait.Lock
		var ready chan struct{}
		for name, kind := range map[string]struct {
			begin, come func()
			wait        func(w *waiter) bool
		}{
			"Wait": {func() { ready = make(chan struct{}) }, func() { close(ready) },
				func(w *waiter) bool { return w.deadline.Wait(ready, &w.over) }},
			"Lock": {func() { lock = new(wait.Lock); lock.Lock() }, func() { lock.Unlock() },
				func(w *waiter) bool { return w.deadline.Lock(lock, &w.over) }},
		} {
			t.Run(name+", "+tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := &waiter{come: kind.come}
					kind.begin()
					start := time.Now()
					tt.when(w)
					ok := kind.wait(w)
					if took := time.Since(start); ok != tt.ok || took != tt.want {
						t.Errorf("%t after %v, want %t after %v", ok, took, tt.ok, tt.want)
					}
				})
			})
		}
	}
}

// A lock that is free is taken also when the deadline is over.
func TestFreeLock(t *testing.T) {
	var d wait.Deadline
	var lock wait.Lock
	d.Set(wait.Past)
	if !d.Lock(&lock, nil) {
		t.Error("not taken")
	}
}

func TestPassed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d wait.Deadline
		check := func(want bool) {
			t.Helper()
			if got := d.Passed(); got != want {
				t.Errorf("%v: passed %t, want %t", d.Get(), got, want)
			}
		}
		check(false)
		d.Set(time.Time{})
		check(false)
		d.Set(time.Now().Add(second))
		check(false)
		time.Sleep(second)
		check(true)
		d.Set(time.Time{})
		check(false)
		d.Set(wait.Past)
		check(true)
	})
}
