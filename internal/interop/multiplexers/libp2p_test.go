package multiplexers_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	yamux "github.com/libp2p/go-yamux/v5"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
)

func TestEcho(t *testing.T) {
	each(t, mux.Config{}, func(t *testing.T, s *mux.Session, other *yamux.Session) {
		for i, ours := range []bool{true, false} {
			const size = 3 << 20
			st, p := pair(t, s, other, ours)
			go func() {
				io.Copy(p, p)
				p.CloseWrite()
			}()
			go func() {
				io.Copy(st, testnet.NewSource(uint64(i), size))
				st.CloseWrite()
			}()
			testnet.InTime(t, "the echo", func() {
				if n, err := io.Copy(testnet.NewVerifier(uint64(i)), st); n != size || err != nil {
					t.Errorf("%d bytes, %v", n, err)
				}
			})
			st.Close()
			p.Close()
		}
		empty(t, s, other)
	})
}

func TestHalfClose(t *testing.T) {
	each(t, mux.Config{}, func(t *testing.T, s *mux.Session, other *yamux.Session) {
		for _, ours := range []bool{true, false} {
			st, p := pair(t, s, other, ours)
			if _, err := io.WriteString(p, "the last words"); err != nil {
				t.Fatal(err)
			}
			p.CloseWrite()
			if got, err := io.ReadAll(st); string(got) != "the last words" || err != nil {
				t.Errorf("read %q, %v", got, err)
			}
			if _, err := io.WriteString(st, "the answer"); err != nil {
				t.Error(err)
			}
			st.Close()
			if got, err := io.ReadAll(p); string(got) != "the answer" || err != nil {
				t.Errorf("libp2p reads %q, %v", got, err)
			}
			p.Close()
		}
		empty(t, s, other)
	})
}

