package deflate_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/internal/testnet"
)

// A message has its turn as long as it is compressed, and gives it back.
func TestTurns(t *testing.T) {
	const most = 77 // no other test has it
	lines := logLines(1 << 20)
	var all sync.WaitGroup
	var enough atomic.Bool
	for range 2 {
		all.Go(func() {
			c := deflate.NewCompressor(&deflate.Options{MaxConcurrent: most}, true, 15)
			var dst []byte
			for !enough.Load() {
				dst, _ = c.Append(dst[:0], lines)
			}
		})
	}
	testnet.Poll(t, "two messages at a time", func() bool { return deflate.Turns(most) == 2 })
	enough.Store(true)
	all.Wait()
	if n := deflate.Turns(most); n != 0 {
		t.Errorf("%d turns were not given back", n)
	}
}
