package relay_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/relay"
	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
	"github.com/wsstream/wsstream/wsconn"
)

// eachPair runs a test for all kinds of connections on both sides.
func eachPair(t *testing.T, test func(t *testing.T, a, b kind)) {
	for _, a := range kinds {
		for _, b := range kinds {
			t.Run(a.name+" and "+b.name, func(t *testing.T) { test(t, a, b) })
		}
	}
}

// Each direction ends on its own, and the second one begins only then.
func TestJoinHalfClose(t *testing.T) {
	const there, back = 300_000, 200_000
	eachPair(t, func(t *testing.T, a, b kind) {
		for _, first := range []string{"a", "b"} {
			j := join(t, a, b)
			if first == "a" {
				send(t, j.a, j.b, there)
				send(t, j.b, j.a, back)
			} else {
				send(t, j.b, j.a, back)
				send(t, j.a, j.b, there)
			}
			j.a.Close()
			j.b.Close()
			if err := j.result(t); err != nil {
				t.Errorf("%s first: Join says %v", first, err)
			}
			if j.up.Load() != there || j.down.Load() != back {
				t.Errorf("%s first: counted %d and %d bytes", first, j.up.Load(), j.down.Load())
			}
		}
	})
}

// fail makes an end fail as it can, and says whether it can.
func fail(c halfConn) bool {
	switch c := c.(type) {
	case *mux.Stream:
		c.Reset()
	case *wsconn.Conn:
		c.CloseWith(frames.CloseInternalError, "no more")
	case *net.TCPConn:
		testnet.Abort(c)
	default:
		return false
	}
	return true
}

func TestJoinFailure(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b kind) {
		for _, ended := range []bool{false, true} {
			for _, failing := range []string{"a", "b"} {
				j := join(t, a, b)
				j.exchange(t)
				fails, sees := j.a, j.b
				if failing == "b" {
					fails, sees = j.b, j.a
				}
				if ended { // and waits for the reply
					send(t, sees, fails, 0)
				}
				if !fail(fails) {
					j.stop()
				}
				wantFailure(t, sees)
				if err := j.result(t); err == nil {
					t.Errorf("%s failed: Join takes it for a good end", failing)
				}
			}
		}
	})
}

// Whose end has been passed on already can still fail: then it is the reply that
// nobody takes.
func TestJoinFailureAfterEnd(t *testing.T) {
	for _, a := range kinds {
		if a.name == "unix" || a.name == "WebSocket" { // cannot fail then
			continue
		}
		for _, b := range kinds {
			t.Run(a.name+" and "+b.name, func(t *testing.T) {
				j := join(t, a, b)
				send(t, j.a, j.b, 10)
				fail(j.a)
				if _, err := io.Copy(j.b, testnet.NewSource(seed, 256<<20)); err == nil {
					t.Error("the other end could write everything, to nobody")
				}
				if j.result(t) == nil {
					t.Error("Join takes it for a good end")
				}
			})
		}
	}
}

// What exactly the peers of each kind are told.
func TestJoinTellsFailure(t *testing.T) {
	reset := func(err error) bool { return errors.Is(err, syscall.ECONNRESET) }
	for _, tt := range []struct {
		kind    kind
		told    func(error) bool
		stopped func(error) bool // if this end stops
	}{
		{kinds[0], reset, reset},
		{kinds[2], isReset, isReset},
		{kinds[3], closed(frames.CloseInternalError, "reset"), closed(frames.CloseGoingAway, "stopping")},
	} {
		t.Run(tt.kind.name, func(t *testing.T) {
			j := join(t, kinds[0], tt.kind)
			j.exchange(t)
			testnet.Abort(j.a)
			if _, err := io.Copy(io.Discard, j.b); !tt.told(err) {
				t.Errorf("after a reset the other end reads %v", err)
			}
			j.b.Close()
			if err := j.result(t); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("Join says %v", err)
			}
			j = join(t, kinds[0], tt.kind)
			j.exchange(t)
			j.stop()
			if _, err := io.Copy(io.Discard, j.b); !tt.stopped(err) {
				t.Errorf("when this end stops, the other end reads %v", err)
			}
			j.b.Close()
			wantFailure(t, j.a)
			if err := j.result(t); err != relay.ErrStopping {
				t.Errorf("Join says %v", err)
			}
		})
	}
}

