package wsconn_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/wsconn"
)

// ping calls Ping, whose result is the round trip as a number.
func (s *stage) ping(ctx context.Context) <-chan outcome {
	return s.begin(func([]byte) (int, error) {
		rtt, err := s.socket.Ping(ctx)
		return int(rtt), err
	}, nil)
}

// mustPing fails the test unless a Ping ended at this time with this round trip.
func (s *stage) mustPing(ping <-chan outcome, at, rtt time.Duration) {
	s.t.Helper()
	if o := <-ping; o.n != int(rtt) || o.err != nil || o.at != at {
		s.t.Errorf("Ping ended at %v: %v, %v, want %v at %v", o.at, time.Duration(o.n), o.err, rtt, at)
	}
}

const ms = time.Millisecond

// A Ping takes as long as its answer, whoever reads.
func TestPingTakesARoundTrip(t *testing.T) {
	for name, start := range map[string]func(s *stage){
		"while a stream is read":  func(s *stage) { s.reads(s.stream()) },
		"while messages are read": func(s *stage) { go s.socket.ReadMessage(context.Background()) },
		"nobody reads":            func(s *stage) {},
		"nobody reads the stream": func(s *stage) { s.stream() },
		"behind unread data":      func(s *stage) { s.flood(20_000, 100) },
		"behind half a message": func(s *stage) {
			w := wire{role: other(s.role)}
			w.frame(frames.Text, false, "half")
			s.write(w.b)
		},
		"while nobody has read for long": func(s *stage) {
			s.until(10 * time.Second)
			s.send(frames.Binary, "x")
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachStage(t, wsconn.PairOptions{}, func(s *stage) {
				start(s)
				s.listen(func(f rawFrame) { time.AfterFunc(37*ms, func() { s.answer(f) }) })
				for range 3 {
					s.mustPing(s.ping(context.Background()), s.now()+37*ms, 37*ms)
				}
				if st := s.socket.Stats(); st.RTT != 37*ms || st.SmoothedRTT != 37*ms || st.MinRTT != 37*ms || st.PingsSent != 3 {
					s.t.Errorf("%+v", st)
				}
			})
		})
	}
}

// The figures of several round trips, and one that is too short for the clock.
func TestRoundTripFigures(t *testing.T) {
	eachStage(t, wsconn.PairOptions{}, func(s *stage) {
		delays := []time.Duration{80 * ms, 160 * ms, 40 * ms, 0}
		want := []wsconn.Stats{
			{RTT: 80 * ms, SmoothedRTT: 80 * ms, MinRTT: 80 * ms},
			{RTT: 160 * ms, SmoothedRTT: 90 * ms, MinRTT: 80 * ms},
			{RTT: 40 * ms, SmoothedRTT: 83_750 * time.Microsecond, MinRTT: 40 * ms},
			{RTT: 1, SmoothedRTT: 83_750*time.Microsecond - (83_750*time.Microsecond-1)/8, MinRTT: 1},
		}
		i := 0
		s.listen(func(f rawFrame) { time.AfterFunc(delays[i], func() { s.answer(f) }) })
		if st := s.socket.Stats(); st.RTT != 0 || st.SmoothedRTT != 0 || st.MinRTT != 0 {
			s.t.Errorf("before the first: %+v", st)
		}
		for ; i < len(delays); i++ {
			<-s.ping(context.Background())
			st := s.socket.Stats()
			if got := (wsconn.Stats{RTT: st.RTT, SmoothedRTT: st.SmoothedRTT, MinRTT: st.MinRTT}); got != want[i] {
				s.t.Errorf("after %v: %+v, want %+v", delays[:i+1], got, want[i])
			}
		}
	})
}

