package mux_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
)

// However a session ends, the next one is dialed: at once if it was up for
// long, and that is any time here.
func TestRedialerDialsAgain(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(here, peer *mux.Session)
		down func(err error) bool
	}{
		{"closed by the peer", func(_, peer *mux.Session) { peer.Close() }, isLost},
		{"closed here", func(here, _ *mux.Session) { here.Close() }, func(err error) bool { return err == net.ErrClosed }},
	} {
		t.Run(c.name, func(t *testing.T) {
			testnet.CheckLeaks(t)
			h := newHome(t)
			r := h.redialer()
			r.MinBackoff, r.MaxBackoff = hour, hour
			down := make(chan error, 10)
			r.OnDown = func(_ *mux.Session, err error) { down <- err }
			r.OnRetry = func(err error, wait time.Duration) { t.Errorf("it waits for %v after %v", wait, err) }
			for range 3 {
				here, err := r.Session(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				peer := h.next()
				says2(t, h, r, peer)
				c.end(here, peer)
				if err := testnet.Take(t, "OnDown", down); !c.down(err) {
					t.Errorf("OnDown has %v", err)
				}
			}
		})
	}
}

func isLost(err error) bool {
	_, ok := errors.AsType[*mux.SessionError](err)
	return ok
}

// says2 opens a stream and has it carry something in both directions.
func says2(t *testing.T, h *home, r *mux.Redialer, peer *mux.Session) {
	t.Helper()
	opened, accepted := h.open(r, peer)
	says(t, opened, accepted, "there")
	says(t, accepted, opened, "and back")
	opened.Close()
	accepted.Close()
}

