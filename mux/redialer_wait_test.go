package mux_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/mux"
)

// The waits of a Redialer, in virtual time. Its Dial fails here always: a
// session of yamux must not be in a bubble.

var errNobodyHome = errors.New("nobody is at home")

// hour is a wait that a test does not live to see, where time is real.
const hour = time.Hour

// dialing runs r in a bubble until Dial has been called n times, and returns
// when that was and what OnRetry was told.
func dialing(t *testing.T, r *mux.Redialer, n int) (at []time.Time, waits []time.Duration) {
	t.Helper()
	enough := make(chan struct{})
	r.Dial = func(ctx context.Context) (*mux.Session, error) {
		at = append(at, time.Now())
		if len(at) == n {
			close(enough)
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return nil, errNobodyHome
	}
	r.OnRetry = func(err error, wait time.Duration) {
		if err != errNobodyHome {
			t.Errorf("OnRetry has %v, want Dial's error", err)
		}
		waits = append(waits, wait)
	}
	r.Start()
	<-enough
	r.Close()
	return at, waits
}

// Each wait is as OnRetry said, to the nanosecond, and drawn from all of zero to
// its bound.
func TestRedialerBackoff(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name     string
		min, max time.Duration
		bounds   []time.Duration
	}{
		{"by default", 0, 0, []time.Duration{s / 2, s, 2 * s, 4 * s, 8 * s, 16 * s, 30 * s, 30 * s, 30 * s}},
		{"as given", s, 5 * s, []time.Duration{s, 2 * s, 4 * s, 5 * s, 5 * s}},
		{"that never grows", s, -1, []time.Duration{s, s, s}},
		{"with a maximum below the minimum", 3 * s, s, []time.Duration{3 * s, 3 * s, 3 * s}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const runs = 200
				shortest, longest := make([]time.Duration, len(c.bounds)), make([]time.Duration, len(c.bounds))
				for range runs {
					at, waits := dialing(t, &mux.Redialer{MinBackoff: c.min, MaxBackoff: c.max}, len(c.bounds)+1)
					if len(waits) != len(c.bounds) {
						t.Fatalf("%d waits between %d calls of Dial", len(waits), len(at))
					}
					for i, wait := range waits {
						if took := at[i+1].Sub(at[i]); took != wait {
							t.Fatalf("wait %d took %v, and was to take %v", i, took, wait)
						}
						longest[i] = max(longest[i], wait)
						if shortest[i] == 0 || wait < shortest[i] {
							shortest[i] = wait
						}
					}
				}
				for i, bound := range c.bounds {
					// Of 200 draws none is in a quarter once in 10²⁵ times.
					if longest[i] >= bound || longest[i] < bound/4*3 || shortest[i] > bound/4 {
						t.Errorf("wait %d was from %v to %v, want all from 0 to %v", i, shortest[i], longest[i], bound)
					}
				}
			})
		})
	}
}

func TestRedialerWithoutBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at, waits := dialing(t, &mux.Redialer{MinBackoff: -1}, 100)
		if took := at[99].Sub(at[0]); took != 0 || len(waits) != 99 || waits[98] != 0 {
			t.Errorf("99 waits of nothing took %v, and were %v", took, waits)
		}
	})
}

// stubborn is a redialer in a bubble that counts its calls of Dial, which fail,
// and whose waits end at Retry alone as far as the test looks.
func stubborn() (r *mux.Redialer, dials *int) {
	dials = new(int)
	return &mux.Redialer{
		MinBackoff: 1e6 * hour, MaxBackoff: 1e6 * hour,
		Dial: func(context.Context) (*mux.Session, error) {
			*dials++
			return nil, errNobodyHome
		},
	}, dials
}

func TestRedialerRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, dials := stubborn()
		defer r.Close()
		r.Start()
		began := time.Now()
		for want := 1; want < 10; want++ {
			synctest.Wait()
			if *dials != want || time.Since(began) != 0 {
				t.Fatalf("%d calls of Dial after %v, want %d at once", *dials, time.Since(began), want)
			}
			r.Retry()
		}
	})
}

