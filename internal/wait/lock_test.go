package wait_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/internal/wait"
)

// Who waits gets the lock in turn, and who has stopped waiting is passed over.
func TestLockOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lock wait.Lock
		lock.Lock()
		var got []int
		ctx, cancel := context.WithCancel(t.Context())
		for i := range 4 {
			own := t.Context()
			if i == 1 || i == 3 {
				own = ctx
			}
			go func() {
				if lock.LockContext(own, nil) {
					got = append(got, i)
					time.Sleep(second)
					lock.Unlock()
				}
			}()
			synctest.Wait()
		}
		cancel()
		synctest.Wait()
		lock.Unlock()
		time.Sleep(second / 2)
		if lock.TryLock() {
			t.Error("free while somebody has it")
		}
		time.Sleep(5 * second)
		if !lock.TryLock() {
			t.Fatal("not free at the end")
		}
		if len(got) != 2 || got[0] != 0 || got[1] != 2 {
			t.Errorf("those who got it: %v", got)
		}
	})
}

// LockUnless and LockContext end when they are told to.
func TestLockEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lock wait.Lock
		lock.Lock()
		var over wait.Signal
		time.AfterFunc(second, func() { over.Give() })
		ctx, cancel := context.WithTimeout(t.Context(), 2*second)
		defer cancel()
		start := time.Now()
		if lock.LockUnless(&over) || time.Since(start) != second {
			t.Errorf("LockUnless ended after %v", time.Since(start))
		}
		if lock.LockContext(ctx, nil) || time.Since(start) != 2*second {
			t.Errorf("LockContext ended after %v", time.Since(start))
		}
		lock.Unlock()
		if !lock.LockUnless(&over) {
			t.Error("a free lock was not taken")
		}
	})
}

func TestUnlockOfAFreeLock(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	new(wait.Lock).Unlock()
}

// Many who wait, some of whom give up, exclude each other, and nobody is
// forgotten.
func TestLockContended(t *testing.T) {
	var lock wait.Lock
	var all sync.WaitGroup
	inside, entered := 0, 0
	for i := range 8 {
		all.Go(func() {
			var d wait.Deadline
			for j := range 500 {
				d.Set(time.Time{})
				if (i+j)%3 == 0 {
					d.Set(time.Now().Add(time.Duration(j) * time.Microsecond))
				}
				if !d.Lock(&lock, nil) {
					continue
				}
				if inside++; inside != 1 {
					t.Error("two inside")
				}
				entered++
				inside--
				lock.Unlock()
			}
		})
	}
	all.Wait()
	if entered < 8*500/2 {
		t.Errorf("%d times inside", entered)
	}
	if !lock.TryLock() {
		t.Error("not free at the end")
	}
}