// A session that was not up for long counts as a failed Dial.
func TestRedialerBacksOffAfterAShortSession(t *testing.T) {
	testnet.CheckLeaks(t)
	h := newHome(t)
	r := h.redialer()
	r.MinBackoff, r.MaxBackoff, r.ResetAfter = hour, hour, hour
	waits := make(chan error, 10)
	r.OnRetry = func(err error, _ time.Duration) { waits <- err }
	r.Start()
	for range 3 {
		h.next().Close()
		if err := testnet.Take(t, "OnRetry", waits); !isLost(err) {
			t.Errorf("OnRetry has %v, want what ended the session", err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errNobodyHome)
		if _, err := r.Session(ctx); !isLost(err) || !errors.Is(err, errNobodyHome) {
			t.Errorf("Session during the wait: %v, want its reason and the context's", err)
		}
		// The wait has begun, or is about to: then Retry is heard as well.
		r.Retry()
	}
	h.next()
}

// What a plain connection's peer sends when it opens no more streams.
var goAway = []byte{0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

// Open goes on with the next session when the one that it waits on comes to its
// end.
func TestRedialerOpenGoesOn(t *testing.T) {
	for _, c := range []struct {
		name   string
		end    func(far net.Conn)
		reason func(error) bool
	}{
		{"lost", func(far net.Conn) { testnet.Abort(far) }, isLost},
		{"drained", func(far net.Conn) { far.Write(goAway) }, func(err error) bool { return errors.Is(err, mux.ErrDraining) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			testnet.CheckLeaks(t)
			h := newHome(t)
			a, far := testnet.Pipe() // nobody there acknowledges a stream
			defer far.Close()
			may := make(chan struct{})
			calls := 0
			r := h.redialer()
			r.Dial = func(ctx context.Context) (*mux.Session, error) {
				if calls++; calls == 1 {
					return mux.Client(a, &mux.Config{Backlog: -1})
				}
				select {
				case <-may:
				case <-ctx.Done():
				}
				return h.dial(ctx)
			}
			first, err := r.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer first.Close()

			ctx, giveUp := context.WithCancelCause(t.Context())
			impatient, patient := make(chan error, 1), make(chan error, 1)
			go func() { _, err := r.Open(ctx); impatient <- err }()
			go func() {
				st, err := r.Open(t.Context())
				if err == nil {
					_, err = io.WriteString(st, "late")
				}
				patient <- err
			}()
			c.end(far)
			testnet.Poll(t, "the end of the first session", func() bool {
				_, err := first.Session().Open(t.Context())
				return c.reason(err)
			})
			giveUp(errNobodyHome)
			if err := testnet.Take(t, "the end of Open's wait", impatient); !errors.Is(err, errNobodyHome) {
				t.Errorf("Open gives up with %v, want the context's cause", err)
			}
			close(may)
			if err := testnet.Take(t, "the end of Open's wait", patient); err != nil {
				t.Fatal(err)
			}
			st := acceptFrom(t, h.next())
			if p, err := io.ReadAll(io.LimitReader(st, 4)); string(p) != "late" || err != nil {
				t.Errorf("on the next session comes %q, %v", p, err)
			}
		})
	}
}

// The peer drains a session: its streams go on while new ones are opened on the
// next, and it is down when the last of them has ended.
func TestRedialerMakesBeforeItBreaks(t *testing.T) {
	testnet.CheckLeaks(t)
	h := newHome(t)
	r := h.redialer()
	up, down := make(chan *mux.Session, 10), make(chan error, 10)
	r.OnUp = func(s *mux.Session) { up <- s }
	r.OnDown = func(_ *mux.Session, err error) { down <- err }
	r.Start()
	peer := h.next()
	old, oldPeer := h.open(r, peer)
	testnet.Take(t, "OnUp", up)

	drained := make(chan error, 1)
	go func() { drained <- peer.Drain(t.Context()) }()
	next := h.next()
	if s := testnet.Take(t, "OnUp", up); s == old.Session() {
		t.Fatal("the old session is up again")
	}
	for range 3 {
		fresh, freshPeer := h.open(r, next)
		says(t, fresh, freshPeer, "on the new one")
		says(t, oldPeer, old, "on the old one")
		says(t, old, oldPeer, "and back")
	}
	select {
	case err := <-drained:
		t.Fatalf("Drain has returned %v before the last stream has ended", err)
	case err := <-down:
		t.Fatalf("down with %v before the last stream has ended", err)
	default:
	}
	old.Close()
	oldPeer.Close()
	if err := testnet.Take(t, "the end of Drain", drained); err != nil {
		t.Errorf("Drain: %v", err)
	}
	if err := testnet.Take(t, "OnDown", down); err != mux.ErrDraining {
		t.Errorf("OnDown has %v, want ErrDraining", err)
	}
	says2(t, h, r, next)
}

// The callbacks come one at a time, and those of a session in order.
func TestRedialerCallbacks(t *testing.T) {
	testnet.CheckLeaks(t)
	h := newHome(t)
	r := h.redialer()
	var inside atomic.Int32
	var log []string // with no lock: the race detector looks, too
	numbers := map[*mux.Session]int{}
	enter := func(event string) {
		if inside.Add(1) != 1 {
			t.Error("two callbacks at the same time")
		}
		log = append(log, event)
		inside.Add(-1)
	}
	r.OnUp = func(s *mux.Session) {
		numbers[s] = len(numbers)
		enter(fmt.Sprint("up ", numbers[s]))
	}
	r.OnDown = func(s *mux.Session, err error) { enter(fmt.Sprint("down ", numbers[s])) }
	r.OnRetry = func(error, time.Duration) { enter("retry") }
	calls := 0
	r.Dial = func(ctx context.Context) (*mux.Session, error) {
		if calls++; calls%3 == 0 {
			return nil, errNobodyHome
		}
		return h.dial(ctx)
	}
	r.Start()
	const n = 40
	for i := range n {
		if peer := h.next(); i%2 == 0 {
			peer.Close()
		} else if err := peer.Drain(t.Context()); err != nil {
			t.Error(err)
		}
	}
	r.Close()
	for i := range n {
		up, down := slices.Index(log, fmt.Sprint("up ", i)), slices.Index(log, fmt.Sprint("down ", i))
		if up < 0 || down < up || i > 0 && up < slices.Index(log, fmt.Sprint("up ", i-1)) {
			t.Fatalf("session %d is up as event %d and down as %d of\n%q", i, up, down, log)
		}
	}
	if !slices.Contains(log, "retry") {
		t.Error("no retry")
	}
}

// The dialing end accepts, as a server behind a NAT, on whichever session is up.
func TestRedialerAccepts(t *testing.T) {
	testnet.CheckLeaks(t)
	h := newHome(t)
	r := h.redialer()
	served := make(chan error, 1)
	go func() {
		for {
			c, err := r.Accept()
			if err != nil {
				served <- err
				return
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	for range 2 {
		peer := h.next()
		for i := range 5 {
			st, err := peer.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			says(t, st, st, fmt.Sprint("question ", i))
			st.CloseWrite()
			if rest, err := io.ReadAll(st); len(rest) > 0 || err != nil {
				t.Errorf("at the end comes %q, %v", rest, err)
			}
			st.Close()
		}
		if r.Addr().String() != peer.RemoteAddr().String() {
			t.Errorf("Addr is %v, want %v", r.Addr(), peer.RemoteAddr())
		}
		peer.Close()
	}
	r.Close()
	if err := testnet.Take(t, "the end of Accept", served); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept: %v, want net.ErrClosed", err)
	}
}

// Close ends the session and what is on it, also streams that nobody accepts.
func TestRedialerCloseWithASession(t *testing.T) {
	testnet.CheckLeaks(t)
	h := newHome(t)
	r := h.redialer()
	down := make(chan error, 1)
	r.OnDown = func(_ *mux.Session, err error) { down <- err }
	r.Start()
	peer := h.next()
	here, there := h.open(r, peer)
	for range 3 {
		if _, err := peer.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	testnet.Poll(t, "a stream in the hands of the redialer", func() bool {
		s := here.Session().Stats()
		return s.Streams == 4 && s.Pending == 2
	})
	if err := r.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := testnet.Take(t, "OnDown", down); err != net.ErrClosed {
		t.Errorf("OnDown has %v, want net.ErrClosed", err)
	}
	if _, err := here.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a stream here reads %v, want net.ErrClosed", err)
	}
	if _, err := there.Read(make([]byte, 1)); !isLost(err) {
		t.Errorf("a stream there reads %v, want a *SessionError", err)
	}
	closedRedialer(t, r)
}