// It is for the wait that there is: not for a later one.
func TestRedialerRetryBeforeTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, dials := stubborn()
		defer r.Close()
		dial, more := r.Dial, make(chan struct{})
		r.Dial = func(ctx context.Context) (*mux.Session, error) {
			<-more
			return dial(ctx)
		}
		r.Retry()
		synctest.Wait() // Dial is in progress
		r.Retry()
		close(more)
		synctest.Wait()
		if *dials != 1 {
			t.Errorf("%d calls of Dial, want 1: a Retry has ended a wait that began after it", *dials)
		}
	})
}

// OnRetry may ask for it itself.
func TestRedialerRetryInOnRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, dials := stubborn()
		defer r.Close()
		r.OnRetry = func(error, time.Duration) {
			if *dials < 5 {
				r.Retry()
			}
		}
		r.Start()
		synctest.Wait()
		if *dials != 5 {
			t.Errorf("%d calls of Dial, want 5", *dials)
		}
	})
}

// Who waits for a session is told at the end of the context why there is none.
func TestRedialerWaitsUntilTheContextEnds(t *testing.T) {
	cause := errors.New("long enough")
	waits := map[string]func(r *mux.Redialer, ctx context.Context) error{
		"Session": func(r *mux.Redialer, ctx context.Context) error { _, err := r.Session(ctx); return err },
		"Open":    func(r *mux.Redialer, ctx context.Context) error { _, err := r.Open(ctx); return err },
	}
	for name, wait := range waits {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, _ := stubborn()
				defer r.Close()
				ctx, cancel := context.WithTimeoutCause(t.Context(), 7*time.Second, cause)
				defer cancel()
				began := time.Now()
				err := wait(r, ctx)
				if !errors.Is(err, cause) || !errors.Is(err, errNobodyHome) {
					t.Errorf("the error is %v, want the context's cause and Dial's error", err)
				}
				if took := time.Since(began); took != 7*time.Second {
					t.Errorf("it took %v, want 7s", took)
				}
			})
		})
	}
}

// Close does not wait for a wait, nor for more of Dial than the end of its
// context, and all methods say what has happened.
func TestRedialerClose(t *testing.T) {
	hang := func(ctx context.Context) (*mux.Session, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	fail := func(ctx context.Context) (*mux.Session, error) { return nil, errNobodyHome }
	for _, c := range []struct {
		name  string
		dial  func(ctx context.Context) (*mux.Session, error)
		start bool
	}{
		{"before it began", hang, false},
		{"during Dial", hang, true},
		{"during a wait", fail, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &mux.Redialer{Dial: c.dial, MinBackoff: 1e6 * hour, MaxBackoff: 1e6 * hour}
				waiting := make(chan error, 3)
				if c.start {
					go func() { _, err := r.Accept(); waiting <- err }()
					go func() { _, err := r.Session(t.Context()); waiting <- err }()
					go func() { _, err := r.Open(t.Context()); waiting <- err }()
					synctest.Wait()
				}
				began := time.Now()
				for range 2 {
					if err := r.Close(); err != nil {
						t.Errorf("Close: %v", err)
					}
				}
				if took := time.Since(began); took != 0 {
					t.Errorf("Close took %v", took)
				}
				for range cap(waiting) {
					if !c.start {
						break
					}
					if err := <-waiting; !errors.Is(err, net.ErrClosed) {
						t.Errorf("a call in progress returns %v, want net.ErrClosed", err)
					}
				}
				closedRedialer(t, r)
			}) // which fails if a goroutine is left
		})
	}
}

// closedRedialer checks what the methods of a closed redialer say.
func closedRedialer(t *testing.T, r *mux.Redialer) {
	t.Helper()
	_, accept := r.Accept()
	_, session := r.Session(t.Context())
	_, open := r.Open(t.Context())
	for name, err := range map[string]error{"Accept": accept, "Session": session, "Open": open} {
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s of a closed redialer: %v, want net.ErrClosed", name, err)
		}
	}
	r.Retry()
	r.Start()
	if r.Addr() == nil {
		t.Error("Addr of a closed redialer is nil")
	}
}
