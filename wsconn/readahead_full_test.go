package wsconn_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// flood has the script send bytes of the stream of seed 7 in frames of this
// size, as many as there are in all, however long that takes.
func (s *stage) flood(total, size int) (sent <-chan struct{}) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		p := make([]byte, size)
		for at := 0; at < total; at += size {
			p = p[:min(size, total-at)]
			testnet.Fill(p, 7, int64(at))
			s.send(frames.Binary, string(p))
		}
	}()
	synctest.Wait()
	return done
}

// While there is more to read than the read-ahead holds, the peer hears every
// half of the shorter Timeout that this end lives, and is not given up for its
// own silence. When the application reads again everything is as before.
func TestFullReadAhead(t *testing.T) {
	const size = 1 << 20
	eachStage(t, wsconn.PairOptions{}, func(s *stage) {
		c := s.stream()
		s.listen(s.answer)
		sent := s.flood(size, 1000)
		s.until(4 * time.Minute)
		// The read-ahead begins after a second. The look at the next one does not
		// know yet that it is full.
		var want []string
		for at := 2*attention + timeout/2; at <= 4*time.Minute; at += timeout / 2 {
			want = append(want, fmt.Sprintf("%v pong \"\"", at))
		}
		s.saw(want...)
		st := c.Stats()
		if !st.Slow || st.Ahead < 100<<10 || st.Ahead > 132<<10 || st.PingsSent != 0 {
			s.t.Errorf("%+v", st)
		}
		select {
		case <-sent:
			s.t.Error("everything was taken although nobody reads")
		default:
		}

		v := testnet.NewVerifier(7)
		if n, err := io.CopyN(v, c, size); n != size || err != nil || s.now() != 4*time.Minute {
			s.t.Errorf("read %d, %v at %v", n, err, s.now())
		}
		<-sent
		s.reads(c)
		s.until(4*time.Minute + attention)
		if st := c.Stats(); st.Slow || st.Ahead != 0 {
			s.t.Errorf("%+v", st)
		}
		s.until(4*time.Minute + 40*time.Second)
		s.saw(append(want, "4m15s ping", "4m30s ping")...)
	})
}

// Pieces of messages are bounded, too. What comes in order stays so.
func TestReadAheadOfTinyMessages(t *testing.T) {
	const count = 5000
	message := func(i int) string { return text(i % 3) } // every third is empty
	eachStage(t, wsconn.PairOptions{}, func(s *stage) {
		go func() {
			for i := range count {
				s.send(frames.Text, message(i))
			}
			s.closes(0)
		}()
		s.until(10 * time.Second)
		if st := s.socket.Stats(); st.Ahead != 1023 || st.FramesRead != 1024 || !st.Slow {
			s.t.Errorf("%+v, want 1024 messages with 1023 bytes", st)
		}
		for i := range count {
			typ, p, err := s.socket.ReadMessage(context.Background())
			if typ != wsconn.Text || string(p) != message(i) || err != nil {
				s.t.Fatalf("message %d: %v %q, %v", i, typ, p, err)
			}
		}
		if _, _, err := s.socket.ReadMessage(context.Background()); err != io.EOF {
			s.t.Errorf("the end: %v", err)
		}
	})
}

// A stream has no pieces: as many bytes of tiny messages as of large ones are
// read ahead, again and again.
func TestReadAheadOfATinyStream(t *testing.T) {
	eachStage(t, wsconn.PairOptions{}, func(s *stage) {
		c := s.stream()
		s.listen(silent)
		var want []string
		for i := range 3 {
			s.flood(5000, 1)
			s.send(frames.Ping, "behind")
			s.until(time.Duration(i+1) * 10 * time.Second)
			if st := c.Stats(); st.Ahead != 5000 || st.Slow {
				s.t.Errorf("%+v, want 5000 bytes ahead", st)
			}
			want = append(want, fmt.Sprintf("%v pong \"behind\"", time.Duration(i)*10*time.Second+attention))
			s.saw(want...)
			if n, err := io.CopyN(testnet.NewVerifier(7), c, 5000); err != nil {
				s.t.Errorf("read %d, %v", n, err)
			}
		}
	})
}

