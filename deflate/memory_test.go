//go:build !race

package deflate_test

import (
	"fmt"
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
		{"takeover, 15 bits", false, 15, 0, 49 * kib},
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

// TestMemoryOfReading holds what the doc comment of Decompressor says: what a
// message takes while it is open, and that it is given back at its end.
func TestMemoryOfReading(t *testing.T) {
	const conns, kib = 200, 1 << 10
	message, _ := deflate.NewCompressor(nil, true, 15).Append(nil, logLines(200*kib))
	for _, noTakeover := range []bool{true, false} {
		rest()
		base := heap()
		ds, p := make([]*deflate.Decompressor, conns), make([]byte, 100)
		for i := range ds {
			ds[i] = deflate.NewDecompressor(nil, noTakeover, 15, 0)
			ds[i].Open(message)
			if _, err := ds[i].Read(p); err != nil {
				t.Fatal(err)
			}
		}
		open := (heap() - base) / conns
		window := uint64(0)
		if !noTakeover {
			window = 32 * kib
		}
		var dst []byte
		for i := range ds {
			dst, _ = ds[i].AppendAll(dst[:0])
			ds[i].Open(message)
			dst, _ = ds[i].AppendAll(dst[:0])
		}
		dst = nil
		rest()
		left := (heap() - base) / conns
		for _, d := range ds {
			d.Release()
		}
		rest()
		after := (heap() - base) / conns
		t.Logf("%d bytes while a message is open, %d at its end, %d after Release", open, left, after)
		if open > 75*kib || left > window+kib || after > kib {
			t.Errorf("%d bytes while a message is open, %d at its end, %d after Release", open, left, after)
		}
		runtime.KeepAlive(ds)
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

// TestAppendAllMakesRoomOnce: it guesses well how large a message will be, and is
// not taken in by one that begins with a lot of zeros.
func TestAppendAllMakesRoomOnce(t *testing.T) {
	fooled := append(zeros(t, 1<<20), 0, 0, 0xff, 0xff)
	for range 8 {
		fooled = append(fooled, append([]byte{0, 0xff, 0xff, 0, 0}, noise(1<<16-1)...)...)
	}
	fooled = append(fooled, 0)
	messages := map[string][]byte{"zeros, then noise": fooled}
	for _, size := range []int{10_000, 100_000, 1_000_000} {
		messages[fmt.Sprint(size, " bytes")], _ = deflate.NewCompressor(nil, true, 15).Append(nil, logLines(size))
	}
	for name, message := range messages {
		for _, noTakeover := range []bool{true, false} {
			d := newDecompressor(noTakeover, 15)
			if _, err := inflate(d, message); err != nil {
				t.Fatal(name, err)
			}
			var got []byte
			allocs := testing.AllocsPerRun(10, func() { got, _ = inflate(d, message) })
			most, room := 2.0, len(got)*5/4
			if name == "zeros, then noise" {
				most, room = 5, room+1<<20
			}
			if allocs > most || cap(got) > room {
				t.Errorf("%s: %v allocations, room for %d bytes for %d", name, allocs, cap(got), len(got))
			}
		}
	}
}
