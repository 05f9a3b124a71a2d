package deflate_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/wsstream/wsstream/deflate"
)

// TestForget leaves messages out that were compressed, and puts in some that
// another Compressor has made: the peer understands all that it gets.
func TestForget(t *testing.T) {
	text := farText(400_000)
	for bits := 8; bits <= 15; bits++ {
		for _, noTakeover := range []bool{false, true} {
			t.Run(fmt.Sprint(bits, noTakeover), func(t *testing.T) {
				t.Parallel()
				r := rand.New(rand.NewPCG(uint64(bits), 0))
				c := deflate.NewCompressor(everything(0), noTakeover, bits)
				prepared := deflate.NewCompressor(everything(0), true, bits)
				d, std := newDecompressor(noTakeover, bits), &stdPeer{limit: 1 << bits}
				if noTakeover {
					std.limit = 0
				}
				for at := 0; at < 200_000; {
					size := 1 + r.IntN(1<<r.IntN(16))
					piece := text[at:][:size]
					at += size
					message, ok := c.Append(nil, piece)
					if r.IntN(3) == 0 {
						c.Forget()
						message, ok = prepared.Append(nil, piece)
					}
					if r.IntN(3) == 0 {
						c.Forget()
						continue
					}
					if r.IntN(3) == 0 {
						c.Cool()
					}
					if !ok {
						continue
					}
					if got, err := inflate(d, message); !bytes.Equal(got, piece) || err != nil {
						t.Fatalf("%d bytes of %d, %v", len(got), size, err)
					}
					if got, err := std.inflate(message); !bytes.Equal(got, piece) || err != nil {
						t.Fatalf("the standard library: %d bytes of %d, %v", len(got), size, err)
					}
				}
			})
		}
	}
}

// TestForgetsAll: the message after Forget refers to nothing that was before it,
// nor does what was before it take memory, and those after that refer to it.
func TestForgetsAll(t *testing.T) {
	line := logLines(2000)
	for bits := 8; bits <= 15; bits++ {
		for name, cut := range map[string]func(*deflate.Compressor){
			"Forget": (*deflate.Compressor).Forget, "Forget, cold": func(c *deflate.Compressor) { c.Cool(); c.Forget() }, "Release": (*deflate.Compressor).Release,
		} {
			c := deflate.NewCompressor(everything(0), false, bits)
			first, _ := c.Append(nil, line)
			cut(c)
			if n := c.Window(); n != 0 {
				t.Errorf("%d bits, %s: a window of %d bytes is kept", bits, name, n)
			}
			again, _ := c.Append(nil, line)
			if got, _, err := puffMessage(nil, again); !bytes.Equal(got, line) || err != nil || len(again) != len(first) {
				t.Errorf("%d bits, %s: %d bytes, at first %d, of themselves %d bytes, %v", bits, name, len(again), len(first), len(got), err)
			}
			if next, _ := c.Append(nil, line); bits >= 11 && len(next) > len(again)/4 {
				t.Errorf("%d bits, %s: %d bytes, and %d the next time", bits, name, len(again), len(next))
			}
		}
	}
}
