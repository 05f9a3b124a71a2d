package wsconn_test

import (
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/wsconn"
)

// A peer that answers is asked at exactly these times.
func TestWhenPingsLeave(t *testing.T) {
	const ms = time.Millisecond
	at := func(ms ...time.Duration) (times []time.Duration) {
		for _, m := range ms {
			times = append(times, m*time.Millisecond)
		}
		return times
	}
	for _, tt := range []struct {
		name   string
		k      wsconn.KeepAlive
		jitter float64
		delay  time.Duration // of the answers
		idle   bool          // the application does not read
		want   []time.Duration
	}{
		{name: "by default", want: at(15_000, 30_000, 45_000, 60_000)},
		{name: "while nobody reads", idle: true, want: at(15_000, 30_000, 45_000, 60_000)},
		{name: "all jitter", jitter: 1, want: at(12_000, 24_000, 36_000, 48_000, 60_000)},
		{name: "half of it", jitter: 0.5, want: at(13_500, 27_000, 40_500, 54_000)},
		{name: "slow answers", delay: 2 * time.Second, want: at(15_000, 32_000, 49_000)},
		{name: "answers at the last moment", delay: timeout - 1*ms, want: at(15_000, 39_999)},
		{name: "a short interval", k: wsconn.KeepAlive{Interval: 20 * time.Second, Timeout: 50 * ms}, want: at(20_000, 40_000, 60_000)},
		{name: "shorter than the timeout", k: wsconn.KeepAlive{Interval: 9 * time.Second}, delay: 1000 * ms,
			want: at(9_000, 19_000, 29_000, 39_000, 49_000, 59_000)},
		{name: "and answered late", k: wsconn.KeepAlive{Interval: 4 * time.Second, Timeout: 30 * time.Second}, delay: 10 * time.Second,
			want: at(4_000, 18_000, 32_000, 46_000, 60_000)},
		{name: "timeout off", k: wsconn.KeepAlive{Timeout: -1}, want: at(15_000, 30_000, 45_000, 60_000)},
		{name: "timeout off, slow answers", k: wsconn.KeepAlive{Timeout: -1}, delay: 1000 * ms, want: at(15_000, 31_000, 47_000)},
		{name: "timeout off, jitter", k: wsconn.KeepAlive{Timeout: -1}, jitter: 1, want: at(12_000, 24_000, 36_000, 48_000, 60_000)},
		{name: "interval off", k: wsconn.KeepAlive{Interval: -1}},
		{name: "interval off, nobody reads", k: wsconn.KeepAlive{Interval: -1}, idle: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachStage(t, wsconn.PairOptions{KeepAlive: tt.k, Jitter: tt.jitter}, func(s *stage) {
				c := s.stream()
				if !tt.idle {
					s.reads(c)
				}
				s.listen(func(f rawFrame) { time.AfterFunc(tt.delay, func() { s.answer(f) }) })
				s.until(61 * time.Second)
				s.saw(pings(tt.want...)...)
				mustWrite(t, c, "still there")
			})
		})
	}
}

// With Timeout off nobody is given up, and a peer that never answers is sent
// Pings all the same: that keeps what is between alive.
func TestPingsWithoutATimeout(t *testing.T) {
	eachStage(t, wsconn.PairOptions{KeepAlive: wsconn.KeepAlive{Timeout: -1}}, func(s *stage) {
		s.reads(s.stream())
		s.listen(silent)
		s.until(time.Hour)
		var want []time.Duration
		for at := interval; at <= time.Hour; at += interval {
			want = append(want, at)
		}
		s.saw(pings(want...)...)
	})
}

