package wsconn_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/wsconn"
)

// A Read that a deadline ends every second, among pings and pongs both ways,
// ends exactly then, and the keepalive goes on as without.
func TestReadDeadlinesAndPings(t *testing.T) {
	eachStage(t, wsconn.PairOptions{}, func(s *stage) {
		c := s.stream()
		s.listen(s.answer)
		for i := range time.Duration(46) {
			at := (i + 1) * time.Second
			c.SetReadDeadline(s.start.Add(at))
			o := <-s.begin(c.Read, make([]byte, 1))
			if is, wrong := isTimeout(o.err); !is || wrong != nil || o.at != at {
				s.t.Errorf("Read ended at %v: %v (%v), want a timeout at %v", o.at, o.err, wrong, at)
			}
			if at == 20*time.Second {
				s.send(frames.Ping, "!")
			}
		}
		s.saw("15s ping", `20s pong "!"`, "35s ping")
		c.SetReadDeadline(time.Time{})
		s.send(frames.Binary, "x")
		mustRead(s.t, c, "x")
	})
}

// A deadline that is over ends all calls and nothing else.
func TestPastDeadlinesAndPings(t *testing.T) {
	eachStage(t, wsconn.PairOptions{}, func(s *stage) {
		c := s.stream()
		s.listen(s.answer)
		c.SetDeadline(s.start.Add(-time.Second))
		calls := []func(p []byte) (int, error){c.Read, c.Write}
		for i := range time.Duration(40) {
			if i == 20 {
				s.until(20*time.Second + 100*time.Millisecond)
				s.send(frames.Ping, "!")
			}
			s.until(i*time.Second + time.Second/2)
			for _, call := range calls {
				if n, err := call(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
					s.t.Errorf("at %v: %d, %v, want a timeout", s.now(), n, err)
				}
			}
		}
		s.saw("15s ping", `20.1s pong "!"`, "35.1s ping")
		c.SetDeadline(time.Time{})
		s.send(frames.Binary, "x")
		mustRead(s.t, c, "x")
		mustWrite(s.t, c, "y")
	})
}

// An application that looks now and then whether there is something to read, and
// is never at it when its connection is looked at, is none that does not read.
func TestReadsThatHardlyWait(t *testing.T) {
	eachStage(t, wsconn.PairOptions{}, func(s *stage) {
		c := s.stream()
		s.listen(silent)
		for at := time.Millisecond; at < 24*time.Second; at += 10 * time.Millisecond {
			s.until(at)
			c.SetReadDeadline(time.Now().Add(time.Millisecond))
			if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				s.t.Fatalf("at %v: %d, %v, want a timeout", s.now(), n, err)
			}
		}
		if st := c.Stats(); st.Slow {
			s.t.Errorf("%+v", st)
		}
		s.until(25 * time.Second)
		s.saw("15s ping", "25s cut")
	})
}

// A deadline in the middle of a frame, and then the peer is given up: the next
// Write waits for its turn until then.
func TestCutWriteAndThenDeath(t *testing.T) {
	eachStage(t, wsconn.PairOptions{}, func(s *stage) {
		c := s.stream()
		c.SetWriteDeadline(s.start.Add(5 * time.Second))
		o := <-s.begin(c.Write, make([]byte, 1<<20))
		if !errors.Is(o.err, os.ErrDeadlineExceeded) || o.at != 5*time.Second || o.n == 0 {
			s.t.Errorf("Write: %d, %v at %v, want a timeout after 5s", o.n, o.err, o.at)
		}
		c.SetWriteDeadline(s.start.Add(20 * time.Second))
		o = <-s.begin(c.Write, make([]byte, 1))
		if !errors.Is(o.err, os.ErrDeadlineExceeded) || o.at != 20*time.Second || o.n != 0 {
			s.t.Errorf("Write: %d, %v at %v, want a timeout after 20s", o.n, o.err, o.at)
		}
		c.SetWriteDeadline(time.Time{})
		calls := []<-chan outcome{s.begin(c.Write, make([]byte, 1)), s.begin(c.Read, make([]byte, 1))}
		s.until(25 * time.Second)
		s.mustGiveUp(25*time.Second, calls...)
	})
}

