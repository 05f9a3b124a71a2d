package wsconn_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// A Read and a Write that are blocked both end when the peer is given up, and
// all that is called later ends the same way, until this end closes.
func TestSilentPeerIsGivenUp(t *testing.T) {
	eachStage(t, wsconn.PairOptions{}, func(s *stage) {
		c := s.stream()
		ctx := context.Background()
		closed := func([]byte) (int, error) { return 0, c.WaitClosed(ctx) }
		calls := []<-chan outcome{
			s.begin(c.Read, make([]byte, 1)),
			s.begin(c.Write, make([]byte, 1<<20)), // nobody takes it
			s.begin(c.Write, make([]byte, 1)),     // and this waits for its turn
			s.begin(closed, nil),
		}
		s.until(25*time.Second - 1)
		s.mustWait(calls...)
		s.until(25 * time.Second)
		s.mustGiveUp(25*time.Second, calls...)
		for what, call := range map[string]func(p []byte) (int, error){
			"Read":       c.Read,
			"Write":      c.Write,
			"Ping":       func([]byte) (int, error) { _, err := c.Socket().Ping(ctx); return 0, err },
			"CloseWrite": func([]byte) (int, error) { return 0, c.CloseWrite() },
			"WaitClosed": closed,
		} {
			for range 2 {
				if n, err := call(make([]byte, 1)); n != 0 || isGivenUp(err) != nil {
					s.t.Errorf("%s: %d, %v", what, n, isGivenUp(err))
				}
			}
		}
		if err := c.Close(); err != nil {
			s.t.Errorf("Close: %v", err)
		}
		for what, call := range map[string]func(p []byte) (int, error){"Read": c.Read, "Write": c.Write} {
			if _, err := call(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
				s.t.Errorf("%s after Close: %v, want net.ErrClosed", what, err)
			}
		}
		if _, err := closed(nil); isGivenUp(err) != nil {
			s.t.Errorf("WaitClosed after Close: %v", isGivenUp(err))
		}
		s.listen(silent) // what is left in the transport, and its end
		synctest.Wait()
	})
}

// The same with messages.
func TestSilentPeerOfASocketIsGivenUp(t *testing.T) {
	eachStage(t, wsconn.PairOptions{NoHalfClose: true}, func(s *stage) {
		ctx := context.Background()
		read := func([]byte) (int, error) { _, _, err := s.socket.ReadMessage(ctx); return 0, err }
		write := func(p []byte) (int, error) { return 0, s.socket.WriteMessage(ctx, wsconn.Binary, p) }
		calls := []<-chan outcome{
			s.begin(read, nil), s.begin(read, nil),
			s.begin(write, make([]byte, 1<<20)), s.begin(write, nil),
		}
		s.until(25 * time.Second)
		s.mustGiveUp(25*time.Second, calls...)
		for range 2 {
			if _, err := read(nil); isGivenUp(err) != nil {
				s.t.Errorf("ReadMessage: %v", isGivenUp(err))
			}
			if _, err := write(nil); isGivenUp(err) != nil {
				s.t.Errorf("WriteMessage: %v", isGivenUp(err))
			}
		}
	})
}

// The error says what is known.
func TestKeepAliveErrorSaysWhatIsKnown(t *testing.T) {
	const delay = 30 * time.Millisecond
	eachStage(t, wsconn.PairOptions{}, func(s *stage) {
		c := s.stream()
		read := s.begin(c.Read, make([]byte, 1))
		answers := 2
		s.listen(func(f rawFrame) {
			if answers--; answers >= 0 {
				time.AfterFunc(delay, func() { s.answer(f) })
			}
		})
		s.until(time.Hour)
		o := <-read
		e, ok := errors.AsType[*wsconn.KeepAliveError](o.err)
		if !ok {
			s.t.Fatalf("Read: %v", o.err)
		}
		since := s.start.Add(2 * (interval + delay))
		if want := (wsconn.KeepAliveError{Since: since, Silent: interval + timeout, RTT: delay}); *e != want {
			s.t.Errorf("%+v, want %+v", *e, want)
		}
		if !e.Timeout() || e.Temporary() {
			s.t.Errorf("Timeout %t, Temporary %t", e.Timeout(), e.Temporary())
		}
		const text = "keepalive: no sign of life from the peer for 25s, not even after a Ping (the last round trip took 30ms, 0 bytes were not acknowledged): the link is broken or the peer stopped, connect again"
		if e.Error() != text || !strings.HasSuffix(o.err.Error(), text) || !errors.As(o.err, new(*net.OpError)) {
			s.t.Errorf("%v", o.err)
		}
	})
}