// beginnings are bytes that a peer may send; what follows them does not matter.
func beginnings(s *stage) map[string][]byte {
	long := s.frame(frames.Binary, text(1000))
	w := wire{role: other(s.role)}
	w.closeFrame(0, "")
	return map[string][]byte{
		"a data frame":                   s.frame(frames.Binary, "x"),
		"an empty one":                   s.frame(frames.Text, ""),
		"one byte of a header":           long[:1],
		"a header without its last byte": long[:4],
		"half a payload":                 long[:500],
		"a pong that nobody asked for":   s.frame(frames.Pong, "x"),
		"a pong with a number":           s.frame(frames.Pong, "\x00\x00\x00\x00\x00\x00\x00\x09"),
		"half a pong":                    s.frame(frames.Pong, "abc")[:3],
		"a ping":                         s.frame(frames.Ping, ""),
		"the end of its stream":          w.b,
	}
}

// eachBeginning runs a script with each of the beginnings, while the
// application reads and while it does not.
func eachBeginning(t *testing.T, script func(s *stage, b []byte, answers []string)) {
	for name := range beginnings(new(stage)) {
		for _, idle := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, nobody reads %t", name, idle), func(t *testing.T) {
				eachStage(t, wsconn.PairOptions{}, func(s *stage) {
					if c := s.stream(); !idle {
						s.reads(c)
					}
					var answers []string
					if name == "a ping" {
						answers = []string{`10s pong ""`}
					}
					script(s, beginnings(s)[name], answers)
				})
			})
		}
	}
}

// Whatever comes, and be it one byte, is a sign of life: the silence begins
// anew.
func TestEveryByteMovesThePing(t *testing.T) {
	eachBeginning(t, func(s *stage, b []byte, answers []string) {
		s.listen(silent)
		s.until(10 * time.Second)
		s.write(b)
		s.until(25*time.Second - 1)
		s.saw(answers...)
		s.until(25 * time.Second)
		s.saw(append(answers, "25s ping")...)
	})
}

// After the Ping, too, it is: the verdict is put off by a whole Interval and
// Timeout. But no second Ping is sent while one has not been answered.
func TestEveryBytePutsTheVerdictOff(t *testing.T) {
	eachBeginning(t, func(s *stage, b []byte, answers []string) {
		s.listen(silent)
		s.until(24 * time.Second)
		s.write(b)
		want := []string{"15s ping"}
		if len(answers) > 0 {
			want = append(want, `24s pong ""`)
		}
		s.until(49*time.Second - 1)
		s.saw(want...)
		s.until(49 * time.Second)
		s.saw(append(want, "49s cut")...)
	})
}

// What becomes of a peer by what it does about each Ping.
func TestAnswersAndVerdicts(t *testing.T) {
	type about = func(s *stage, f rawFrame)
	right := func(s *stage, f rawFrame) { s.answer(f) }
	for _, tt := range []struct {
		name   string
		about  about
		delay  time.Duration
		times  int // how often it does that
		want   []time.Duration
		deadAt time.Duration
	}{
		{"no answer", right, 0, 0, []time.Duration{15 * time.Second}, 25 * time.Second},
		{"one answer", right, 0, 1, []time.Duration{15 * time.Second, 30 * time.Second}, 40 * time.Second},
		{"two answers", right, 0, 2, []time.Duration{15 * time.Second, 30 * time.Second, 45 * time.Second}, 55 * time.Second},
		{"a slow answer", right, 9 * time.Second, 1, []time.Duration{15 * time.Second, 39 * time.Second}, 49 * time.Second},
		{"an answer at the last moment", right, timeout - 1, 1, []time.Duration{15 * time.Second, 40*time.Second - 1}, 50*time.Second - 1},
		{"an answer that is too late", right, timeout + 1, 1, []time.Duration{15 * time.Second}, 25 * time.Second},
		{"a wrong answer", func(s *stage, f rawFrame) { s.send(frames.Pong, string(f.payload)+"!") },
			time.Second, 1, []time.Duration{15 * time.Second}, 41 * time.Second},
		{"an empty answer", func(s *stage, f rawFrame) { s.send(frames.Pong, "") },
			time.Second, 1, []time.Duration{15 * time.Second}, 41 * time.Second},
		{"data instead", func(s *stage, f rawFrame) { s.send(frames.Binary, "x") },
			time.Second, 1, []time.Duration{15 * time.Second}, 41 * time.Second},
		{"half an answer", func(s *stage, f rawFrame) { s.write(s.frame(frames.Pong, string(f.payload))[:5]) },
			time.Second, 1, []time.Duration{15 * time.Second}, 41 * time.Second},
		{"the answer twice", func(s *stage, f rawFrame) { s.answer(f); s.answer(f) },
			time.Second, 1, []time.Duration{15 * time.Second, 31 * time.Second}, 41 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachStage(t, wsconn.PairOptions{}, func(s *stage) {
				c := s.stream()
				s.reads(c)
				times := tt.times
				s.listen(func(f rawFrame) {
					if times--; times >= 0 {
						time.AfterFunc(tt.delay, func() { tt.about(s, f) })
					}
				})
				s.until(tt.deadAt - 1)
				s.saw(pings(tt.want...)...)
				s.until(tt.deadAt)
				s.saw(append(pings(tt.want...), fmt.Sprintf("%v cut", tt.deadAt))...)
				if _, err := c.Read(make([]byte, 1)); isGivenUp(err) != nil {
					s.t.Errorf("Read: %v", isGivenUp(err))
				}
			})
		})
	}
}