// What this end does ends the keepalive, or does not. Close is answered by the
// peer where the script says so.
func TestKeepAliveAndClosing(t *testing.T) {
	type step struct {
		at time.Duration
		do func(s *stage, c *wsconn.Conn)
	}
	const second = time.Second
	closes := func(s *stage, c *wsconn.Conn) { c.Close() }
	closeWrites := func(s *stage, c *wsconn.Conn) { c.CloseWrite() }
	terminates := func(s *stage, c *wsconn.Conn) { c.Terminate() }
	isClosed := func(code frames.CloseCode) func(s *stage, c *wsconn.Conn) {
		return func(s *stage, c *wsconn.Conn) { s.closes(code) }
	}
	isPinged := func(s *stage, c *wsconn.Conn) { s.send(frames.Ping, "?") }
	for _, tt := range []struct {
		name    string
		o       wsconn.PairOptions
		answers bool // the peer, each Ping
		steps   []step
		saw     []string // within an hour
		read    func(error) bool
	}{
		{"Close before the first ping", wsconn.PairOptions{}, true,
			[]step{{5 * second, closes}, {6 * second, isClosed(1000)}},
			[]string{"5s close 1000", "6s cut"}, isLocalClose},
		{"Close that is not answered", wsconn.PairOptions{}, true,
			[]step{{5 * second, closes}},
			[]string{"5s close 1000", "15s cut"}, isLocalClose},
		{"Close while a ping is out", wsconn.PairOptions{}, false,
			[]step{{17 * second, closes}, {18 * second, isClosed(1000)}},
			[]string{"15s ping", "17s close 1000", "18s cut"}, isLocalClose},
		{"Close while a ping is out, not answered", wsconn.PairOptions{}, false,
			[]step{{17 * second, closes}},
			[]string{"15s ping", "17s close 1000", "27s cut"}, isLocalClose},
		{"Terminate before the first ping", wsconn.PairOptions{}, true,
			[]step{{5 * second, terminates}}, []string{"5s cut"}, isLocalClose},
		{"Terminate while a ping is out", wsconn.PairOptions{}, false,
			[]step{{16 * second, terminates}}, []string{"15s ping", "16s cut"}, isLocalClose},
		{"a peer that closes without half-close", wsconn.PairOptions{NoHalfClose: true}, true,
			[]step{{5 * second, isClosed(1000)}}, []string{"5s close 1000"}, isEOF},
		{"a peer that goes away", wsconn.PairOptions{}, true,
			[]step{{5 * second, isClosed(1001)}}, []string{"5s close 1001"}, isCloseError},

		{"CloseWrite, and the peer lives", wsconn.PairOptions{}, true,
			[]step{{5 * second, closeWrites}, {35 * second, closes}, {36 * second, isClosed(1000)}},
			[]string{"5s close 1005", "15s ping", "30s ping", "36s cut"}, isLocalClose},
		{"CloseWrite, and the peer is silent", wsconn.PairOptions{}, false,
			[]step{{5 * second, closeWrites}},
			[]string{"5s close 1005", "15s ping", "25s cut"}, isGiven},
		{"CloseWrite, and the peer pings", wsconn.PairOptions{}, false,
			[]step{{5 * second, closeWrites}, {6 * second, isPinged}},
			[]string{"5s close 1005", `6s pong "?"`, "21s ping", "31s cut"}, isGiven},
		{"the peer's half-close, and it lives", wsconn.PairOptions{}, true,
			[]step{{5 * second, isClosed(0)}, {8 * second, isPinged}, {35 * second, closes}},
			[]string{`8s pong "?"`, "23s ping", "35s close 1005", "35s cut"}, isLocalClose},
		{"the peer's half-close, and it is silent", wsconn.PairOptions{}, false,
			[]step{{5 * second, isClosed(0)}},
			[]string{"20s ping", "30s cut"}, isEOF},
		{"both half-closes", wsconn.PairOptions{}, false,
			[]step{{5 * second, closeWrites}, {6 * second, isClosed(0)}},
			[]string{"5s close 1005", "21s ping", "31s cut"}, isEOF},
		{"the peer's half-close in the middle of a ping", wsconn.PairOptions{}, false,
			[]step{{20 * second, isClosed(0)}},
			[]string{"15s ping", "45s cut"}, isEOF},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachStage(t, tt.o, func(s *stage) {
				c := s.stream()
				s.reads(c)
				about := silent
				if tt.answers {
					about = s.answer
				}
				s.listen(about)
				for _, step := range tt.steps {
					s.until(step.at)
					step.do(s, c)
					synctest.Wait()
				}
				s.until(time.Hour)
				saw := tt.saw
				if tt.o.NoHalfClose && s.role == frames.Server {
					saw = append(slices.Clone(saw), "5s cut") // a server's part, RFC 6455 section 7.1.1
				}
				s.saw(saw...)
				if _, err := c.Read(make([]byte, 1)); !tt.read(err) {
					s.t.Errorf("Read: %v", err)
				}
			})
		})
	}
}

func isLocalClose(err error) bool { return errors.Is(err, net.ErrClosed) }
func isEOF(err error) bool        { return err == io.EOF }
func isGiven(err error) bool      { return isGivenUp(err) == nil }
func isCloseError(err error) bool { return errors.As(err, new(*wsconn.CloseError)) }

// After the peer's half-close it is who writes that learns of its death, and
// WaitClosed.
func TestDeathAfterThePeersHalfClose(t *testing.T) {
	eachStage(t, wsconn.PairOptions{}, func(s *stage) {
		c := s.stream()
		s.closes(0)
		mustEOF(s.t, c)
		write := s.begin(c.Write, make([]byte, 1<<20))
		s.until(25 * time.Second)
		s.mustGiveUp(25*time.Second, write)
		mustEOF(s.t, c)
		if err := c.WaitClosed(context.Background()); isGivenUp(err) != nil {
			s.t.Errorf("WaitClosed: %v", isGivenUp(err))
		}
	})
}
