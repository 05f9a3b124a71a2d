package mux_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
)

// soon is a deadline that comes while a test waits for it.
func soon() time.Time { return time.Now().Add(30 * time.Millisecond) }

// A read deadline ends Read in every state, also while half of a frame is here,
// of which Read gives what there is.
func TestReadDeadline(t *testing.T) {
	testnet.CheckLeaks(t)
	s, peer := rawSession(t, true, nil)
	frame := data(wireSYN, 2, "the first half, the second half")
	half := 12 + len("the first half")
	send(t, peer, frame[:half])
	st := acceptFrom(t, s)
	readFull(t, st, "the first half")
	p := make([]byte, 100)
	for range 3 {
		st.SetReadDeadline(soon())
		testnet.InTime(t, "Read", func() {
			if n, err := st.Read(p); n != 0 || timedOut(err) != nil {
				t.Errorf("Read: %d, %v", n, timedOut(err))
			}
		})
	}
	send(t, peer, frame[half:])
	readFull(t, st, ", the second half")
	st.SetReadDeadline(time.Now().Add(-time.Second))
	send(t, peer, data(wireFIN, 2, "more"))
	for range 2 {
		if n, err := st.Read(p); n != 0 || timedOut(err) != nil {
			t.Errorf("Read after the deadline: %d, %v", n, timedOut(err))
		}
	}
	st.SetReadDeadline(time.Time{})
	if got, err := io.ReadAll(st); string(got) != "more" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
}

// A deadline that is set while Read and Write wait ends both.
func TestDeadlineOfWaits(t *testing.T) {
	eachStream(t, mux.Config{}, func(t *testing.T, a, _ *mux.Stream) {
		ends := make(chan error)
		go func() {
			_, err := a.Read(make([]byte, 1))
			ends <- err
		}()
		for range 2 { // one waits for the other
			go func() {
				_, err := a.Write(make([]byte, 1<<20))
				ends <- err
			}()
		}
		testnet.Poll(t, "a full window", func() bool { return a.Session().Stats().Stalls > 0 })
		a.SetDeadline(soon())
		for range 3 {
			if err := timedOut(testnet.Take(t, "the end of a call", ends)); err != nil {
				t.Error(err)
			}
		}
	})
}

// gated is a connection that takes nothing in until its gate is opened.
func gated(c net.Conn) (conn net.Conn, open func()) {
	gate := make(chan struct{})
	return testnet.Wrap(c, testnet.Fault{Kind: testnet.Hook, N: 1, Op: testnet.Read, Hook: func() { <-gate }}),
		func() { close(gate) }
}

// What Write counts when its deadline comes is what arrives later: with a window
// that is used up, and with a connection that takes nothing.
func TestWriteDeadline(t *testing.T) {
	for _, stuck := range []bool{false, true} {
		t.Run(fmt.Sprintf("stuck connection: %t", stuck), func(t *testing.T) {
			testnet.CheckLeaks(t)
			conn, other := testnet.Pipe(1000)
			open := func() {}
			if stuck {
				other, open = gated(other)
			}
			client, server := sessions(t, conn, other, nil)
			a, err := client.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			sent, p := 0, filled(a, 1<<20)
			for range 4 {
				a.SetWriteDeadline(soon())
				testnet.InTime(t, "Write", func() {
					n, err := a.Write(p[sent:])
					if wrong := timedOut(err); wrong != nil {
						t.Error(wrong)
					}
					sent += n
				})
			}
			if sent == 0 || sent > 256<<10 {
				t.Errorf("%d bytes were counted", sent)
			}
			a.CloseWrite()
			open()
			readAll(t, acceptFrom(t, server), sent)
		})
	}
}