// A peer that sends something now and then, but never a Pong, gets the next
// Ping only when the last one would have cost it its life.
func TestOnePingAtATime(t *testing.T) {
	const every = interval + timeout - 1
	eachStage(t, wsconn.PairOptions{}, func(s *stage) {
		s.reads(s.stream())
		s.listen(silent)
		want := pings(interval)
		for n := 1; n < 24; n++ {
			s.until(time.Duration(n) * every)
			s.send(frames.Binary, "x")
			if n%2 == 0 { // the Ping was sent longer than that ago only every other time
				want = append(want, pings(s.now()+interval)...)
			}
		}
		s.until(24*every - 1)
		s.saw(want...)
	})
}

// A peer may take minutes for one frame, as long as no pause in it is one.
func TestFrameThatTakesMinutes(t *testing.T) {
	for _, idle := range []bool{false, true} {
		t.Run(fmt.Sprintf("nobody reads %t", idle), func(t *testing.T) {
			eachStage(t, wsconn.PairOptions{}, func(s *stage) {
				c := s.stream()
				if !idle {
					s.reads(c)
				}
				s.listen(silent)
				long := s.frame(frames.Binary, text(100))
				for i := range long {
					s.until(time.Duration(i) * (interval - 1))
					s.write(long[i : i+1])
				}
				s.saw()
				if idle {
					mustRead(s.t, c, text(100))
				}
			})
		})
	}
}

// Of two ends of this library the one with the shorter interval asks, and both
// stay together for good, whoever reads.
func TestIdlePairLives(t *testing.T) {
	for _, tr := range everyTransport[4:] {
		for _, noHalfClose := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/no half-close %t", tr.name, noHalfClose), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a, b := tr.make(t)
					o := wsconn.PairOptions{NoHalfClose: noHalfClose, PeerTimeout: timeout}
					server := wsconn.NewTestConn(b, frames.Server, o)
					o.Jitter = 1
					client := wsconn.NewTestConn(a, frames.Client, o)
					defer client.Terminate()
					defer server.Terminate()
					const text = "after an hour"
					p, read := make([]byte, len(text)), make(chan error)
					go func() { // nobody reads from the server
						_, err := io.ReadFull(client, p)
						read <- err
					}()
					time.Sleep(time.Hour)
					synctest.Wait()
					if n, m := client.Stats().PingsSent, server.Stats().PingsSent; n != 300 || m != 0 {
						t.Errorf("%d and %d pings in an hour, want 300 and none", n, m)
					}
					mustWrite(t, server, text)
					if err := <-read; err != nil || string(p) != text {
						t.Errorf("read %q, %v", p, err)
					}
					mustTalk(t, client, server)
				})
			})
		}
	}
}
