package testnet

import (
	"context"
	"runtime"
	"testing"
	"time"
)

// Patience bounds the waits below for what is to happen: it is far more than
// that takes.
const Patience = time.Minute

// Bounded returns a context for one test.
func Bounded(tb testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(tb.Context(), Patience)
	tb.Cleanup(cancel)
	return ctx
}

// InTime fails the test, with all that goes on, if f does not return.
func InTime(tb testing.TB, what string, f func()) {
	tb.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	Take(tb, what, done)
}

// Take returns the next value of c, or fails the test, with all that goes on.
func Take[T any](tb testing.TB, what string, c <-chan T) T {
	tb.Helper()
	timer := time.NewTimer(Patience)
	defer timer.Stop()
	select {
	case v := <-c:
		return v
	case <-timer.C:
		buf := make([]byte, 1<<20)
		tb.Fatalf("%s hangs\n\n%s", what, buf[:runtime.Stack(buf, true)])
	}
	panic("unreachable")
}

// Poll waits until something is so, or fails the test.
func Poll(tb testing.TB, what string, so func() bool) {
	tb.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for give := time.Now().Add(Patience); !so(); <-tick.C {
		if time.Now().After(give) {
			tb.Fatalf("%s did not come", what)
		}
	}
}
