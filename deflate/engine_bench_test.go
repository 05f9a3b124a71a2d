package deflate_test

import (
	"fmt"
	"testing"

	"github.com/wsstream/wsstream/deflate"
)

// BenchmarkCompress compresses lines of a log, a message after the other, on one
// connection. "cold" is a connection with context takeover whose encoder was
// taken by others since its last message.
func BenchmarkCompress(b *testing.B) {
	lines := logLines(4 << 20)
	for _, mode := range []string{"takeover", "cold", "none"} {
		for _, kind := range []struct{ level, bits int }{{1, 15}, {0, 15}, {5, 15}, {9, 15}, {0, 12}, {0, 9}} {
			for _, kib := range []int{1, 16, 256} {
				b.Run(fmt.Sprintf("%s/level=%d/bits=%d/%dKiB", mode, kind.level, kind.bits, kib), func(b *testing.B) {
					c := deflate.NewCompressor(everything(kind.level), mode == "none", kind.bits)
					size := kib << 10
					var dst []byte
					in, out := 0, 0
					b.SetBytes(int64(size))
					b.ReportAllocs()
					for i := 0; b.Loop(); i++ {
						at := i * size % (len(lines) - size)
						dst, _ = c.Append(dst[:0], lines[at:at+size])
						if mode == "cold" {
							c.Cool()
						}
						in, out = in+size, out+len(dst)
					}
					b.ReportMetric(float64(in)/float64(out), "ratio")
				})
			}
		}
	}
}

// BenchmarkInflate inflates them.
func BenchmarkInflate(b *testing.B) {
	for _, noTakeover := range []bool{false, true} {
		for _, bits := range []int{9, 12, 15} {
			for _, kib := range []int{1, 16, 256} {
				b.Run(fmt.Sprintf("takeover=%v/bits=%d/%dKiB", !noTakeover, bits, kib), func(b *testing.B) {
					size := kib << 10
					lines := logLines(8 * size)
					c := deflate.NewCompressor(everything(0), noTakeover, bits)
					var messages [][]byte
					for at := 0; at < len(lines); at += size {
						message, _ := c.Append(nil, lines[at:at+size])
						messages = append(messages, message)
					}
					d := newDecompressor(noTakeover, bits)
					var dst []byte
					b.SetBytes(int64(size))
					b.ReportAllocs()
					for i := 0; b.Loop(); i++ {
						if i%len(messages) == 0 && !noTakeover {
							d = newDecompressor(noTakeover, bits) // the first one again
						}
						d.Open(messages[i%len(messages)])
						var err error
						if dst, err = d.AppendAll(dst[:0]); err != nil || len(dst) != size {
							b.Fatal(len(dst), err)
						}
					}
				})
			}
		}
	}
}
