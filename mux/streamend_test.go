package mux_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
)

// eachStream runs test with the two ends of a stream over each carrier, and
// wants nothing to be left after it has closed both.
func eachStream(t *testing.T, cfg mux.Config, test func(t *testing.T, a, b *mux.Stream)) {
	for _, c := range carriers {
		t.Run(c.name, func(t *testing.T) {
			testnet.CheckLeaks(t)
			conn, other := c.make(t)
			cfg := new(cfg)
			cfg.Logger = silence(t)
			client, server := sessions(t, conn, other, cfg)
			a, b := streams(t, client, server)
			testnet.InTime(t, t.Name(), func() { test(t, a, b) })
			a.Close()
			b.Close()
			nothingLeft(t, client)
			nothingLeft(t, server)
			if err := errors.Join(client.Err(), server.Err()); err != nil {
				t.Errorf("the session: %v", err)
			}
		})
	}
}

// readAll is what comes until io.EOF.
func readAll(t *testing.T, st *mux.Stream, want int) {
	t.Helper()
	v := testnet.NewVerifier(uint64(st.ID()))
	if _, err := io.Copy(v, st); err != nil || v.N() != int64(want) {
		t.Errorf("read %d bytes and then %v, want %d and io.EOF", v.N(), err, want)
	}
}

// writeAll writes so many bytes for readAll.
func writeAll(t *testing.T, st *mux.Stream, n int) {
	t.Helper()
	if m, err := st.Write(filled(st, n)); m != n || err != nil {
		t.Errorf("Write of %d bytes: %d, %v", n, m, err)
	}
}

func filled(st *mux.Stream, n int) []byte {
	p := make([]byte, n)
	testnet.Fill(p, uint64(st.ID()), 0)
	return p
}

// wantErrors calls all methods that may fail, several times.
func wantErrors(t *testing.T, st *mux.Stream, read, write error) {
	t.Helper()
	for range 3 {
		if n, err := st.Read(make([]byte, 1)); n != 0 || !errors.Is(err, read) {
			t.Errorf("Read: %d, %v, want %v", n, err, read)
		}
		if n, err := st.Write([]byte("x")); n != 0 || !errors.Is(err, write) {
			t.Errorf("Write: %d, %v, want %v", n, err, write)
		}
		if err := st.CloseWrite(); !errors.Is(err, write) {
			t.Errorf("CloseWrite: %v, want %v", err, write)
		}
	}
}

func TestCloseWrite(t *testing.T) {
	eachStream(t, mux.Config{}, func(t *testing.T, a, b *mux.Stream) {
		writeAll(t, a, 100_000)
		if err := a.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		readAll(t, b, 100_000)
		writeAll(t, b, 200_000) // reading goes on
		if err := b.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		readAll(t, a, 200_000)
		wantErrors(t, a, io.EOF, net.ErrClosed)
		wantErrors(t, b, io.EOF, net.ErrClosed)
	})
}

// After Close, what was written arrives, then the end; who writes learns that
// nobody reads.
func TestClose(t *testing.T) {
	eachStream(t, mux.Config{}, func(t *testing.T, a, b *mux.Stream) {
		writeAll(t, b, 50_000) // which is never read
		testnet.Poll(t, "the data", func() bool { return a.Session().Stats().Buffered == 50_000 })
		writeAll(t, a, 100_000)
		for range 2 {
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
		}
		wantErrors(t, a, net.ErrClosed, net.ErrClosed)
		if err := a.Reset(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Reset: %v", err)
		}
		for err := error(nil); err == nil; _, err = b.Write([]byte("nobody reads this")) {
		}
		readAll(t, b, 100_000) // also behind the reset
		wantErrors(t, b, io.EOF, mux.ErrReset)
	})
}

// A Write that waits for a window learns it, too.
func TestCloseWakesTheWriter(t *testing.T) {
	for _, way := range []string{"Close", "Reset"} {
		t.Run(way, func(t *testing.T) {
			eachStream(t, mux.Config{}, func(t *testing.T, a, b *mux.Stream) {
				end := make(chan error)
				go func() {
					_, err := b.Write(make([]byte, 1<<20))
					end <- err
				}()
				testnet.Poll(t, "a full window", func() bool { return b.Session().Stats().Stalls > 0 })
				if way == "Close" {
					a.Close()
				} else if err := a.Reset(); err != nil {
					t.Error(err)
				}
				if err := testnet.Take(t, "the end of Write", end); !errors.Is(err, mux.ErrReset) {
					t.Errorf("Write: %v, want ErrReset", err)
				}
			})
		})
	}
}

