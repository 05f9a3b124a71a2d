//go:build !race

package deflate_test

import (
	"io"
	"runtime"
	"testing"

	"github.com/wsstream/wsstream/deflate"
)

// TestMemory holds what the doc comment of Compressor says: how much a
// connection at rest has on the heap, for both directions of one end.
func TestMemory(t *testing.T) {
	const conns, kib = 1000, 1 << 10
	lines := logLines(40 * kib)
	message, _ := deflate.NewCompressor(nil, true, 8).Append(nil, lines)
	for _, test := range []struct {
		name       string
		noTakeover bool
		bits       int
		windows    int // all that those of the Compressors may take
		most       uint64
	}{
		{"no takeover", true, 15, 0, 1 * kib},
		{"takeover, 8 bits", false, 8, 0, 2 * kib},
		{"takeover, 12 bits", false, 12, 0, 9 * kib},
		{"takeover, 15 bits", false, 15, 0, 65 * kib},
		{"takeover, 15 bits, 1 MB for all windows", false, 15, 1000 * kib, 34 * kib},
	} {
		t.Run(test.name, func(t *testing.T) {
			cs, ds := make([]*deflate.Compressor, conns), make([]*deflate.Decompressor, conns)
			o := deflate.Options{Level: 1, Threshold: -1, MaxWindowMemory: test.windows}
			rest()
			base := heap()
			for i := range conns {
				cs[i] = deflate.NewCompressor(&o, test.noTakeover, test.bits)
				ds[i] = deflate.NewDecompressor(nil, test.noTakeover, test.bits, 0)
			}
			fresh := (heap() - base) / conns
			var dst []byte
			for i := range conns {
				dst, _ = cs[i].Append(dst[:0], lines)
				if len(dst) == 0 {
					t.Fatal("not compressed")
				}
				ds[i].Open(message)
				dst, _ = ds[i].AppendAll(dst[:0])
			}
			dst = nil
			rest()
			used := (heap() - base) / conns
			t.Logf("%d bytes when it is new, %d after a message of %d KiB", fresh, used, len(lines)/kib)
			if fresh > 1*kib || used > test.most {
				t.Errorf("%d bytes when it is new, %d after a message, at most %d are allowed", fresh, used, test.most)
			}
			runtime.KeepAlive(cs)
			runtime.KeepAlive(ds)
		})
	}
}

// rest is what a process does that has nothing to send for a while.
func rest() {
	for range 4 {
		runtime.GC()
	}
	for deflate.Kept() > 0 {
		runtime.GC()
		runtime.Gosched()
	}
	runtime.GC()
	runtime.GC()
}

// TestSteadyStateDoesNotAllocate: a message takes nothing that is not there already.
func TestSteadyStateDoesNotAllocate(t *testing.T) {
	lines := logLines(64 << 10)
	for _, noTakeover := range []bool{true, false} {
		for _, bits := range []int{9, 15} {
			for _, size := range []int{2000, 64 << 10} {
				c := deflate.NewCompressor(nil, noTakeover, bits)
				d := deflate.NewDecompressor(nil, noTakeover, bits, 1<<20)
				var dst []byte
				p, total := make([]byte, 4096), 0
				once := func() {
					var ok bool
					if dst, ok = c.Append(dst[:0], lines[:size]); !ok {
						t.Fatal("not compressed")
					}
					d.Open(dst)
					for {
						n, err := d.Read(p)
						if total += n; err == io.EOF {
							break
						} else if err != nil {
							t.Fatal(err)
						}
					}
				}
				for range 100 {
					once()
				}
				if n := testing.AllocsPerRun(100, once); n > 0 || total != 201*size {
					t.Errorf("%v allocations for a message of %d bytes, %d bits, without takeover %v", n, size, bits, noTakeover)
				}
			}
		}
	}
}
