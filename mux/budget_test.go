package mux_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
)

// A stream that nobody reads does not hold up the others.
func TestReaderThatNeverReads(t *testing.T) {
	for _, c := range carriers {
		t.Run(c.name, func(t *testing.T) {
			testnet.CheckLeaks(t)
			conn, other := c.make(t)
			client, server := sessions(t, conn, other, nil)
			unread, stuck := streams(t, client, server)
			end := make(chan error)
			go func() {
				_, err := stuck.Write(make([]byte, 1<<20))
				end <- err
			}()
			testnet.Poll(t, "a full window", func() bool { return server.Stats().Stalls > 0 })
			a, b := streams(t, client, server)
			go func() {
				b.Write(filled(b, 5<<20))
				b.Close()
			}()
			testnet.InTime(t, "the other stream", func() { readAll(t, a, 5<<20) })
			a.Close()
			if st := client.Stats(); st.Buffered != 256<<10 {
				t.Errorf("%+v", st)
			}
			unread.Reset()
			testnet.Take(t, "the end of Write", end)
			stuck.Close()
			nothingLeft(t, client)
			nothingLeft(t, server)
		})
	}
}

// While the session holds too much, nobody is given more window; when it does
// not any more, whatever has made it so, those who were held up go on.
func TestMemory(t *testing.T) {
	const memory = 512 << 10
	for _, tt := range []struct {
		name string
		free func(t *testing.T, unread []*mux.Stream)
	}{
		{"read", func(t *testing.T, unread []*mux.Stream) {
			for _, st := range unread {
				go io.Copy(io.Discard, st)
			}
		}},
		{"closed", func(t *testing.T, unread []*mux.Stream) { closeAll(unread) }},
		{"reset", func(t *testing.T, unread []*mux.Stream) {
			for _, st := range unread {
				st.Reset()
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			testnet.CheckLeaks(t)
			conn, other := testnet.Pipe()
			client, server := sessions(t, conn, other, &mux.Config{Memory: memory})
			var unread, stuck []*mux.Stream
			for range 2 {
				a, b := streams(t, client, server)
				unread, stuck = append(unread, a), append(stuck, b)
				go b.Write(make([]byte, 1<<20))
			}
			testnet.Poll(t, "a full session", func() bool { return client.Stats().Buffered == memory })
			a, b := streams(t, client, server)
			go func() {
				b.Write(filled(b, 2<<20))
				b.Close()
			}()
			p := make([]byte, 256<<10)
			if _, err := io.ReadFull(a, p); err != nil {
				t.Fatal(err)
			}
			a.SetReadDeadline(soon())
			if n, err := a.Read(p[:1]); n != 0 || timedOut(err) != nil {
				t.Errorf("Read: %d, %v, though the session is full", n, timedOut(err))
			}
			a.SetReadDeadline(soon().Add(testnet.Patience))
			tt.free(t, unread)
			if n, err := io.Copy(io.Discard, a); n != 2<<20-256<<10 || err != nil {
				t.Errorf("read %d more bytes, %v", n, err)
			}
			if st := client.Stats(); st.Grown > memory {
				t.Errorf("%+v", st)
			}
			closeAll(append(append(unread, stuck...), a))
			nothingLeft(t, client)
			nothingLeft(t, server)
		})
	}
}

func closeAll(all []*mux.Stream) {
	for _, st := range all {
		st.Close()
	}
}

// Many slow readers at once: all goes on, and within bounds.
func TestManySlowReaders(t *testing.T) {
	for _, memory := range []int64{1, 300 << 10, 2 << 20} {
		t.Run(fmt.Sprint(memory), func(t *testing.T) {
			testnet.CheckLeaks(t)
			conn, other := testnet.Pipe()
			client, server := sessions(t, conn, other, &mux.Config{Memory: memory})
			const n, size = 12, 1 << 20
			done := make(chan error, n)
			for range n {
				a, b := streams(t, client, server)
				go func() {
					b.Write(filled(b, size))
					b.Close()
				}()
				go func() {
					v := testnet.NewVerifier(uint64(a.ID()))
					got, err := io.CopyBuffer(struct{ io.Writer }{v}, struct{ io.Reader }{a}, make([]byte, 3000))
					if err == nil && got != size {
						err = fmt.Errorf("%d bytes, want %d", got, size)
					}
					if st := client.Stats(); st.Grown > memory || st.Buffered > memory+n*256<<10 {
						err = fmt.Errorf("%+v", st)
					}
					a.Close()
					done <- err
				}()
			}
			for range n {
				if err := testnet.Take(t, "the end of a stream", done); err != nil {
					t.Error(err)
				}
			}
			nothingLeft(t, client)
			nothingLeft(t, server)
		})
	}
}
