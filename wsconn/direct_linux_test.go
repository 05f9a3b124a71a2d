package wsconn

import (
	"bytes"
	"sync"
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
)

// Large reads from inside large frames arrive whole, masked or not, with control
// frames and small frames behind them in the same system call, and hardly use
// the reader's own buffers.
func TestLargeReadsAreDirect(t *testing.T) {
	const large = 8 << 20
	sizes := []int{directLeast - 1, directLeast, 200 << 10, 0, 3, 5000, 300 << 10, large}
	for _, role := range []frames.Role{frames.Client, frames.Server} {
		a, b := testnet.TCPPair(t)
		s := newSocket(upgraded{conn: a, role: role, settings: new(AcceptOptions).settings()})
		defer s.Terminate()
		c := NewConn(s, nil)
		used := 0
		s.reader.bufs = &sync.Pool{New: func() any {
			used++
			return &buffer{b: make([]byte, batchSize)} // never given back
		}}
		wire, want := framesOfSizes(role == frames.Server, sizes)
		go b.Write(wire)
		got := make([]byte, len(want))
		for n := 0; n < len(got); {
			m, err := c.Read(got[n:min(n+batchSize, len(got))])
			if err != nil {
				t.Fatal(err)
			}
			n += m
		}
		if !bytes.Equal(got, want) {
			t.Errorf("role %v: other bytes arrived", role)
		}
		if used >= large/batchSize {
			t.Errorf("role %v: %d reads went through a buffer", role, used)
		}
		if n := s.Stats().FramesRead; n < int64(2*len(sizes)-1) { // the last Pong may be on its way
			t.Errorf("role %v: %d frames read of %d", role, n, 2*len(sizes))
		}
	}
}
