package wsconn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/wsconn"
)

// Pings are answered although nobody reads, some time after the last Read: a
// quarter of the shorter Timeout, but not more than a second. Later ones are
// answered at once.
func TestPingsAreAnsweredWhileNobodyReads(t *testing.T) {
	const second = time.Second
	for _, tt := range []struct {
		name string
		o    wsconn.PairOptions
		want time.Duration
	}{
		{"the defaults", wsconn.PairOptions{}, second},
		{"a short timeout", wsconn.PairOptions{KeepAlive: wsconn.KeepAlive{Timeout: 2 * second}}, second / 2},
		{"a short one of the peer", wsconn.PairOptions{PeerTimeout: second}, second / 4},
		{"a long one of the peer", wsconn.PairOptions{PeerTimeout: time.Minute}, second},
		{"only the peer's", wsconn.PairOptions{KeepAlive: wsconn.KeepAlive{Interval: -1}, PeerTimeout: 2 * second}, second / 2},
		{"none", wsconn.PairOptions{KeepAlive: wsconn.KeepAlive{Interval: -1}}, second},
		{"none without half-close", wsconn.PairOptions{NoHalfClose: true, KeepAlive: wsconn.KeepAlive{Timeout: -1}}, second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachStage(t, tt.o, func(s *stage) {
				c := s.stream()
				s.listen(s.answer)
				s.send(frames.Ping, "1")
				s.until(3 * second)
				s.send(frames.Ping, "2")
				s.until(3500 * time.Millisecond)
				want := []string{fmt.Sprintf("%v pong \"1\"", tt.want), `3s pong "2"`}
				s.saw(want...)

				// A Read that has waited, and no other after it.
				read := s.begin(c.Read, make([]byte, 1))
				s.until(6100 * time.Millisecond)
				c.SetReadDeadline(time.Now())
				<-read
				s.send(frames.Ping, "3")
				s.until(8 * second)
				s.saw(append(want, fmt.Sprintf("%v pong \"3\"", 6100*time.Millisecond+tt.want))...)
			})
		})
	}
}