// Who gives up waiting for room to write does not hold up those who wait longer.
func TestNobodyWaitsForWhoGaveUp(t *testing.T) {
	for _, tt := range []struct {
		name   string
		giveUp func(st *mux.Stream)
		want   error
	}{
		{"deadline", func(st *mux.Stream) { st.SetWriteDeadline(soon()) }, os.ErrDeadlineExceeded},
		{"Close", func(st *mux.Stream) { st.Close() }, net.ErrClosed},
		{"CloseWrite", func(st *mux.Stream) { st.CloseWrite() }, net.ErrClosed},
		{"Reset", func(st *mux.Stream) { st.Reset() }, mux.ErrReset},
	} {
		t.Run(tt.name, func(t *testing.T) {
			testnet.CheckLeaks(t)
			conn, other := testnet.Pipe(1000)
			other, open := gated(other)
			client, _ := sessions(t, conn, other, nil)
			write := func(n int) (*mux.Stream, <-chan error) {
				st, err := client.Open(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				end := make(chan error, 1)
				go func() {
					_, err := st.Write(make([]byte, n))
					end <- err
				}()
				return st, end
			}
			_, first := write(100 << 10)
			testnet.Take(t, "the end of a Write that has room", first)
			var gone []*mux.Stream
			var ends []<-chan error
			for range 3 {
				st, end := write(250 << 10)
				gone, ends = append(gone, st), append(ends, end)
			}
			testnet.Poll(t, "a Write that waits for room", func() bool {
				st, err := client.Open(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				st.SetWriteDeadline(soon())
				_, err = st.Write([]byte("x"))
				return err != nil && timedOut(err) == nil
			})
			_, last := write(100)
			for i, st := range gone {
				tt.giveUp(st)
				if err := testnet.Take(t, "the end of a Write that gave up", ends[i]); err != nil && !errors.Is(err, tt.want) {
					t.Errorf("Write: %v, want %v", err, tt.want)
				}
			}
			open()
			if err := testnet.Take(t, "the end of the last Write", last); err != nil {
				t.Error(err)
			}
		})
	}
}

// Who waits for the peer's end for too long has the stream reset.
func TestCloseTimeouts(t *testing.T) {
	const timeout = 100 * time.Millisecond
	for _, tt := range []struct {
		name string
		cfg  mux.Config
		end  func(st *mux.Stream)
		want error
	}{
		{"half-closed", mux.Config{HalfCloseTimeout: timeout}, func(st *mux.Stream) { st.CloseWrite() }, mux.ErrReset},
		{"closed", mux.Config{CloseTimeout: timeout}, func(st *mux.Stream) { st.Close() }, net.ErrClosed},
		{"closed, half-closed before", mux.Config{CloseTimeout: timeout, HalfCloseTimeout: time.Hour}, func(st *mux.Stream) {
			st.CloseWrite()
			st.Close()
		}, net.ErrClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachStream(t, tt.cfg, func(t *testing.T, a, b *mux.Stream) {
				begin := time.Now()
				tt.end(a)
				if n, err := io.Copy(io.Discard, b); n != 0 || err != nil {
					t.Errorf("the peer reads %d bytes, %v, want io.EOF", n, err)
				}
				testnet.Poll(t, "the reset", func() bool {
					_, err := b.Write(nil)
					return errors.Is(err, mux.ErrReset)
				})
				if took := time.Since(begin); took < timeout {
					t.Errorf("it took only %v", took)
				}
				if _, err := a.Read(make([]byte, 1)); !errors.Is(err, tt.want) {
					t.Errorf("Read: %v, want %v", err, tt.want)
				}
			})
		})
	}
}

// As long as something comes, a half-closed stream is not idle; nor is a closed
// one reset if nothing bounds that.
func TestNoCloseTimeout(t *testing.T) {
	const timeout = 200 * time.Millisecond
	for _, closed := range []bool{false, true} {
		t.Run(fmt.Sprintf("closed: %t", closed), func(t *testing.T) {
			testnet.CheckLeaks(t)
			s, peer := rawSession(t, true, &mux.Config{HalfCloseTimeout: timeout, CloseTimeout: -1})
			frames := readWire(peer)
			send(t, peer, data(wireSYN, 2, "x"))
			st := acceptFrom(t, s)
			readFull(t, st, "x")
			st.CloseWrite()
			if closed {
				st.Close()
			}
			tick := time.NewTicker(timeout / 10)
			defer tick.Stop()
			for range 30 {
				<-tick.C
				if !closed {
					send(t, peer, data(0, 2, "x"))
				}
			}
			send(t, peer, control(wireFIN, 2, 0))
			nextOf(t, frames, wireWindow, 2) // ACK
			if f := nextOf(t, frames, wireWindow, 2); f.flags != wireFIN {
				t.Errorf("%v, want a FIN", f)
			}
			if !closed {
				readFull(t, st, strings.Repeat("x", 30))
				if n, err := st.Read(make([]byte, 1)); n != 0 || err != io.EOF {
					t.Errorf("Read: %d, %v", n, err)
				}
			}
			nothingLeft(t, s)
		})
	}
}

func TestStats(t *testing.T) {
	testnet.CheckLeaks(t)
	conn, other := testnet.Pipe()
	client, server := sessions(t, conn, other, nil)
	opened, err := client.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	testnet.Poll(t, "the stream", func() bool { return server.Stats().Pending == 1 })
	opened.Write(make([]byte, 1000))
	testnet.Poll(t, "the data", func() bool { return server.Stats().Buffered == 1000 })
	accepted := acceptFrom(t, server)
	readFull(t, accepted, string(make([]byte, 300)))
	if st := server.Stats(); st.Pending != 0 || st.Streams != 1 || st.BytesRead != 300 || st.Buffered != 700 || st.RTT == 0 {
		t.Errorf("%+v", st)
	}
	if st := client.Stats(); st.Pending != 0 || st.Streams != 1 || st.BytesWritten != 1000 || st.Stalls != 0 {
		t.Errorf("%+v", st)
	}
	opened.SetWriteDeadline(soon())
	opened.Write(make([]byte, 1<<20))
	if st := client.Stats(); st.BytesWritten != 256<<10 || st.Stalls == 0 {
		t.Errorf("%+v", st)
	}
	accepted.Reset()
	nothingLeft(t, client)
	nothingLeft(t, server)
}