// Eight streams at the same time, four opened by either end, both ways.
func TestBulk(t *testing.T) {
	each(t, mux.Config{}, func(t *testing.T, s *mux.Session, other *yamux.Session) {
		const size = 512 << 10
		var wg sync.WaitGroup
		for i := range uint64(8) {
			st, p := pair(t, s, other, i%2 == 0)
			for _, c := range []net.Conn{st, p} {
				wg.Go(func() {
					if _, err := io.Copy(c, testnet.NewSource(i, size)); err != nil {
						t.Error(err)
					}
				})
				wg.Go(func() {
					if n, err := io.CopyN(testnet.NewVerifier(i), c, size); err != nil {
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

func TestManyStreams(t *testing.T) {
	each(t, mux.Config{}, func(t *testing.T, s *mux.Session, other *yamux.Session) {
		testnet.InTime(t, "2000 streams", func() {
			for i := range 2000 {
				st, p := pair(t, s, other, i%2 == 0)
				io.WriteString(st, "x")
				switch i % 5 {
				case 0:
					io.WriteString(p, "unread")
				case 1:
					st.Reset()
				case 2:
					p.Reset()
				case 3:
					st.CloseWrite()
				}
				p.Close()
				st.Close()
			}
		})
		empty(t, s, other)
	})
}

// A reset arrives as one, whoever makes it and whatever code it has.
func TestReset(t *testing.T) {
	each(t, mux.Config{}, func(t *testing.T, s *mux.Session, other *yamux.Session) {
		for _, code := range []uint32{0, 1, 1<<32 - 1} {
			for _, ours := range []bool{true, false} {
				st, p := pair(t, s, other, ours)
				p.ResetWithError(code)
				if _, err := st.Read(make([]byte, 1)); !errors.Is(err, mux.ErrReset) {
					t.Errorf("Read after code %d: %v", code, err)
				}
				if _, err := st.Write([]byte("x")); !errors.Is(err, mux.ErrReset) {
					t.Errorf("Write after code %d: %v", code, err)
				}
				st.Close()
				st, p = pair(t, s, other, ours)
				st.Reset()
				if _, err := p.Read(make([]byte, 1)); !errors.Is(err, yamux.ErrStreamReset) {
					t.Errorf("libp2p's Read: %v", err)
				}
			}
		}
		empty(t, s, other)
	})
}

// The end of its session is not the end of its streams, with a code or without.
func TestDeath(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(other *yamux.Session) error
	}{
		{"Close", (*yamux.Session).Close},
		{"CloseWithError", func(other *yamux.Session) error { return other.CloseWithError(77) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, mux.Config{}, func(t *testing.T, s *mux.Session, other *yamux.Session) {
				st, p := pair(t, s, other, true)
				if _, err := io.WriteString(p, "half"); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(st, make([]byte, 4)); err != nil {
					t.Fatal(err)
				}
				testnet.InTime(t, "its end", func() { tt.end(other) })
				testnet.InTime(t, "our end", func() {
					_, err := st.Read(make([]byte, 1))
					if !errors.As(err, new(*mux.SessionError)) || errors.Is(err, io.EOF) {
						t.Errorf("Read: %v", err)
					}
				})
			})
		})
	}
}

func TestPings(t *testing.T) {
	each(t, mux.Config{}, func(t *testing.T, s *mux.Session, other *yamux.Session) {
		for range 10 {
			if rtt, err := other.Ping(); rtt == 0 || err != nil {
				t.Errorf("its ping: %v, %v", rtt, err)
			}
			if rtt, err := s.Ping(t.Context()); rtt == 0 || err != nil {
				t.Errorf("our ping: %v, %v", rtt, err)
			}
		}
	})
}

// Its GoAway is the same as anybody's.
func TestGoAway(t *testing.T) {
	each(t, mux.Config{}, func(t *testing.T, s *mux.Session, other *yamux.Session) {
		st, p := pair(t, s, other, true)
		if err := other.GoAway(); err != nil {
			t.Fatal(err)
		}
		testnet.InTime(t, "the news", func() { <-s.Leaving() })
		if _, err := s.Open(t.Context()); !errors.Is(err, mux.ErrDraining) {
			t.Errorf("Open: %v", err)
		}
		io.WriteString(st, "going on")
		st.Close()
		if got, err := io.ReadAll(p); string(got) != "going on" || err != nil {
			t.Errorf("libp2p reads %q, %v", got, err)
		}
		p.Close()
		empty(t, s, other)
	})
}

// Drain ends a session of libp2p's with all that is under way, because that is
// what it does when it is told; with QuietDrain it is not, and all comes to its
// end.
func TestDrain(t *testing.T) {
	for _, quiet := range []bool{false, true} {
		name := "told"
		if quiet {
			name = "quiet"
		}
		t.Run(name, func(t *testing.T) {
			each(t, mux.Config{QuietDrain: quiet}, func(t *testing.T, s *mux.Session, other *yamux.Session) {
				st, p := pair(t, s, other, false)
				drained := make(chan error, 1)
				go func() { drained <- s.Drain(context.Background()) }()
				if !quiet {
					if err := testnet.Take(t, "the end of Drain", drained); !errors.As(err, new(*mux.SessionError)) {
						t.Errorf("Drain: %v, want a *mux.SessionError", err)
					}
					if _, err := p.Read(make([]byte, 1)); !errors.Is(err, yamux.ErrRemoteGoAway) {
						t.Errorf("libp2p's Read: %v", err)
					}
					return
				}
				testnet.Poll(t, "a stream that is refused", func() bool {
					refused, err := other.OpenStream(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					defer refused.Close()
					io.WriteString(refused, "x")
					return s.Stats().Refused > 0
				})
				io.WriteString(st, "all of it")
				st.Close()
				if got, err := io.ReadAll(p); string(got) != "all of it" || err != nil {
					t.Errorf("libp2p reads %q, %v", got, err)
				}
				p.Close()
				go func() { // what came before Drain and was not accepted
					for {
						c, err := s.Accept()
						if err != nil {
							return
						}
						c.Close()
					}
				}()
				if err := testnet.Take(t, "the end of Drain", drained); err != nil {
					t.Errorf("Drain: %v", err)
				}
			})
		})
	}
}