// An application that reads now and then is waited for longer, but not twice as
// long; one that works off what it has got at once is not.
func TestPingsAreAnsweredBetweenReads(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name string
		each bool // a byte comes before each Read, and not all before the first
		want string
	}{
		{"which the transport is asked for", true, `6s pong "?"`},
		{"of what is here", false, `5s pong "?"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachStage(t, wsconn.PairOptions{}, func(s *stage) {
				c := s.stream()
				s.listen(s.answer)
				if !tt.each {
					s.send(frames.Binary, text(100))
				}
				for at := 100 * ms; at <= 4100*ms; at += 100 * ms {
					s.until(at)
					if tt.each {
						s.send(frames.Binary, "x")
					}
					if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
						s.t.Fatal(err)
					}
				}
				s.until(4200 * ms)
				s.send(frames.Ping, "?")
				s.until(10 * time.Second)
				s.saw(tt.want)
			})
		})
	}
}

// Who only writes learns of the peer's Close, and of its death, too.
func TestWriterLearnsOfTheEnd(t *testing.T) {
	for _, tt := range []struct {
		name   string
		o      wsconn.PairOptions
		end    func(s *stage)
		at     time.Duration // when the Write fails, one being made each second
		answer []string
		is     func(error) bool
	}{
		{"Close", wsconn.PairOptions{}, func(s *stage) { s.closes(1000) }, 6 * time.Second, []string{"5.5s close 1005"}, isCloseError},
		{"Close without half-close", wsconn.PairOptions{NoHalfClose: true}, func(s *stage) { s.closes(1000) },
			6 * time.Second, []string{"5.5s close 1000"}, isCloseError},
		{"Close with another code", wsconn.PairOptions{}, func(s *stage) { s.closes(1001) },
			6 * time.Second, []string{"5.5s close 1001"}, isCloseError},
		{"the end of the transport", wsconn.PairOptions{}, func(s *stage) { s.peer.(interface{ CloseWrite() error }).CloseWrite() }, 6 * time.Second, nil,
			func(err error) bool { return isTruncation(err) == nil }},
		{"a violation", wsconn.PairOptions{}, func(s *stage) { s.write([]byte{0xff, 0}) }, 6 * time.Second, []string{"5.5s close 1002"},
			func(err error) bool { return errors.As(err, new(*frames.Error)) }},
		{"death", wsconn.PairOptions{}, func(s *stage) {}, 25 * time.Second, []string{"15s ping", "25s cut"}, isGiven},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachStage(t, tt.o, func(s *stage) {
				c := s.stream()
				go func() {
					s.until(5500 * time.Millisecond)
					tt.end(s)
				}()
				s.listen(silent)
				for {
					s.until(s.now() + time.Second)
					if _, err := c.Write([]byte("x")); err != nil {
						if s.now() != tt.at || !tt.is(err) {
							s.t.Errorf("at %v the Write failed: %v", s.now(), err)
						}
						break
					}
				}
			})
		})
	}
}

// A violation in what nobody reads is answered at once. The application gets
// what came before it, and then the violation.
func TestViolationWhileNobodyReads(t *testing.T) {
	bad := "héllo\xff"
	for _, tt := range []struct {
		name string
		b    func(s *stage) []byte
		code frames.CloseCode
	}{
		{"text that is not UTF-8", func(s *stage) []byte { return s.frame(frames.Text, bad) }, frames.CloseInvalidPayload},
		{"a reserved opcode", func(s *stage) []byte { return s.frame(3, "x") }, frames.CloseProtocolError},
		{"a continuation of nothing", func(s *stage) []byte { return s.frame(frames.Continuation, "x") }, frames.CloseProtocolError},
		{"a Close with half a code", func(s *stage) []byte { return s.frame(frames.Close, "x") }, frames.CloseProtocolError},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachStage(t, wsconn.PairOptions{}, func(s *stage) {
				c := s.stream()
				s.listen(silent)
				s.send(frames.Text, "before")
				s.until(3 * time.Second)
				s.write(tt.b(s))
				s.saw(fmt.Sprintf("3s close %d", tt.code))
				mustRead(s.t, c, "before")
				_, err := c.Read(make([]byte, 100))
				if e, ok := errors.AsType[*frames.Error](err); !ok || e.Code != tt.code {
					s.t.Errorf("Read: %v, want a violation with code %d", err, tt.code)
				}
			})
		})
	}
}

// An application that begins to read at the very moment at which the read-ahead
// does, and one that closes then: what comes first is a matter of chance, so
// there are many.
func TestCallsAtTheMomentOfTheReadAhead(t *testing.T) {
	for _, tr := range everyTransport[4:] {
		onStage(t, tr, wsconn.PairOptions{}, func(s *stage) {
			for range 200 {
				x := newStage(s.t, tr, s.role, wsconn.PairOptions{})
				c := x.stream()
				done := make(chan outcome, 1)
				time.AfterFunc(attention, func() {
					n, err := c.Read(make([]byte, 10))
					done <- outcome{n, err, x.now()}
				})
				time.AfterFunc(attention, func() { x.send(frames.Binary, "x") })
				if o := <-done; o.n != 1 || o.err != nil || o.at != attention {
					s.t.Fatalf("Read: %d, %v at %v", o.n, o.err, o.at)
				}
				x.until(2 * attention)
				ended := make(chan struct{})
				time.AfterFunc(0, func() { c.Close() })
				time.AfterFunc(0, func() {
					defer close(ended)
					c.Socket().Ping(context.Background())
				})
				<-ended
				if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
					s.t.Fatalf("Read after Close: %v", err)
				}
				c.Terminate()
			}
		})
	}
}

// However a peer's session is cut in two: what comes before the cut is read
// ahead, the application takes some of it, and what comes behind is read ahead
// again. It finds every byte at its place, and behind them the end, of which the
// peer hears then and not before.
func TestReadAheadKeepsTheStream(t *testing.T) {
	eachCutOfASession(t, func(s *stage, r *recording, k int) (all bool) {
		c := s.stream()
		s.write(r.b[:k])
		s.until(3 * time.Second)
		got := make([]byte, complete(r.arrived, k)*(k%4)/3)
		if _, err := io.ReadFull(c, got); err != nil {
			s.t.Fatalf("cut after %d: %v", k, err)
		}
		all = len(got) == len(r.stream)
		s.until(6 * time.Second)
		s.write(r.b[k:])
		s.until(9 * time.Second)
		if n := len(r.stream) - len(got); n > 0 && c.Stats().Ahead != n {
			s.t.Errorf("cut after %d: %d bytes are read ahead, want %d", k, c.Stats().Ahead, n)
		}
		rest, err := io.ReadAll(c)
		if got = append(got, rest...); !bytes.Equal(got, r.stream) || err != nil {
			s.t.Errorf("cut after %d: %q, %v, want %q", k, got, err, r.stream)
		}
		mustEOF(s.t, c)
		return all
	})
}

// The same with messages, their borders and their types, and a call that is
// cancelled in the middle of one.
func TestReadAheadKeepsMessages(t *testing.T) {
	ctx := context.Background()
	eachCutOfASession(t, func(s *stage, r *recording, k int) (all bool) {
		read := 0
		readTo := func(end int) {
			for ; read < end; read++ {
				want := wsconn.Binary
				if read == 1 {
					want = wsconn.Text
				}
				typ, p, err := s.socket.ReadMessage(ctx)
				if typ != want || string(p) != r.messages[read] || err != nil {
					s.t.Errorf("cut after %d, message %d: %v %q, %v, want %v %q", k, read, typ, p, err, want, r.messages[read])
				}
			}
		}
		s.write(r.b[:k])
		s.until(3 * time.Second)
		whole := complete(r.borders, k)
		readTo(whole * (k % 4) / 3)
		all = read == len(r.messages)
		if read == whole && k < len(r.b) {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			if _, p, err := s.socket.ReadMessage(ctx); !errors.Is(err, context.DeadlineExceeded) {
				s.t.Errorf("cut after %d: %q, %v, want a timeout", k, p, err)
			}
		}
		s.until(6 * time.Second)
		s.write(r.b[k:])
		s.until(9 * time.Second)
		readTo(len(r.messages))
		if _, _, err := s.socket.ReadMessage(ctx); err != io.EOF {
			s.t.Errorf("cut after %d: the end is %v, want io.EOF", k, err)
		}
		return all
	})
}

// eachCutOfASession runs a script for each way to cut a session in two, up to
// its end. The script writes the first part at once, reads some of it after 3
// seconds and says whether that was all, writes the rest after 6 and reads it
// after 9. Nobody else reads, and still the peer's Ping is answered.
func eachCutOfASession(t *testing.T, script func(s *stage, r *recording, k int) (all bool)) {
	for _, tr := range everyTransport[4:] {
		for _, role := range []frames.Role{frames.Client, frames.Server} {
			t.Run(fmt.Sprintf("%s/role %d", tr.name, role), func(t *testing.T) {
				r := record(other(role))
				for k := range len(r.b) + 1 {
					synctest.Test(t, func(t *testing.T) {
						s := newStage(t, tr, role, wsconn.PairOptions{})
						s.listen(silent)
						want := []string{`1s pong "are you there?"`, "9s close 1005"}
						if k < r.pinged {
							want[0] = `6s pong "are you there?"`
						}
						switch all := script(s, r, k); {
						case all && k == len(r.b):
							want[1] = "3s close 1005"
						case all:
							want[1] = "6s close 1005"
						}
						s.saw(want...)
					})
				}
			})
		}
	}
}
