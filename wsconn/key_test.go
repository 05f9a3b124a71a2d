package wsconn

import (
	"crypto/rand"
	"testing"

	"github.com/wsstream/wsstream/frames"
)

// Keys are used once and are spread evenly: a repeat in 20,000 has a chance of
// one in 20, five of them one in 10 million or so.
func TestKeysAreRandom(t *testing.T) {
	seen := make(map[frames.Key]bool)
	repeats := 0
	var counts [256]int
	const n = 20_000
	for range n {
		k := newKey()
		if seen[k] {
			repeats++
		}
		seen[k] = true
		for _, b := range k {
			counts[b]++
		}
	}
	if repeats >= 5 {
		t.Errorf("%d repeats in %d keys", repeats, n)
	}
	for b, c := range counts {
		// The mean is 312.5 and the deviation 17.6: this is 8 of them.
		if c < 170 || c > 455 {
			t.Errorf("byte %#x came %d times in %d", b, c, 4*n)
		}
	}
}

func BenchmarkKey(b *testing.B) {
	b.Run("block", func(b *testing.B) {
		for b.Loop() {
			newKey()
		}
	})
	b.Run("each", func(b *testing.B) {
		var k frames.Key
		for b.Loop() {
			rand.Read(k[:])
		}
	})
}