// A peer may answer the newest of several Pings only (RFC 6455 section 5.5.3),
// and whatever else it likes.
func TestPingsAtTheSameTime(t *testing.T) {
	type answer struct {
		at   time.Duration
		ping int // which; -1 is none
	}
	const second = time.Second
	// Three Pings leave, at 0, 1 and 2 seconds.
	for _, tt := range []struct {
		name    string
		answers []answer
		ends    [3]time.Duration
		rtts    [3]time.Duration
	}{
		{"only the last is answered", []answer{{4 * second, 2}},
			[3]time.Duration{4 * second, 4 * second, 4 * second}, [3]time.Duration{2 * second, 2 * second, 2 * second}},
		{"each in its turn", []answer{{3 * second, 0}, {5 * second, 1}, {7 * second, 2}},
			[3]time.Duration{3 * second, 5 * second, 7 * second}, [3]time.Duration{3 * second, 4 * second, 5 * second}},
		{"the second, and then the others", []answer{{3 * second, 1}, {4 * second, 0}, {5 * second, 2}},
			[3]time.Duration{3 * second, 3 * second, 5 * second}, [3]time.Duration{2 * second, 2 * second, 3 * second}},
		{"the first twice, and the last", []answer{{3 * second, 0}, {4 * second, 0}, {6 * second, 2}},
			[3]time.Duration{3 * second, 6 * second, 6 * second}, [3]time.Duration{3 * second, 4 * second, 4 * second}},
		{"something that was never sent", []answer{{3 * second, -1}, {4 * second, 2}},
			[3]time.Duration{4 * second, 4 * second, 4 * second}, [3]time.Duration{2 * second, 2 * second, 2 * second}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachStage(t, wsconn.PairOptions{}, func(s *stage) {
				var left []string
				s.listen(func(f rawFrame) { left = append(left, string(f.payload)) })
				var calls []<-chan outcome
				for i := range time.Duration(3) {
					s.until(i * second)
					calls = append(calls, s.ping(context.Background()))
				}
				if slices.Sort(left); len(slices.Compact(left)) != 3 {
					s.t.Fatalf("the pings are %q", left)
				}
				for _, a := range tt.answers {
					s.until(a.at)
					if a.ping < 0 {
						newest := binary.BigEndian.Uint64([]byte(left[2]))
						for _, payload := range [][]byte{nil, []byte("x"), make([]byte, 8), []byte(left[2])[:7],
							binary.BigEndian.AppendUint64(nil, newest+1), append([]byte(left[2]), 0)} {
							s.send(frames.Pong, string(payload))
						}
						continue
					}
					s.send(frames.Pong, left[a.ping])
				}
				for i, call := range calls {
					s.mustPing(call, tt.ends[i], tt.rtts[i])
				}
			})
		})
	}
}

var errGivenUpWaiting = errors.New("waited long enough")

// How a Ping ends that is not answered. It begins after a second.
func TestPingThatIsNotAnswered(t *testing.T) {
	const second = time.Second
	for _, tt := range []struct {
		name string
		o    wsconn.PairOptions
		end  func(s *stage) // after 5 seconds
		at   time.Duration
		is   func(error) bool
	}{
		{"its context ends", wsconn.PairOptions{}, func(s *stage) {}, 7 * second,
			func(err error) bool { return errors.Is(err, errGivenUpWaiting) }},
		{"Close", wsconn.PairOptions{}, func(s *stage) { s.socket.Close() }, 5 * second, isLocalClose},
		{"Terminate", wsconn.PairOptions{}, func(s *stage) { s.socket.Terminate() }, 5 * second, isLocalClose},
		{"the peer closes", wsconn.PairOptions{NoHalfClose: true}, func(s *stage) { s.closes(1000) }, 5 * second, isCloseError},
		{"the peer goes away", wsconn.PairOptions{}, func(s *stage) { s.closes(1001) }, 5 * second, isCloseError},
		{"the transport ends", wsconn.PairOptions{}, func(s *stage) { s.peer.Close() }, 5 * second,
			func(err error) bool { return isTruncation(err) == nil }},
		{"a violation", wsconn.PairOptions{}, func(s *stage) { s.write([]byte{0xff, 0}) }, 5 * second,
			func(err error) bool { return errors.As(err, new(*frames.Error)) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachStage(t, tt.o, func(s *stage) {
				ctx, cancel := context.WithTimeoutCause(context.Background(), 7*second, errGivenUpWaiting)
				defer cancel()
				s.listen(silent)
				s.until(second)
				call := s.ping(ctx)
				s.until(5 * second)
				tt.end(s)
				o := <-call
				if o.at != tt.at || o.n != 0 || !tt.is(o.err) || !errors.As(o.err, new(*net.OpError)) || !strings.HasPrefix(o.err.Error(), "ping ") {
					s.t.Errorf("Ping ended at %v: %d, %v", o.at, o.n, o.err)
				}
			})
		})
	}
}

// A Ping whose peer is given up.
func TestPingAtDeath(t *testing.T) {
	eachStage(t, wsconn.PairOptions{}, func(s *stage) {
		calls := []<-chan outcome{s.ping(context.Background()), s.ping(context.Background())}
		s.until(time.Hour)
		s.mustGiveUp(25*time.Second, calls...)
	})
}

