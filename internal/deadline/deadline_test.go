package deadline_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/internal/deadline"
)

// What ends a wait, and when.
func TestWait(t *testing.T) {
	const second = time.Second
	for _, tt := range []struct {
		name string
		when func(d *deadline.Deadline, lock, ready, closed chan struct{})
		want time.Duration
		ok   bool
	}{
		{"a free lock", func(d *deadline.Deadline, lock, ready, closed chan struct{}) { <-lock }, 0, true},
		{"a free lock after the deadline", func(d *deadline.Deadline, lock, ready, closed chan struct{}) {
			<-lock
			d.Set(deadline.Past)
		}, 0, true},
		{"a lock that becomes free", func(d *deadline.Deadline, lock, ready, closed chan struct{}) {
			d.Set(time.Now().Add(4 * second))
			time.AfterFunc(3*second, func() { <-lock })
		}, 3 * second, true},
		{"ready", func(d *deadline.Deadline, lock, ready, closed chan struct{}) {
			time.AfterFunc(3*second, func() { ready <- struct{}{} })
		}, 3 * second, true},
		{"closed", func(d *deadline.Deadline, lock, ready, closed chan struct{}) {
			time.AfterFunc(3*second, func() { close(closed) })
		}, 3 * second, false},
		{"the deadline", func(d *deadline.Deadline, lock, ready, closed chan struct{}) {
			d.Set(time.Now().Add(2 * second))
		}, 2 * second, false},
		{"a deadline in the past", func(d *deadline.Deadline, lock, ready, closed chan struct{}) {
			d.Set(deadline.Past)
		}, 0, false},
		{"a deadline that is set during the wait", func(d *deadline.Deadline, lock, ready, closed chan struct{}) {
			time.AfterFunc(second, func() { d.Set(time.Now().Add(second)) })
		}, 2 * second, false},
		{"a deadline that moves to the past", func(d *deadline.Deadline, lock, ready, closed chan struct{}) {
			d.Set(time.Now().Add(9 * second))
			time.AfterFunc(second, func() { d.Set(deadline.Past) })
		}, second, false},
		{"a deadline that is taken away", func(d *deadline.Deadline, lock, ready, closed chan struct{}) {
			d.Set(time.Now().Add(2 * second))
			time.AfterFunc(second, func() { d.Set(time.Time{}) })
			time.AfterFunc(5*second, func() { close(closed) })
		}, 5 * second, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var d deadline.Deadline
				lock, ready, closed := make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
				lock <- struct{}{}
				start := time.Now()
				tt.when(&d, lock, ready, closed)
				ok := d.Wait(lock, ready, closed)
				if took := time.Since(start); ok != tt.ok || took != tt.want {
					t.Errorf("%t after %v, want %t after %v", ok, took, tt.ok, tt.want)
				}
			})
		})
	}
}

func TestPassed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d deadline.Deadline
		check := func(want bool) {
			t.Helper()
			if got := d.Passed(); got != want {
				t.Errorf("%v: passed %t, want %t", d.Get(), got, want)
			}
		}
		check(false)
		d.Set(time.Now().Add(time.Second))
		check(false)
		time.Sleep(time.Second)
		check(true)
		d.Set(time.Time{})
		check(false)
		d.Set(deadline.Past)
		check(true)
	})
}