func isReset(err error) bool { return errors.Is(err, mux.ErrReset) }

func closed(code frames.CloseCode, reason string) func(error) bool {
	return func(err error) bool {
		ce, ok := errors.AsType[*wsconn.CloseError](err)
		return ok && ce.Code == code && strings.Contains(ce.Reason, reason)
	}
}

// Two ends that have said all, one of which does not close: Join waits for it
// until it is to stop.
func TestJoinStopsToClose(t *testing.T) {
	closing := make(chan struct{})
	stubborn := relay.End{
		Reader: strings.NewReader(""), Writer: io.Discard,
		CloseWrite: func() error { return nil },
		Abort:      func(error) { t.Error("what has ended was aborted") },
		Close: func(ctx context.Context) error {
			close(closing)
			<-ctx.Done()
			return ctx.Err()
		},
	}
	polite := stubborn
	polite.Reader = strings.NewReader("")
	polite.Close = func(context.Context) error { return nil }
	j := joinEnds(t, stubborn, polite)
	testnet.Take(t, "Close", closing)
	j.stop()
	if err := j.result(t); err != relay.ErrStopping {
		t.Errorf("Join says %v", err)
	}
}

// The counters move while the connection does.
func TestJoinCountsAsItGoes(t *testing.T) {
	j := join(t, kinds[0], kinds[2])
	j.exchange(t)
	testnet.Poll(t, "the count", func() bool { return j.up.Load() == 10 && j.down.Load() == 10 })
}

// From Of on, whatever closes a TCP connection but the end of it is a reset.
func TestOfResets(t *testing.T) {
	near, far := testnet.TCPPair(t)
	relay.Of(near)
	near.Close() // as the kernel does for a process that was killed
	far.SetDeadline(time.Now().Add(testnet.Patience))
	wantFailure(t, far)
}

// ahead has read something of a connection that is still to be read.
type ahead struct {
	net.Conn
	r io.Reader
}

func (a ahead) Read(p []byte) (int, error) { return a.r.Read(p) }
func (a ahead) NetConn() net.Conn          { return a.Conn }

func TestOfReadAhead(t *testing.T) {
	for _, ends := range []string{"well", "badly"} {
		near, app := testnet.TCPPair(t)
		end := relay.Of(ahead{near, io.MultiReader(strings.NewReader("first, "), near)})
		other, target := tcp(t)
		j := joinEnds(t, end, other)
		app.Write([]byte("second"))
		got := make([]byte, 13)
		target.SetDeadline(time.Now().Add(testnet.Patience))
		if _, err := io.ReadFull(target, got); err != nil || string(got) != "first, second" {
			t.Fatalf("%q, %v", got, err)
		}
		if ends == "badly" {
			testnet.Abort(app)
			wantFailure(t, target)
		} else {
			send(t, app, target, 10)
			send(t, target, app, 10)
		}
		if err := j.result(t); (err == nil) != (ends == "well") {
			t.Errorf("it ends %s: Join says %v", ends, err)
		}
	}
}

// A connection without half-close cannot pass on an end: so it is none.
func TestOfWithoutHalfClose(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	other, app := tcp(t)
	var up, down atomic.Int64
	app.CloseWrite()
	app.SetDeadline(time.Now().Add(testnet.Patience))
	err := relay.Join(t.Context(), other, relay.Of(near), &up, &down)
	if !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Join says %v", err)
	}
	wantFailure(t, app)
}
