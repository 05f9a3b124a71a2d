package wsconn_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/wsconn"
)

// count is what a script reads: frames, and their bytes.
type count struct{ frames, bytes int64 }

func (x *count) add(f rawFrame) {
	x.frames++
	x.bytes += int64(f.Size()) + f.Length
}

// What was read and written is counted frame by frame, with their headers.
func TestStatsCountFramesAndBytes(t *testing.T) {
	for _, tt := range []struct {
		name string
		send func(c *wsconn.Conn, p []byte) // by the end under test
	}{
		{"nothing", func(c *wsconn.Conn, p []byte) {}},
		{"a small Write", func(c *wsconn.Conn, p []byte) { c.Write(p[:10]) }},
		{"a large Write", func(c *wsconn.Conn, p []byte) { c.Write(p) }},
		{"many", func(c *wsconn.Conn, p []byte) {
			for i := range 500 {
				c.Write(p[:i])
			}
		}},
		{"a Ping", func(c *wsconn.Conn, p []byte) { c.Socket().Ping(context.Background()) }},
		{"CloseWrite", func(c *wsconn.Conn, p []byte) { c.CloseWrite() }},
		{"Close", func(c *wsconn.Conn, p []byte) { c.Close() }},
	} {
		for _, messageSize := range []int{0, 1000, -1} {
			t.Run(fmt.Sprintf("%s/messages of %d", tt.name, messageSize), func(t *testing.T) {
				eachStage(t, wsconn.PairOptions{}, func(s *stage) {
					c := wsconn.NewConn(s.socket, &wsconn.ConnOptions{MessageSize: messageSize})
					var left count
					s.listen(func(f rawFrame) {
						left.add(f)
						s.answer(f)
					})
					tt.send(c, make([]byte, 1_000_000))
					s.until(s.now()) // everything has left
					if st := c.Stats(); st.FramesWritten != left.frames || st.BytesWritten != left.bytes {
						s.t.Errorf("%d frames of %d bytes are counted, and %d of %d have left",
							st.FramesWritten, st.BytesWritten, left.frames, left.bytes)
					}
				})
			})
		}
	}
}

// The same for what comes, in pieces of any size, whoever reads, and with what
// came behind the handshake.
func TestStatsCountWhatComes(t *testing.T) {
	for _, early := range []int{0, 1, 100} {
		for _, piece := range []int{1, 7, 1000} {
			for _, idle := range []bool{false, true} {
				t.Run(fmt.Sprintf("%d early bytes, pieces of %d, nobody reads %t", early, piece, idle), func(t *testing.T) {
					for _, role := range []frames.Role{frames.Client, frames.Server} {
						r := record(other(role))
						o := wsconn.PairOptions{Buffered: r.b[:early]}
						for _, tr := range everyTransport[4:] {
							inStage(t, tr, role, o, func(s *stage) {
								if c := s.stream(); !idle {
									s.reads(c)
								}
								for at := early; at < len(r.b); at += piece {
									s.write(r.b[at:min(at+piece, len(r.b))])
								}
								s.until(2 * time.Second)
								st := s.socket.Stats()
								if st.FramesRead != 10 || st.BytesRead != int64(len(r.b)) {
									s.t.Errorf("%d frames of %d bytes, want 10 of %d", st.FramesRead, st.BytesRead, len(r.b))
								}
								if want := map[bool]int{true: len(r.stream)}[idle]; st.Ahead != want {
									s.t.Errorf("%d bytes ahead, want %d", st.Ahead, want)
								}
							})
						}
					}
				})
			}
		}
	}
}

// A Write that a deadline cuts has sent whole frames, and counts only those of
// which something was sent.
func TestStatsOfACutWrite(t *testing.T) {
	for _, messageSize := range []int{100, 1000, 30_000, 500_000, -1} {
		for _, cuts := range []int{1, 3} {
			t.Run(fmt.Sprintf("messages of %d, %d deadlines", messageSize, cuts), func(t *testing.T) {
				eachStage(t, wsconn.PairOptions{CloseTimeout: farOff}, func(s *stage) {
					c := wsconn.NewConn(s.socket, &wsconn.ConnOptions{MessageSize: messageSize})
					p := make([]byte, 2<<20)
					accepted := 0
					for range cuts {
						c.SetWriteDeadline(time.Now().Add(time.Second))
						n, err := c.Write(p[accepted:])
						if accepted += n; err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
							s.t.Fatal(err)
						}
					}
					before := c.Stats()
					var left count
					var data int64
					s.listen(func(f rawFrame) {
						left.add(f)
						if !f.Opcode.IsControl() {
							data += f.Length
						}
					})
					s.until(s.now())
					if st := c.Stats(); st.FramesWritten != left.frames || st.BytesWritten != left.bytes || data != int64(accepted) {
						s.t.Errorf("%d frames of %d bytes are counted, and %d of %d have left; %d bytes accepted, %d have left",
							st.FramesWritten, st.BytesWritten, left.frames, left.bytes, accepted, data)
					}
					if before.BytesWritten != left.bytes || before.FramesWritten != left.frames {
						s.t.Errorf("before the peer read it was %d frames of %d bytes", before.FramesWritten, before.BytesWritten)
					}
				})
			})
		}
	}
}

// When the last byte came is known to the moment, also of one that makes no
// frame.
func TestStatsLastInbound(t *testing.T) {
	eachStage(t, wsconn.PairOptions{}, func(s *stage) {
		c := s.stream()
		s.listen(silent)
		check := func(want time.Duration) {
			s.t.Helper()
			if got := c.Stats().LastInbound.Sub(s.start); got != want {
				s.t.Errorf("at %v the last byte came at %v, want %v", s.now(), got, want)
			}
		}
		check(0)
		s.until(3 * time.Second)
		check(0)
		s.write(s.frame(frames.Binary, text(100))[:5])
		s.until(10 * time.Second)
		check(3 * time.Second)
		s.write(make([]byte, 10))
		s.until(11 * time.Second)
		check(10 * time.Second)
		s.until(time.Hour) // it was given up, and its transport is cut
		check(10 * time.Second)
	})
}

// Pings are counted by who sends them: the keepalive's and those of Ping.
func TestStatsPingsSent(t *testing.T) {
	eachStage(t, wsconn.PairOptions{}, func(s *stage) {
		c := s.stream()
		s.listen(s.answer)
		for i := range 3 {
			<-s.ping(context.Background())
			if n := c.Stats().PingsSent; n != int64(i+1) {
				s.t.Errorf("%d pings, want %d", n, i+1)
			}
		}
		s.until(45 * time.Second)
		if n := c.Stats().PingsSent; n != 6 {
			s.t.Errorf("%d pings, want 6", n)
		}
	})
}