// What the transport has not taken counts as unsent, wherever it waits.
func TestKeepAliveErrorCountsWhatIsUnsent(t *testing.T) {
	const size, pipe = 10 << 20, testnet.DefaultBuffer
	for name, cut := range map[string]bool{"in a Write": false, "behind a deadline": true} {
		t.Run(name, func(t *testing.T) {
			eachStage(t, wsconn.PairOptions{}, func(s *stage) {
				write := s.begin(func(p []byte) (int, error) {
					return 0, s.socket.WriteMessage(context.Background(), wsconn.Binary, p)
				}, make([]byte, size))
				if cut {
					s.until(time.Second)
					c := s.stream()
					c.SetWriteDeadline(time.Now())
					o := <-write
					if o.err != nil {
						s.t.Fatal("a message that was cut:", o.err)
					}
					c.SetWriteDeadline(time.Time{})
					write = s.begin(c.Write, make([]byte, 1))
				}
				o := <-write
				e, ok := errors.AsType[*wsconn.KeepAliveError](o.err)
				if !ok || o.at != 25*time.Second {
					s.t.Fatalf("the Write ended at %v: %v", o.at, o.err)
				}
				// The one in the middle of a frame has not gone far.
				if low, high := 1, 256<<10; !cut && (e.Unsent < low || e.Unsent > high) {
					s.t.Errorf("%d bytes are unsent, want from %d to %d", e.Unsent, low, high)
				}
				if low := size - pipe - 16<<10; cut && (e.Unsent < low || e.Unsent > size+100) {
					s.t.Errorf("%d bytes are unsent, want from %d", e.Unsent, low)
				}
				if e.RTT != 0 || !strings.Contains(e.Error(), "no round trip was ever measured") {
					s.t.Errorf("%v", e)
				}
			})
		})
	}
}

// A Write that is blocked is life as long as the peer takes something of it,
// however little. It keeps the Ping from leaving.
func TestBlockedWrite(t *testing.T) {
	// Every Write below takes more than the pipe holds and less than forever.
	const second = time.Second
	for _, tt := range []struct {
		name  string
		size  int           // of what the peer takes at once
		every time.Duration // how often
		until time.Duration // and for how long
		least time.Duration // when the peer is given up
		most  time.Duration
	}{
		{"nothing is taken", 0, second, 0, 25 * second, 25 * second},
		{"much is taken once", 300 << 10, 5 * second, 5 * second, 30 * second, 30 * second},
		{"much now and then", 300 << 10, 24 * second, 240 * second, 265 * second, 265 * second},
		{"much, but too late", 300 << 10, 26 * second, 260 * second, 25 * second, 25 * second},
		{"little all the time", 1000, second, 600 * second, 600 * second, 625 * second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachStage(t, wsconn.PairOptions{}, func(s *stage) {
				c := s.stream()
				write := s.begin(c.Write, make([]byte, 30<<20))
				for at := tt.every; at <= tt.until && at < tt.least; at += tt.every {
					s.until(at)
					s.mustWait(write)
					if _, err := io.ReadFull(s.peer, make([]byte, tt.size)); err != nil {
						s.t.Fatal(err)
					}
				}
				s.until(tt.least - 1)
				s.mustWait(write)
				o := <-write
				if isGivenUp(o.err) != nil || o.at < tt.least || o.at > tt.most {
					s.t.Errorf("the Write ended at %v: %v, want %v to %v", o.at, isGivenUp(o.err), tt.least, tt.most)
				}
			})
		})
	}
}

// That the peer takes nothing means nothing as long as it says something.
func TestBlockedWriteToAPeerThatTalks(t *testing.T) {
	eachStage(t, wsconn.PairOptions{}, func(s *stage) {
		c := s.stream()
		s.reads(c)
		write := s.begin(c.Write, make([]byte, 1<<20))
		for at := time.Duration(0); at < 10*time.Minute; at += interval {
			s.until(at)
			s.send(frames.Pong, "")
		}
		s.mustWait(write)
		s.listen(s.answer) // now it takes everything
		if o := <-write; o.n != 1<<20 || o.err != nil || o.at != s.now() {
			s.t.Errorf("Write: %d, %v at %v", o.n, o.err, o.at)
		}
	})
}
