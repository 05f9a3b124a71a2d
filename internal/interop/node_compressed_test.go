package interop

import (
	"testing"

	"github.com/wsstream/wsstream/deflate"
)

// Compressed streams, both directions at the same time.
func TestNodeStreamCompressed(t *testing.T) {
	for _, tt := range []struct {
		name    string
		options deflate.Options
		size    int64
	}{
		{"defaults", deflate.Options{}, 16 << 20},
		{"no takeover", deflate.Options{ServerNoContextTakeover: true, ClientNoContextTakeover: true}, 4 << 20},
		{"small windows", deflate.Options{ServerMaxWindowBits: 9, ClientMaxWindowBits: 10}, 4 << 20},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bothSides(t, func(t *testing.T, side side) {
				t.Run("lines", func(t *testing.T) {
					testCompressedStream(t, side, &tt.options, jsonLines(1<<20+7), tt.size, tt.size/2)
				})
				t.Run("what does not shrink", func(t *testing.T) {
					testCompressedStream(t, side, &tt.options, nil, tt.size/4, tt.size/4+tt.size/100)
				})
			})
		})
	}
}

// testCompressedStream is testDuplex, for which there may be at most so many bytes
// in each direction.
func testCompressedStream(t *testing.T, side side, o *deflate.Options, text []byte, size, most int64) {
	c, n := meetStreamWith(t, side, o)
	testDuplex(t, c, n, text, size)
	if stats := c.Stats(); stats.BytesRead > most || stats.BytesWritten > most {
		t.Errorf("%d bytes came and %d went for %d in each direction, want at most %d", stats.BytesRead, stats.BytesWritten, size, most)
	}
}
