package deflate_test

import (
	"bytes"
	stdflate "compress/flate"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/wsstream/wsstream/deflate"
)

// everything are options that compress whatever gets smaller.
func everything(level int) *deflate.Options { return &deflate.Options{Level: level, Threshold: -1} }

type text struct {
	name    string
	data    []byte
	shrinks bool
}

// texts are what is compressed in these tests.
var texts = sync.OnceValue(func() []text {
	lines := logLines(20 << 20)
	return []text{
		{"nothing", nil, false},
		{"a byte", []byte("x"), false},
		{"a line", lines[:200], true},
		{"noise of 1 KiB", noise(1 << 10), false},
		{"64 KiB of lines", lines[300 : 300+64<<10], true},
		{"noise of 100,000 bytes", noise(100_000), false},
		{"near and far", farText(200_000), true},
		{"zeros", make([]byte, 64<<10), true},
		{"a line again", lines[:200], true},
		{"1 MiB of lines", lines[1<<20 : 2<<20], true},
		{"20 MiB of lines", lines, true},
	}
})

// stdPeer inflates with the standard library. What it has inflated before is its
// dictionary, as long as it is compressed with context takeover.
type stdPeer struct {
	window []byte
	limit  int // bytes of it
}

func (p *stdPeer) inflate(message []byte) ([]byte, error) {
	whole := io.MultiReader(bytes.NewReader(message), bytes.NewReader([]byte{0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff}))
	out, err := io.ReadAll(stdflate.NewReaderDict(whole, p.window))
	p.window = append(p.window, out...)
	p.window = p.window[max(len(p.window)-p.limit, 0):]
	return out, err
}

// TestRoundTrip sends all texts over one connection, for every window, with and
// without context takeover, and reads them with this package and with the
// standard library, whose window has no more bytes than was agreed.
func TestRoundTrip(t *testing.T) {
	for bits := 8; bits <= 15; bits++ {
		for _, noTakeover := range []bool{false, true} {
			t.Run(fmt.Sprint(bits, noTakeover), func(t *testing.T) {
				t.Parallel()
				roundTrip(t, texts()[:9], everything(0), noTakeover, bits)
			})
		}
	}
	for level := 1; level <= 9; level++ {
		t.Run(fmt.Sprint("level ", level), func(t *testing.T) {
			t.Parallel()
			roundTrip(t, texts()[:9], everything(level), false, 15)
		})
	}
	for _, bits := range []int{9, 15} {
		t.Run(fmt.Sprint("large", bits), func(t *testing.T) {
			t.Parallel()
			roundTrip(t, texts()[7:], everything(0), false, bits)
		})
	}
}

func roundTrip(t *testing.T, texts []text, o *deflate.Options, noTakeover bool, bits int) {
	c := deflate.NewCompressor(o, noTakeover, bits)
	d := newDecompressor(noTakeover, bits)
	std := &stdPeer{limit: 1 << bits}
	if noTakeover {
		std.limit = 0
	}
	for _, text := range texts {
		message, ok := c.Append([]byte("before"), text.data)
		if ok != text.shrinks {
			t.Errorf("%s: compressed: %v", text.name, ok)
		}
		if !ok {
			if string(message) != "before" {
				t.Errorf("%s: %d bytes from a message that was declined", text.name, len(message))
			}
			continue
		}
		message, ok = bytes.CutPrefix(message, []byte("before"))
		if !ok || len(message) >= len(text.data) {
			t.Errorf("%s: %d bytes of %d", text.name, len(message), len(text.data))
		}
		if got, err := inflate(d, message); !bytes.Equal(got, text.data) || err != nil {
			t.Fatalf("%s: %d bytes, %v", text.name, len(got), err)
		}
		if got, err := std.inflate(message); !bytes.Equal(got, text.data) || err != nil {
			t.Fatalf("%s: the standard library: %d bytes, %v", text.name, len(got), err)
		}
	}
}