// Pings before and after each kind of end: after half of one they go on.
func TestPingAfterTheEnd(t *testing.T) {
	closeWrites := func(s *stage) { s.stream().CloseWrite() }
	for _, tt := range []struct {
		name string
		o    wsconn.PairOptions
		ends []func(s *stage)
		is   func(error) bool // nil: none
	}{
		{"CloseWrite", wsconn.PairOptions{}, []func(s *stage){closeWrites}, nil},
		{"the peer's half-close", wsconn.PairOptions{}, []func(s *stage){func(s *stage) { s.closes(0) }}, nil},
		{"both", wsconn.PairOptions{}, []func(s *stage){closeWrites, func(s *stage) { s.closes(0) }}, nil},
		{"the peer's Close", wsconn.PairOptions{}, []func(s *stage){func(s *stage) { s.closes(1000) }}, isCloseError},
		{"the peer's Close without half-close", wsconn.PairOptions{NoHalfClose: true},
			[]func(s *stage){func(s *stage) { s.closes(1000) }}, isCloseError},
		{"Close", wsconn.PairOptions{}, []func(s *stage){func(s *stage) { s.socket.Close() }}, isLocalClose},
		{"Terminate", wsconn.PairOptions{}, []func(s *stage){func(s *stage) { s.socket.Terminate() }}, isLocalClose},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachStage(t, tt.o, func(s *stage) {
				s.listen(func(f rawFrame) { time.AfterFunc(ms, func() { s.answer(f) }) })
				s.until(2 * time.Second) // somebody reads ahead
				for _, end := range tt.ends {
					end(s)
					synctest.Wait()
				}
				sent := s.socket.Stats().PingsSent
				for range 2 {
					if tt.is == nil {
						s.mustPing(s.ping(context.Background()), s.now()+ms, ms)
						continue
					}
					if o := <-s.ping(context.Background()); !tt.is(o.err) || o.at != s.now() || s.socket.Stats().PingsSent != sent {
						s.t.Errorf("Ping: %v at %v, %+v", o.err, o.at, s.socket.Stats())
					}
				}
			})
		})
	}
}

// A Ping waits for its turn behind a frame that is being written, and that does
// not count.
func TestPingBehindAWrite(t *testing.T) {
	eachStage(t, wsconn.PairOptions{}, func(s *stage) {
		c := s.stream()
		write := s.begin(c.Write, make([]byte, 1<<20))
		s.until(time.Second)
		call := s.ping(context.Background())
		for id := range uint64(5) { // one of which is its own
			s.send(frames.Pong, string(binary.BigEndian.AppendUint64(nil, id)))
		}
		s.until(9 * time.Second)
		s.mustWait(write, call)
		s.listen(func(f rawFrame) { time.AfterFunc(5*ms, func() { s.answer(f) }) })
		s.mustPing(call, 9*time.Second+5*ms, 5*ms)
		if o := <-write; o.err != nil {
			s.t.Errorf("Write: %v", o.err)
		}
	})
}

// A Pong behind more than the read-ahead holds comes when the application reads.
func TestPongBehindTooMuch(t *testing.T) {
	eachStage(t, wsconn.PairOptions{}, func(s *stage) {
		c := s.stream()
		var pings []rawFrame
		s.listen(func(f rawFrame) { pings = append(pings, f) })
		sent := s.flood(300<<10, 1000)
		call := s.ping(context.Background())
		go func() {
			<-sent
			s.answer(pings[0])
		}()
		s.until(20 * time.Second)
		s.mustWait(call)
		s.reads(c)
		s.mustPing(call, 20*time.Second, 20*time.Second)
	})
}

// OnPing and OnPong get every payload, as bytes of their own, and the Ping is
// answered all the same.
func TestOnPingAndOnPong(t *testing.T) {
	var got []string
	var kept [][]byte
	note := func(what string) func(*wsconn.Socket, []byte) {
		return func(s *wsconn.Socket, p []byte) {
			got = append(got, fmt.Sprintf("%s %q", what, p))
			kept = append(kept, p)
			s.Stats() // may be called
		}
	}
	eachStage(t, wsconn.PairOptions{OnPing: note("ping"), OnPong: note("pong")}, func(s *stage) {
		got, kept = nil, nil
		c := s.stream()
		s.listen(silent)
		long := text(125)
		s.send(frames.Ping, "a")
		s.send(frames.Pong, "b")
		s.until(2 * time.Second) // read ahead
		w := wire{role: other(s.role)}
		w.frame(frames.Binary, false, "half a ")
		w.frame(frames.Ping, true, long)
		w.frame(frames.Pong, true, "")
		w.frame(frames.Continuation, true, "message")
		for _, b := range w.b {
			s.write([]byte{b})
		}
		mustRead(s.t, c, "half a message")
		s.saw(`1s pong "a"`, fmt.Sprintf("2s pong %q", long))
		want := []string{`ping "a"`, `pong "b"`, fmt.Sprintf("ping %q", long), `pong ""`}
		if !slices.Equal(got, want) {
			s.t.Errorf("got %q, want %q", got, want)
		}
		for i, p := range kept {
			if !strings.HasSuffix(want[i], fmt.Sprintf(" %q", p)) {
				s.t.Errorf("the payload of %s has become %q", want[i], p)
			}
		}
	})
}
