package deflate_test

import (
	"bytes"
	"runtime"
	"sync"
	"testing"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/internal/testnet"
)

// budgetPair are both ends of one direction, whose windows are of a budget.
type budgetPair struct {
	c *deflate.Compressor
	d *deflate.Decompressor
}

func newBudgetPair(windowMemory, bits int) *budgetPair {
	o := &deflate.Options{Threshold: -1, MaxWindowMemory: windowMemory}
	return &budgetPair{deflate.NewCompressor(o, false, bits), newDecompressor(false, bits)}
}

// send returns how many bytes the text was compressed to.
func (p *budgetPair) send(t *testing.T, text []byte) int {
	t.Helper()
	message, ok := p.c.Append(nil, text)
	if !ok {
		t.Errorf("%d bytes were not compressed", len(text))
		return len(text)
	}
	if got, err := inflate(p.d, message); !bytes.Equal(got, text) || err != nil {
		t.Errorf("%d bytes of %d, %v", len(got), len(text), err)
	}
	return len(message)
}

// TestWindowMemory: windows grow until there is no room, stay as they are or
// empty then, and grow on when another connection has ended.
func TestWindowMemory(t *testing.T) {
	const kib = 1 << 10
	for _, test := range []struct {
		name   string
		budget int
		bits   int
		want   [4]int // of the windows, after 40 KiB each
	}{
		{"all that is asked for", 64 * kib, 15, [4]int{16 * kib, 16 * kib, 16 * kib, 16 * kib}},
		{"a byte less", 64*kib - 1, 15, [4]int{16 * kib, 16 * kib, 16 * kib, 8 * kib}},
		{"a part", 21 * kib, 15, [4]int{16 * kib, 4 * kib, 1 * kib, 0}},
		{"the smallest", 512, 15, [4]int{512, 0, 0, 0}},
		{"less than the smallest is left", 9*512 - 1, 11, [4]int{2048, 2048, 0, 0}},
		{"windows that are smaller than that", 513, 8, [4]int{256, 256, 0, 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			lines := logLines(40 * kib)
			var pairs [4]*budgetPair
			total := 0
			for i := range pairs {
				pairs[i] = newBudgetPair(test.budget, test.bits)
				pairs[i].send(t, lines)
				if n := pairs[i].c.Window(); n != test.want[i] {
					t.Errorf("connection %d has a window of %d bytes, not %d", i, n, test.want[i])
				}
				total += test.want[i]
			}
			if n := deflate.WindowMemory(test.budget); n != int64(total) {
				t.Errorf("%d bytes are taken, the windows have %d", n, total)
			}
			for range 3 { // with every encoder gone, and windows of sizes that others do not have
				for _, p := range pairs {
					p.c.Cool()
					p.send(t, lines[:3000])
				}
			}
			pairs[0].c.Release()
			last := pairs[3]
			last.send(t, lines)
			if n := last.c.Window(); n < test.want[0]/2 {
				t.Errorf("a window of %d bytes, though one of %d was given up", n, test.want[0])
			}
			for _, p := range pairs {
				p.c.Forget()
			}
			if n := deflate.WindowMemory(test.budget); n != 0 {
				t.Errorf("%d bytes are taken when all is forgotten", n)
			}
		})
	}
}

// TestGrowingWindow: a window that was full for want of room, and has gone round,
// keeps its order when it grows.
func TestGrowingWindow(t *testing.T) {
	const budget = 17 << 10
	lines := logLines(100_000)
	a, b := newBudgetPair(budget, 15), newBudgetPair(budget, 15)
	a.send(t, lines[:40_000])
	for at := 0; at < 5000; at += 300 {
		b.send(t, lines[at:at+300])
	}
	if n := b.c.Window(); n != 1<<10 {
		t.Fatalf("a window of %d bytes in what is left", n)
	}
	b.c.Cool()
	without := b.send(t, lines[:300]) // more than 1 KiB back
	a.c.Release()
	b.send(t, lines[4400:5100])
	if n := b.c.Window(); n != 2<<10 {
		t.Fatalf("a window of %d bytes with room for more", n)
	}
	b.c.Cool()
	if n := b.send(t, lines[4400:4700]); n > without/3 {
		t.Errorf("%d bytes with context, %d without", n, without)
	}
	b.c.Release()
}

// TestWindowMemoryAtOnce: many connections never hold more than they may, and in
// the end nothing, whether they are released or not.
func TestWindowMemoryAtOnce(t *testing.T) {
	const budget = 100_000
	lines := logLines(100_000)
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			pairs := make([]*budgetPair, 20)
			for i := range 300 {
				p := &pairs[i%len(pairs)]
				if *p == nil {
					*p = newBudgetPair(budget, 8+(g+i)%8)
				}
				at := i * 97
				(*p).send(t, lines[at:at+300+i*113%5000])
				if n := deflate.WindowMemory(budget); n > budget {
					t.Errorf("%d bytes are taken", n)
				}
				switch i % 11 {
				case 0:
					(*p).c.Forget()
				case 1:
					(*p).c.Release()
					*p = nil
				case 2:
					*p = nil
				}
			}
		})
	}
	all.Wait()
	testnet.Poll(t, "the windows of connections that are gone still count", func() bool {
		runtime.GC()
		return deflate.WindowMemory(budget) == 0
	})
}
