package mux_test

import (
	"errors"
	"io"
	"net"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/internal/wait"
	"github.com/wsstream/wsstream/mux"
)

// Several readers of one stream get all that comes among them, and each learns
// how it ends.
func TestReadersOfOneStream(t *testing.T) {
	const readers, size = 4, 1 << 20
	is := func(target error) func(error) bool {
		return func(err error) bool { return errors.Is(err, target) }
	}
	for _, c := range []struct {
		name string
		end  func(from, to *mux.Stream)
		want func(err error) bool
	}{
		{"by the peer", func(from, _ *mux.Stream) { from.CloseWrite() }, is(io.EOF)},
		{"a reset by the peer", func(from, _ *mux.Stream) { from.Reset() }, is(mux.ErrReset)},
		{"a reset by this end", func(_, to *mux.Stream) { to.Reset() }, is(mux.ErrReset)},
		{"closed", func(_, to *mux.Stream) { to.Close() }, is(net.ErrClosed)},
		{"a deadline", func(_, to *mux.Stream) { to.SetReadDeadline(wait.Past) }, func(err error) bool { return timedOut(err) == nil }},
		{"with the session, lost", func(from, _ *mux.Stream) { from.Session().Close() }, isLost},
		{"with the session, closed", func(_, to *mux.Stream) { to.Session().Close() }, is(net.ErrClosed)},
	} {
		t.Run(c.name, func(t *testing.T) {
			testnet.CheckLeaks(t)
			client, server, _, _ := pipeSessions(t, nil)
			from, to := streams(t, client, server)
			ends := make(chan error, readers)
			for i := range readers {
				go func() {
					p := make([]byte, 1<<(4*i+4)) // from 16 bytes to 64 KiB
					for {
						if _, err := to.Read(p); err != nil {
							ends <- err
							return
						}
					}
				}()
			}
			if n, err := from.Write(make([]byte, size)); n != size || err != nil {
				t.Fatalf("Write: %d, %v", n, err)
			}
			testnet.Poll(t, "all bytes", func() bool { return server.Stats().BytesRead == size })
			c.end(from, to)
			for range readers {
				if err := testnet.Take(t, "the end of a reader", ends); !c.want(err) {
					t.Errorf("a reader ends with %v", err)
				}
			}
		})
	}
}
