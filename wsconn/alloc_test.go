//go:build !race

// The race detector makes sync.Pool forget at random, so these run without it.

package wsconn_test

import (
	"io"
	"net"
	"testing"

	"github.com/wsstream/wsstream/wsconn"
)

// Steady reading and writing over TCP allocates nothing, either way, in small
// and in large pieces.
func TestSteadyStreamAllocatesNothing(t *testing.T) {
	for _, size := range []int{1, 64, 4 << 10, 32 << 10, 100 << 10} {
		client, server := connPair(t, transports{"tcp", tcpPair}, wsconn.PairOptions{})
		out, in := make([]byte, size), make([]byte, size)
		for _, d := range []struct {
			name     string
			from, to *wsconn.Conn
		}{{"up", client, server}, {"down", server, client}} {
			allocs := testing.AllocsPerRun(200, func() {
				if _, err := d.from.Write(out); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(d.to, in); err != nil {
					t.Fatal(err)
				}
			})
			if allocs != 0 {
				t.Errorf("%d bytes %s: %v allocations for a Write and its Reads, want 0", size, d.name, allocs)
			}
		}
	}
}

// So does a relay: out of one stream into another one, and out of TCP into a
// stream.
func TestSteadyCopyAllocatesNothing(t *testing.T) {
	for _, size := range []int{64, 4 << 10, 100 << 10} {
		tcp := transports{"tcp", tcpPair}
		fromWS, ws := connPair(t, tcp, wsconn.PairOptions{})
		fromTCP, plain := tcpPair(t)
		defer fromTCP.Close()
		for name, from := range map[string][2]net.Conn{"WriteTo": {fromWS, ws}, "ReadFrom": {fromTCP, plain}} {
			next, to := connPair(t, tcp, wsconn.PairOptions{})
			go io.Copy(next, from[1])
			out, in := make([]byte, size), make([]byte, size)
			allocs := testing.AllocsPerRun(200, func() {
				if _, err := from[0].Write(out); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(to, in); err != nil {
					t.Fatal(err)
				}
			})
			if allocs != 0 {
				t.Errorf("%d bytes by %s: %v allocations, want 0", size, name, allocs)
			}
		}
	}
}
