package deflate_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"math/rand/v2"
	"testing"

	"github.com/wsstream/wsstream/deflate"
)

// TestWithoutRepeats: a message that has no repeats but few different bytes shrinks
// to what its bytes are worth, becomes part of the window, and is inflated to
// itself; one of all bytes does not.
func TestWithoutRepeats(t *testing.T) {
	random := make([]byte, 24_000)
	rng := rand.NewChaCha8([32]byte{1})
	rng.Read(random)
	for _, test := range []struct {
		name    string
		message []byte
		worth   float64 // the size as a part of that before; 1 for what does not shrink
	}{
		{"hex", []byte(hex.EncodeToString(random[:8_000])), 0.5},
		{"little hex", []byte(hex.EncodeToString(random[:700])), 0.5},
		{"base64", []byte(base64.StdEncoding.EncodeToString(random)), 0.75},
		{"random", random, 1},
		{"little of it", random[:1100], 1},
	} {
		for _, noTakeover := range []bool{true, false} {
			for bits := 8; bits <= 15; bits++ {
				c := deflate.NewCompressor(nil, noTakeover, bits)
				d := newDecompressor(noTakeover, bits)
				for i := range 3 {
					compressed, ok := c.Append(nil, test.message)
					if ok != (test.worth < 1) {
						t.Fatalf("%s, %d bits: compressed: %t", test.name, bits, ok)
					}
					if !ok {
						continue
					}
					if most := float64(len(test.message))*(test.worth+0.07) + 20; float64(len(compressed)) > most {
						t.Errorf("%s, %d bits, message %d: %d bytes of %d", test.name, bits, i, len(compressed), len(test.message))
					}
					// The window has it all.
					if i > 0 && !noTakeover && bits == 15 && len(test.message) < 20_000 && len(compressed) > 200 {
						t.Errorf("%s: message %d, which the window has: %d bytes", test.name, i, len(compressed))
					}
					if got, err := inflate(d, compressed); err != nil || !bytes.Equal(got, test.message) {
						t.Fatalf("%s, %d bits, message %d: %v", test.name, bits, i, err)
					}
				}
			}
		}
	}
}
