package mux_test

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
	"github.com/wsstream/wsstream/wsconn"
)

// brisk is a keepalive that a test can wait for.
var brisk = wsconn.KeepAlive{Interval: 200 * time.Millisecond, Timeout: 200 * time.Millisecond}

// A peer that says nothing is given up when it has been asked in vain, and not
// before.
func TestSilentPeerIsGivenUp(t *testing.T) {
	for _, c := range []struct {
		name     string
		answer   func(t *testing.T, far net.Conn) // until it falls silent
		answered bool
		keep     wsconn.KeepAlive
		least    time.Duration
	}{
		{"from the beginning", func(t *testing.T, far net.Conn) {}, false, brisk, brisk.Interval + brisk.Timeout},
		{"after the first answer", func(t *testing.T, far net.Conn) {
			f := nextOf(t, readWire(far), wirePing, 0)
			far.Write(wireFrame{kind: wirePing, flags: wireACK, length: f.length}.bytes())
		}, true, brisk, brisk.Interval + brisk.Timeout},
		{"without a wait for the answer", func(t *testing.T, far net.Conn) {}, false, wsconn.KeepAlive{Interval: 200 * time.Millisecond, Timeout: 1}, 200 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			testnet.CheckLeaks(t)
			a, far := testnet.Pipe()
			defer far.Close()
			began := time.Now()
			s, err := mux.Client(a, &mux.Config{KeepAlive: c.keep})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			st, err := s.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			c.answer(t, far)
			testnet.Take(t, "the end of the session", s.Done())
			took := time.Since(began)
			dead, ok := errors.AsType[*wsconn.KeepAliveError](s.Err())
			if !ok || !isLost(s.Err()) {
				t.Fatalf("the session ends with %v, want a *SessionError of a *wsconn.KeepAliveError", s.Err())
			}
			if took < c.least || took > c.least+10*time.Second {
				t.Errorf("it took %v, want %v and not much more", took, c.least)
			}
			if (dead.RTT > 0) != c.answered {
				t.Errorf("the last round trip took %v", dead.RTT)
			}
			if dead.Silent < c.least || dead.Silent > took || dead.Since.Before(began) {
				t.Errorf("it says %v since %v, which began at %v and took %v", dead.Silent, dead.Since, began, took)
			}
			_, err = st.Read(make([]byte, 1))
			if timeout, ok := err.(net.Error); !ok || !timeout.Timeout() || !errors.As(err, &dead) {
				t.Errorf("a stream reads %v, want a timeout that is a *wsconn.KeepAliveError", err)
			}
		})
	}
}

// The bytes of an idle session and of one that pings not at all.
func TestPingsOfAnIdleSession(t *testing.T) {
	for _, c := range []struct {
		name     string
		interval time.Duration
		pings    bool
	}{{"with a keepalive", 50 * time.Millisecond, true}, {"without", -1, false}} {
		t.Run(c.name, func(t *testing.T) {
			testnet.CheckLeaks(t)
			a, far := testnet.Pipe()
			defer far.Close()
			s, err := mux.Client(a, &mux.Config{KeepAlive: wsconn.KeepAlive{Interval: c.interval, Timeout: hour}})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			frames := readWire(far)
			nextOf(t, frames, wirePing, 0) // which measures the round trip
			quiet := time.NewTimer(500 * time.Millisecond)
			defer quiet.Stop()
			pings := 0
			for waiting := true; waiting; {
				select {
				case f := <-frames:
					if f.kind != wirePing || f.flags != wireSYN {
						t.Errorf("an idle session sends %v", f)
					}
					pings++
					far.Write(wireFrame{kind: wirePing, flags: wireACK, length: f.length}.bytes())
				case <-quiet.C:
					waiting = false
				}
			}
			isOpen(t, s)
			if c.pings != (pings > 0) {
				t.Errorf("%d pings in half a second", pings)
			}
		})
	}
}

// disguised is a connection that is not known for what it is.
type disguised struct{ *wsconn.Conn }

// A *wsconn.Conn sees to its liveness itself, and what only looks like one does
// not.
func TestNoPingsOverWsconn(t *testing.T) {
	testnet.CheckLeaks(t)
	for _, c := range []struct {
		name  string
		wrap  func(c *wsconn.Conn) net.Conn
		pings bool
	}{
		{"as it is", func(c *wsconn.Conn) net.Conn { return c }, false},
		{"wrapped", func(c *wsconn.Conn) net.Conn { return disguised{c} }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, far := wsPair(t, false)
			s, err := mux.Client(c.wrap(a), &mux.Config{KeepAlive: wsconn.KeepAlive{Interval: 20 * time.Millisecond, Timeout: 20 * time.Millisecond}})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			nextOf(t, readWire(far), wirePing, 0)
			timer := time.NewTimer(500 * time.Millisecond)
			defer timer.Stop()
			select {
			case <-s.Done():
				if !c.pings {
					t.Errorf("the session is over: %v", s.Err())
				}
			case <-timer.C:
				if c.pings {
					t.Error("the session did not end")
				}
			}
		})
	}
}

// relayed returns the two ends of a session over TCP through a relay.
func relayed(t *testing.T, toxic testnet.Toxic, cfg *mux.Config) (client, server *mux.Session, relay *testnet.Relay) {
	t.Helper()
	a, b, relay := relayedPair(t, toxic)
	client, server = sessions(t, a, b, cfg)
	return client, server, relay
}

// relayedPair returns the two ends of TCP through a relay.
func relayedPair(t *testing.T, toxic testnet.Toxic) (a, b net.Conn, relay *testnet.Relay) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	relay, err = testnet.NewRelay(l.Addr().String(), toxic, toxic)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { relay.Close() })
	if a, err = net.Dial("tcp", relay.Addr()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	if b, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return a, b, relay
}

// A line that is slow, or full, is not dead: the bytes that it takes or brings
// are signs of life, however long an answer waits behind them.
func TestSlowLineIsNotGivenUp(t *testing.T) {
	for _, c := range []struct {
		name      string
		bandwidth int
		size      int64
		there     bool // what goes that way
		back      bool
	}{
		{"there", 256 << 10, 512 << 10, true, false},
		{"back", 256 << 10, 512 << 10, false, true},
		{"both ways", 64 << 10, 128 << 10, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			testnet.CheckLeaks(t)
			client, server, _ := relayed(t, testnet.Toxic{Bandwidth: c.bandwidth}, &mux.Config{KeepAlive: brisk})
			one, two := streams(t, client, server)
			var running sync.WaitGroup
			carry := func(on bool, from, to *mux.Stream) {
				if !on {
					return
				}
				running.Go(func() {
					_, err := io.Copy(struct{ io.Writer }{from}, testnet.NewSource(1, c.size))
					if err = errors.Join(err, from.CloseWrite()); err != nil {
						t.Error(err)
					}
				})
				running.Go(func() {
					if _, err := readParcel(to, 1, c.size); err != nil {
						t.Error(err)
					}
				})
			}
			carry(c.there, one, two)
			carry(c.back, two, one)
			running.Wait()
		})
	}
}