// What was read ahead for messages is the beginning of the stream that they
// become.
func TestReadAheadBecomesAStream(t *testing.T) {
	eachStage(t, wsconn.PairOptions{}, func(s *stage) {
		s.flood(2000, 3)
		s.until(2 * time.Second)
		c := s.stream() // at once, whoever reads
		if s.now() != 2*time.Second {
			s.t.Errorf("NewConn took until %v", s.now())
		}
		s.send(frames.Text, "")
		s.until(4 * time.Second)
		s.closes(1000)
		if n, err := io.Copy(testnet.NewVerifier(7), c); n != 2000 || err != nil {
			s.t.Errorf("read %d, %v", n, err)
		}
	})
}

// Who does not read, and whose Write the peer does not take either, cannot tell
// such a peer from a dead one.
func TestFullReadAheadAndABlockedWrite(t *testing.T) {
	eachStage(t, wsconn.PairOptions{}, func(s *stage) {
		c := s.stream()
		s.flood(1<<20, 1000)
		s.until(2 * time.Second)
		write := s.begin(c.Write, make([]byte, 1<<20))
		at := 2 * time.Second // when the transport took the last byte
		s.until(at + interval + timeout)
		s.mustGiveUp(at+interval+timeout, write)
	})
}

// Close does not wait for what nobody will read: it says that this end has
// stopped reading, and throws away what comes.
func TestCloseWithAReadAhead(t *testing.T) {
	for name, total := range map[string]int{"some": 100, "full": 1 << 20} {
		for _, ended := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, the peer has ended %t", name, ended), func(t *testing.T) {
				eachStage(t, wsconn.PairOptions{}, func(s *stage) {
					c := s.stream()
					sent := s.flood(total, 100)
					go func() {
						<-sent
						if ended {
							s.closes(1000)
						}
					}()
					s.until(3 * time.Second)
					c.Close()
					s.listen(silent)
					<-sent
					if s.now() != 3*time.Second {
						s.t.Errorf("the peer could send only until %v", s.now())
					}
					if ended {
						s.saw("3s close 1000", "3s cut")
					} else {
						s.until(time.Minute)
						s.saw("3s close 1000", "13s cut")
					}
					if st := c.Stats(); st.Ahead != 0 || st.Slow {
						s.t.Errorf("after Close: %+v", st)
					}
				})
			})
		}
	}
}

// An application that reads now more, now less, and pauses in between, while a
// peer sends at its own pace and this end writes: no byte is lost, doubled or
// moved, and nobody is given up.
func TestReadsThatComeAndGo(t *testing.T) {
	for seed := range uint64(5) {
		bubblePairs(t, func(t *testing.T, pair func(o wsconn.PairOptions) (c1, c2 *wsconn.Conn)) {
			const size = 2 << 20
			o := wsconn.PairOptions{PeerTimeout: timeout}
			c1, c2 := pair(o)
			pause := func(rng *rand.Rand, most time.Duration) {
				if rng.IntN(3) == 0 {
					time.Sleep(time.Duration(rng.Int64N(int64(most))))
				}
			}
			write := func(c *wsconn.Conn, stream uint64) {
				rng := rand.New(rand.NewPCG(seed, stream))
				for at := 0; at < size; {
					p := make([]byte, min(size-at, 1+rng.IntN(1+rng.IntN(200<<10))))
					testnet.Fill(p, stream, int64(at))
					if n, err := c.Write(p); n != len(p) || err != nil {
						t.Errorf("Write: %d, %v", n, err)
						return
					}
					at += len(p)
					pause(rng, 8*time.Second)
				}
				c.CloseWrite()
			}
			read := func(c *wsconn.Conn, stream uint64) {
				rng := rand.New(rand.NewPCG(seed, stream+10))
				v, p := testnet.NewVerifier(stream), make([]byte, 100<<10)
				for {
					n, err := c.Read(p[:1+rng.IntN(len(p))])
					if _, wrong := v.Write(p[:n]); wrong != nil {
						t.Error(wrong)
						return
					}
					if err != nil {
						if err != io.EOF || v.N() != size {
							t.Errorf("the end after %d bytes is %v", v.N(), err)
						}
						return
					}
					pause(rng, 20*time.Second)
				}
			}
			go write(c1, 1)
			go write(c2, 2)
			done := make(chan struct{})
			go func() {
				defer close(done)
				read(c1, 2)
			}()
			read(c2, 1)
			<-done
			synctest.Wait()
		})
	}
}
