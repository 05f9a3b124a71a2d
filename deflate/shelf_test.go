package deflate_test

import (
	"runtime"
	"testing"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/internal/testnet"
)

// TestShelfEmpties: what is kept for the next message of a connection has a
// bound, and goes when the connection rests or ends.
func TestShelfEmpties(t *testing.T) {
	line := logLines(500)
	conns := make([]*deflate.Compressor, 2*deflate.ShelfSize)
	for i := range conns {
		conns[i] = deflate.NewCompressor(everything(1), false, 15)
		if _, ok := conns[i].Append(nil, line); !ok {
			t.Fatal("not compressed")
		}
	}
	kept := deflate.Kept()
	if kept == 0 || kept > deflate.ShelfSize {
		t.Errorf("%d encoders are kept, at most %d should be", kept, deflate.ShelfSize)
	}
	for _, c := range conns {
		c.Release()
	}
	if left := deflate.Kept(); left >= kept {
		t.Errorf("%d of %d encoders are kept for connections that have ended", left, kept)
	}

	busy, idle := conns[0], conns[1]
	busy.Append(nil, line)
	idle.Append(nil, line)
	testnet.Poll(t, "encoders are still kept of connections at rest", func() bool {
		runtime.GC()
		return deflate.Kept() == 0
	})
	runtime.KeepAlive(busy)
}