// TestWindowIsKept: no distance is larger than was agreed, though the text has
// what is worth referring to at every distance, and nearly all of the window is
// used.
func TestWindowIsKept(t *testing.T) {
	lines := farText(150_000)
	for bits := 8; bits <= 15; bits++ {
		for _, noTakeover := range []bool{false, true} {
			c := deflate.NewCompressor(everything(0), noTakeover, bits)
			var history []byte
			most := 0
			for _, size := range []int{90_000, 300, 20_000, 2000, 100} {
				text := lines[size : size+size/2]
				message, ok := c.Append(nil, text)
				if !ok {
					t.Fatalf("%d bytes did not shrink", len(text))
				}
				got, farthest, err := puffMessage(history, message)
				if !bytes.Equal(got, text) || err != nil {
					t.Fatalf("%d bits: %d bytes of %d, %v", bits, len(got), len(text), err)
				}
				most = max(most, farthest)
				if !noTakeover {
					history = append(history, text...)
				}
			}
			if most > 1<<bits || most < 1<<bits*3/4 {
				t.Errorf("%d bits, without takeover: %v: the largest distance is %d", bits, noTakeover, most)
			}
		}
	}
}

// TestTakeover: a message like the one before it takes only a few bytes with
// context takeover, whether the encoder is still there that has seen it or not,
// and there are messages between them that are sent as they are.
func TestTakeover(t *testing.T) {
	line := noise(400)
	repeat := func(c *deflate.Compressor) int {
		first, _ := c.Append(nil, append(line, line[:100]...))
		if _, ok := c.Append(nil, noise(10_000)[5000:]); ok {
			t.Fatal("noise was compressed")
		}
		second, ok := c.Append(nil, line)
		if len(first) < 400 || !ok && len(second) > 0 {
			t.Fatal(len(first), ok)
		}
		return len(second)
	}
	for bits := 9; bits <= 15; bits++ {
		c := deflate.NewCompressor(everything(0), false, bits)
		if n := repeat(c); n == 0 || n > 30 {
			t.Errorf("%d bits: %d bytes", bits, n)
		}
		c.Cool()
		if second, ok := c.Append(nil, line); !ok || len(second) > 30 {
			t.Errorf("%d bits: %d bytes from another encoder", bits, len(second))
		}
		if second, ok := c.Append(nil, line); !ok || len(second) > 30 {
			t.Errorf("%d bits: %d bytes from the same encoder", bits, len(second))
		}
		if n := repeat(deflate.NewCompressor(everything(0), true, bits)); n != 0 {
			t.Errorf("%d bits: noise was compressed to %d bytes without takeover", bits, n)
		}
	}
}

func TestThreshold(t *testing.T) {
	lines := logLines(4096)
	for _, test := range []struct {
		o          deflate.Options
		noTakeover bool
		size       int
		want       bool
	}{
		{deflate.Options{}, true, 1023, false},
		{deflate.Options{}, true, 1024, true},
		{deflate.Options{}, false, 200, true},
		{deflate.Options{ThresholdWithTakeover: true}, false, 1023, false},
		{deflate.Options{ThresholdWithTakeover: true}, false, 1024, true},
		{deflate.Options{Threshold: 2000}, true, 1999, false},
		{deflate.Options{Threshold: 2000}, true, 2000, true},
		{deflate.Options{Threshold: -1}, true, 200, true},
		{deflate.Options{Threshold: -1}, true, 12, false},
	} {
		c := deflate.NewCompressor(&test.o, test.noTakeover, 15)
		if _, ok := c.Append(nil, lines[:test.size]); ok != test.want {
			t.Errorf("%+v, %d bytes, no takeover %v: %v", test.o, test.size, test.noTakeover, ok)
		}
	}
	if _, ok := deflate.NewCompressor(nil, true, 15).Append(nil, lines); !ok {
		t.Error("no options are the default ones")
	}
}

// TestManyConnections takes turns among more connections than there are encoders
// kept, some of them closed, while others do the same.
func TestManyConnections(t *testing.T) {
	lines := logLines(200_000)
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			o := &deflate.Options{MaxConcurrent: g - 1}
			type conn struct {
				c *deflate.Compressor
				d *deflate.Decompressor
			}
			conns := make([]conn, 3*deflate.ShelfSize)
			for i := range 600 {
				k := &conns[i*i%len(conns)]
				if k.c == nil {
					bits := 8 + i%8
					k.c, k.d = deflate.NewCompressor(o, i%5 == 0, bits), newDecompressor(i%5 == 0, bits)
				}
				at := i * 311
				text := lines[at : at+1+i*37%3000]
				message, ok := k.c.Append(nil, text)
				if !ok {
					continue
				}
				if got, err := inflate(k.d, message); !bytes.Equal(got, text) || err != nil {
					t.Errorf("message %d: %d bytes of %d, %v", i, len(got), len(text), err)
					return
				}
				if i%7 == 0 {
					k.c.Release()
					k.c = nil
				}
			}
		})
	}
	all.Wait()
}
