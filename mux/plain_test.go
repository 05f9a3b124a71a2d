package mux_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
)

// plainSession is hashicorp/yamux as it is, over a connection.
func plainSession(tb testing.TB, conn net.Conn, client bool, window uint32) *yamux.Session {
	tb.Helper()
	cfg := yamux.DefaultConfig()
	cfg.MaxStreamWindowSize = window
	cfg.LogOutput = nil
	cfg.Logger = plainLog{}
	start := yamux.Server
	if client {
		start = yamux.Client
	}
	s, err := start(conn, cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return s
}

// plainLog throws away what plain yamux says: it complains in normal operation.
type plainLog struct{}

func (plainLog) Print(...any)          {}
func (plainLog) Printf(string, ...any) {}
func (plainLog) Println(...any)        {}

// eachPlain runs test with a session whose peer is plain, in either role.
func eachPlain(t *testing.T, test func(t *testing.T, s *mux.Session, plain *yamux.Session)) {
	for _, c := range carriers[:2] {
		for _, client := range []bool{true, false} {
			for _, window := range []uint32{256 << 10, 16 << 20} {
				t.Run(fmt.Sprintf("%s/client %t/window %d", c.name, client, window), func(t *testing.T) {
					testnet.CheckLeaks(t)
					a, b := c.make(t)
					s := rawSessionOver(t, a, client, &mux.Config{Logger: silence(t)})
					test(t, s, plainSession(t, b, !client, window))
				})
			}
		}
	}
}

// plainPair returns the ends of a stream that either end opens: ours first.
func plainPair(t *testing.T, s *mux.Session, plain *yamux.Session, ours bool) (*mux.Stream, *yamux.Stream) {
	t.Helper()
	if ours {
		st, err := s.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p, err := plain.AcceptStream()
		if err != nil {
			t.Fatal(err)
		}
		return st, p
	}
	p, err := plain.OpenStream()
	if err != nil {
		t.Fatal(err)
	}
	return acceptFrom(t, s), p
}

// plainEmpty waits until neither end knows of a stream.
func plainEmpty(t *testing.T, s *mux.Session, plain *yamux.Session) {
	t.Helper()
	nothingLeft(t, s)
	testnet.Poll(t, "the end of all plain streams", func() bool { return plain.NumStreams() == 0 })
}

func TestPlainEcho(t *testing.T) {
	eachPlain(t, func(t *testing.T, s *mux.Session, plain *yamux.Session) {
		for _, ours := range []bool{true, false} {
			st, p := plainPair(t, s, plain, ours)
			go func() {
				io.Copy(p, p)
				p.Close() // answers the half-close
			}()
			go func() {
				writeAll(t, st, 3<<20)
				st.CloseWrite()
			}()
			testnet.InTime(t, "the echo", func() { readAll(t, st, 3<<20) })
			st.Close()
		}
		plainEmpty(t, s, plain)
	})
}

// The plain end's half-close is an end, too; what this end then sends arrives.
func TestPlainHalfClose(t *testing.T) {
	eachPlain(t, func(t *testing.T, s *mux.Session, plain *yamux.Session) {
		for _, ours := range []bool{true, false} {
			st, p := plainPair(t, s, plain, ours)
			if _, err := p.Write([]byte("the last words")); err != nil {
				t.Fatal(err)
			}
			p.Close()
			if got, err := io.ReadAll(st); string(got) != "the last words" || err != nil {
				t.Errorf("read %q, %v", got, err)
			}
			writeAll(t, st, 100_000)
			st.Close()
			got, err := io.ReadAll(p)
			if err != nil || !bytes.Equal(got, filled(st, 100_000)) {
				t.Errorf("the plain end reads %d bytes, %v", len(got), err)
			}
		}
		plainEmpty(t, s, plain)
	})
}

// Eight streams at the same time, four opened by either end, both ways.
func TestPlainBulk(t *testing.T) {
	eachPlain(t, func(t *testing.T, s *mux.Session, plain *yamux.Session) {
		const size = 512 << 10
		var wg sync.WaitGroup
		for i := range 8 {
			st, p := plainPair(t, s, plain, i%2 == 0)
			for _, c := range []net.Conn{st, p} {
				wg.Go(func() {
					if _, err := io.Copy(c, testnet.NewSource(uint64(st.ID()), size)); err != nil {
						t.Error(err)
					}
				})
				wg.Go(func() {
					v := testnet.NewVerifier(uint64(st.ID()))
					if n, err := io.CopyN(v, c, size); err != nil {
						t.Errorf("%d bytes, %v", n, err)
					}
				})
			}
			defer p.Close()
			defer st.Close()
		}
		testnet.InTime(t, "bulk", wg.Wait)
	})
}

// Two thousand streams leave nothing behind on either side.
func TestPlainManyStreams(t *testing.T) {
	eachPlain(t, func(t *testing.T, s *mux.Session, plain *yamux.Session) {
		testnet.InTime(t, "2000 streams", func() {
			for i := range 2000 {
				st, p := plainPair(t, s, plain, i%2 == 0)
				st.Write([]byte("x"))
				switch i % 5 {
				case 0:
					p.Write([]byte("unread"))
				case 1:
					st.Reset()
				case 2:
					st.CloseWrite()
				}
				p.Close()
				st.Close()
			}
		})
		plainEmpty(t, s, plain)
	})
}

// The end of the plain session is not the end of its streams.
func TestPlainDeath(t *testing.T) {
	eachPlain(t, func(t *testing.T, s *mux.Session, plain *yamux.Session) {
		st, p := plainPair(t, s, plain, true)
		if _, err := p.Write([]byte("half of what was to")); err != nil {
			t.Fatal(err)
		}
		readFull(t, st, "half of what was to")
		plain.Close()
		testnet.InTime(t, "the end", func() { checkLost(t, s, st, nil) })
	})
}

// A plain end that opens no more streams is one that leaves; streams go on.
func TestPlainGoAway(t *testing.T) {
	eachPlain(t, func(t *testing.T, s *mux.Session, plain *yamux.Session) {
		st, p := plainPair(t, s, plain, true)
		if err := plain.GoAway(); err != nil {
			t.Fatal(err)
		}
		testnet.Take(t, "the news", closedSignal(s.Leaving()))
		if _, err := s.Open(t.Context()); !errors.Is(err, mux.ErrDraining) {
			t.Errorf("Open: %v", err)
		}
		st.Write([]byte("going on"))
		got := make([]byte, 8)
		if _, err := io.ReadFull(p, got); string(got) != "going on" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		p.Close()
		st.Close()
		plainEmpty(t, s, plain)
	})
}

// closedSignal puts out something when c is closed.
func closedSignal(c <-chan struct{}) <-chan bool {
	out := make(chan bool, 1)
	go func() {
		<-c
		out <- true
	}()
	return out
}

// Drain tells the plain end, whose streams come to their end.
func TestPlainDrain(t *testing.T) {
	eachPlain(t, func(t *testing.T, s *mux.Session, plain *yamux.Session) {
		st, p := plainPair(t, s, plain, false)
		drained := make(chan error)
		go func() { drained <- s.Drain(context.Background()) }()
		go func() { // those that came before it
			for c, err := s.Accept(); err == nil; c, err = s.Accept() {
				c.Close()
			}
		}()
		testnet.Poll(t, "the news", func() bool {
			c, err := plain.OpenStream()
			if err == nil {
				c.Close()
			}
			return errors.Is(err, yamux.ErrRemoteGoAway)
		})
		writeAll(t, st, 100_000)
		st.Close()
		got, err := io.ReadAll(p)
		if err != nil || len(got) != 100_000 {
			t.Errorf("the plain end reads %d bytes, %v", len(got), err)
		}
		p.Close()
		if err := testnet.Take(t, "the end of Drain", drained); err != nil {
			t.Error(err)
		}
	})
}

func TestPlainPings(t *testing.T) {
	eachPlain(t, func(t *testing.T, s *mux.Session, plain *yamux.Session) {
		for range 10 {
			if rtt, err := plain.Ping(); rtt == 0 || err != nil {
				t.Errorf("its ping: %v, %v", rtt, err)
			}
			if rtt, err := s.Ping(t.Context()); rtt == 0 || err != nil {
				t.Errorf("our ping: %v, %v", rtt, err)
			}
		}
	})
}

// Reset is one for the plain end, too, which waits for nothing then.
func TestPlainReset(t *testing.T) {
	eachPlain(t, func(t *testing.T, s *mux.Session, plain *yamux.Session) {
		for _, ours := range []bool{true, false} {
			st, p := plainPair(t, s, plain, ours)
			ends := make(chan error)
			go func() {
				_, err := p.Read(make([]byte, 1))
				ends <- err
			}()
			go func() {
				_, err := p.Write(make([]byte, 32<<20))
				ends <- err
			}()
			st.SetReadDeadline(time.Now().Add(testnet.Patience))
			if _, err := st.Read(make([]byte, 1)); err != nil {
				t.Error(err)
			}
			st.Reset()
			for range 2 {
				if err := testnet.Take(t, "the end of a call", ends); err != yamux.ErrConnectionReset {
					t.Errorf("%v, want yamux.ErrConnectionReset", err)
				}
			}
			if _, err := st.Write([]byte("x")); !errors.Is(err, mux.ErrReset) || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error(err)
			}
		}
		plainEmpty(t, s, plain)
	})
}