// Also when the peer's frame is only half here, of which no more is to come
// without a window.
func TestCloseWithinAFrame(t *testing.T) {
	testnet.CheckLeaks(t)
	s, peer := rawSession(t, true, nil)
	frames := readWire(peer)
	whole := data(wireSYN, 2, strings.Repeat("x", 256<<10))
	send(t, peer, whole[:50_000])
	st := acceptFrom(t, s)
	readFull(t, st, strings.Repeat("x", 50_000-12))
	st.Close()
	send(t, peer, whole[50_000:])
	for f := nextOf(t, frames, wireWindow, 2); f.flags&wireRST == 0; f = nextOf(t, frames, wireWindow, 2) {
	}
	nothingLeft(t, s)
}

// What the peer goes on sending does not cost it what this end has written and
// closed: the end comes before the reset. Nor is that cut short, however much of
// it is still queued.
func TestCloseWhileThePeerWrites(t *testing.T) {
	testnet.CheckLeaks(t)
	for i := range 200 {
		conn, other := testnet.Pipe(1 << (10 + i%10))
		client, server := sessions(t, conn, other, nil)
		a, b := streams(t, client, server)
		written := make(chan error)
		go func() {
			for {
				if _, err := b.Write(make([]byte, 2000)); err != nil {
					written <- err
					return
				}
			}
		}()
		testnet.InTime(t, fmt.Sprintf("run %d", i), func() {
			a.Read(make([]byte, 1000))
			writeAll(t, a, 60_000)
			a.Close()
			readAll(t, b, 60_000)
			if err := <-written; !errors.Is(err, mux.ErrReset) {
				t.Errorf("Write: %v, want ErrReset", err)
			}
		})
		b.Close()
		nothingLeft(t, client)
		nothingLeft(t, server)
		client.Close()
		server.Close()
		if t.Failed() {
			t.Fatalf("in run %d", i)
		}
	}
}

// The same on the wire, at the far end of a connection that takes nothing.
func TestResetDoesNotOvertake(t *testing.T) {
	testnet.CheckLeaks(t)
	ours, peer := testnet.Pipe(4096)
	s := rawSessionOver(t, ours, true, nil)
	send(t, peer, control(wireSYN, 2, 0))
	st := acceptFrom(t, s)
	writeAll(t, st, 100_000)
	st.Close()
	for range 5 {
		send(t, peer, data(0, 2, strings.Repeat("nobody reads this", 20)))
	}
	testnet.Poll(t, "the reset", func() bool { return s.Stats().Streams == 0 })
	send(t, peer, data(0, 2, "nor this"), wireFrame{kind: wirePing, flags: wireACK, length: 1}.bytes())
	testnet.Poll(t, "the rest", func() bool { return s.Stats().RTT > 0 })
	frames, sent := readWire(peer), 0
	for ended := false; ; {
		f := testnet.Take(t, "a frame", frames)
		switch {
		case f.stream != 2:
		case f.kind == wireData:
			sent += int(f.length)
		case f.flags&wireFIN != 0:
			ended = true
		case f.flags&wireRST != 0:
			if sent != 100_000 || !ended {
				t.Errorf("the reset comes after %d bytes, the end before it: %t", sent, ended)
			}
			return
		}
	}
}

// A reset that follows the end takes away nothing of what came before.
func TestResetBehindTheEnd(t *testing.T) {
	for _, read := range []bool{false, true} {
		t.Run(fmt.Sprintf("read before: %t", read), func(t *testing.T) {
			testnet.CheckLeaks(t)
			s, peer := rawSession(t, true, nil)
			body := strings.Repeat("all of this", 1000)
			send(t, peer, data(wireSYN, 2, body), control(wireFIN, 2, 0))
			st := acceptFrom(t, s)
			if read {
				readFull(t, st, body)
				body = ""
			}
			send(t, peer, control(wireRST, 2, 0))
			for err := error(nil); !errors.Is(err, mux.ErrReset); _, err = st.Write([]byte("x")) {
				if err != nil {
					t.Fatalf("Write: %v, want ErrReset", err)
				}
			}
			if got, err := io.ReadAll(st); string(got) != body || err != nil {
				t.Errorf("read %d bytes, %v, want %d", len(got), err, len(body))
			}
			wantErrors(t, st, io.EOF, mux.ErrReset)
			nothingLeft(t, s)
			st.Close()
			wantErrors(t, st, net.ErrClosed, net.ErrClosed)
		})
	}
}

func TestReset(t *testing.T) {
	for _, local := range []bool{true, false} {
		t.Run(fmt.Sprintf("of the opened end: %t", local), func(t *testing.T) {
			eachStream(t, mux.Config{}, func(t *testing.T, a, b *mux.Stream) {
				ends := make(chan error)
				for _, st := range []*mux.Stream{a, b} {
					go func() {
						n, err := io.Copy(io.Discard, io.LimitReader(st, 1))
						ends <- err
						if n > 0 {
							t.Error("something came")
						}
					}()
				}
				if !local {
					a, b = b, a
				}
				if err := a.Reset(); err != nil {
					t.Error(err)
				}
				for range 2 {
					if err := testnet.Take(t, "the end of Read", ends); !errors.Is(err, mux.ErrReset) {
						t.Errorf("Read: %v, want ErrReset", err)
					}
				}
				if err := a.Reset(); err != nil {
					t.Errorf("a second Reset: %v", err)
				}
				for _, st := range []*mux.Stream{a, b} {
					st.SetDeadline(time.Now().Add(time.Hour)) // changes nothing
					wantErrors(t, st, mux.ErrReset, mux.ErrReset)
					if err := st.Close(); err != nil {
						t.Error(err)
					}
					wantErrors(t, st, net.ErrClosed, net.ErrClosed)
				}
			})
		})
	}
}

// All at the same time is not worse than one after the other.
func TestEndsAtTheSameTime(t *testing.T) {
	testnet.CheckLeaks(t)
	conn, other := testnet.Pipe()
	client, server := sessions(t, conn, other, &mux.Config{Logger: silence(t)})
	for i := range 200 {
		a, b := streams(t, client, server)
		if i%2 == 0 {
			a, b = b, a
		}
		testnet.InTime(t, fmt.Sprintf("run %d", i), func() {
			var wg sync.WaitGroup
			for _, st := range []*mux.Stream{a, b} {
				wg.Go(func() { io.Copy(io.Discard, st) })
				wg.Go(func() { st.Write(make([]byte, 1<<20)) })
				wg.Go(func() { st.CloseWrite() })
			}
			for _, end := range []func() error{a.Close, a.Reset, b.Reset, b.CloseWrite, b.Close}[i%4:] {
				wg.Go(func() { end() })
			}
			wg.Wait()
			a.Close()
			b.Close()
		})
	}
	nothingLeft(t, client)
	nothingLeft(t, server)
	if err := errors.Join(client.Err(), server.Err()); err != nil {
		t.Error(err)
	}
}

// A local Close of the session ends everything here with net.ErrClosed, and for
// the peer nothing in order.
func TestSessionClose(t *testing.T) {
	for _, c := range carriers {
		t.Run(c.name, func(t *testing.T) {
			testnet.CheckLeaks(t)
			conn, other := c.make(t)
			client, server := sessions(t, conn, other, nil)
			a, b := streams(t, client, server)
			done := make(chan error)
			for _, call := range []func() error{
				func() error { _, err := a.Read(make([]byte, 1)); return err },
				func() error { _, err := a.Write(make([]byte, 1<<20)); return err },
				func() error { _, err := client.Accept(); return err },
			} {
				go func() { done <- call() }()
			}
			testnet.Poll(t, "a full window", func() bool { return client.Stats().Stalls > 0 })
			testnet.InTime(t, "Close", func() {
				client.Close()
				client.Close()
			})
			for range 3 {
				if err := testnet.Take(t, "the end of a call", done); !errors.Is(err, net.ErrClosed) {
					t.Errorf("%v, want net.ErrClosed", err)
				}
			}
			wantErrors(t, a, net.ErrClosed, net.ErrClosed)
			_, accept := client.Accept()
			_, open := client.Open(t.Context())
			_, ping := client.Ping(t.Context())
			for name, err := range map[string]error{"Accept": accept, "Open": open, "Ping": ping, "Err": client.Err(), "Drain": client.Drain(context.Background())} {
				if !errors.Is(err, net.ErrClosed) {
					t.Errorf("%s: %v, want net.ErrClosed", name, err)
				}
			}
			nothingLeft(t, client)
			if _, err := io.Copy(io.Discard, b); lostTo(err, nil) != nil {
				t.Errorf("the peer's Read: %v", lostTo(err, nil))
			}
			b.Close()
			nothingLeft(t, server)
		})
	}
}
