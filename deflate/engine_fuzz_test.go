package deflate_test

import (
	"bytes"
	stdflate "compress/flate"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/wsstream/wsstream/deflate"
)

// FuzzInflate: this package inflates what the standard library does, to the same
// bytes, and refuses what it refuses, in pieces of any size.
func FuzzInflate(f *testing.F) {
	const most = 1 << 20
	for _, text := range []string{
		"", "f2 48 cd c9 c9 07 00", "f2 00 11 00 00", "00 05 00 fa ff 48 65 6c 6c 6f 00",
		"f3 48 cd c9 c9 07 00 00", "f2 48 05 00 00 00 ff ff ca c9 c9 07 00", "00", "06 00", "1b 03 00",
	} {
		f.Add(unhex(text), []byte("Hello"), 3)
	}
	for _, level := range []int{1, 9} {
		message, _ := deflate.NewCompressor(everything(level), true, 15).Append(nil, logLines(600))
		f.Add(message, []byte(nil), 100)
	}
	f.Fuzz(func(t *testing.T, message, before []byte, size int) {
		before = before[:min(len(before), 60_000)]
		d := deflate.NewDecompressor(&deflate.Options{MaxRatio: -1}, false, 15, most)
		stored := append([]byte{0, byte(len(before)), byte(len(before) >> 8), ^byte(len(before)), ^byte(len(before) >> 8)}, before...)
		if got, err := inflate(d, append(stored, 0)); !bytes.Equal(got, before) || err != nil {
			t.Fatalf("%d of %d bytes before the message, %v", len(got), len(before), err)
		}
		want, ok := stdInflate(message, before, most)
		cut := 1 + int(uint(size)%97)
		d.Open(inParts(message, len(before)%(cut+1), cut)...)
		var got []byte
		var err error
		for p := make([]byte, 1+uint(size)%4096); err == nil; {
			var n int
			n, err = d.Read(p)
			got = append(got, p[:n]...)
		}
		switch {
		case len(got) > most || err != io.EOF && !isTooBig(err) && !isInvalid(err):
			t.Fatalf("%d bytes, %v", len(got), err)
		case len(want) > most:
			if err == io.EOF {
				t.Fatalf("%d bytes, the standard library has %d and more", len(got), len(want))
			}
		case (err == io.EOF) != ok:
			t.Fatalf("%d bytes, %v; the standard library has %d, %v", len(got), err, len(want), ok)
		case ok && !bytes.Equal(got, want):
			t.Fatalf("%d bytes that are not the %d of the standard library", len(got), len(want))
		}
	})
}

// stdInflate is what the standard library makes of a message, or of as much of
// it as is needed to have more than most bytes, and whether that is all right:
// the four bytes that were cut off are the length of its last block, so that if
// they say one byte, not none, then that is one byte more.
func stdInflate(message, window []byte, most int) (out []byte, ok bool) {
	if len(message) == 0 {
		return nil, true
	}
	out, ok = stdInflateWith(message, []byte{0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff}, "", window, most)
	if len(out) > most || !ok {
		return out, false
	}
	more, ok := stdInflateWith(message, []byte{1, 0, 0xfe, 0xff, 'X', 3, 0}, "X", window, most+1)
	return out, ok && string(more) == string(out)+"X"
}

var stdReader = stdflate.NewReader(nil)

// stdInflateWith inflates a message with the rest behind it, which says the text
// last and has a block with BFINAL at its end.
func stdInflateWith(message, rest []byte, last string, window []byte, most int) (out []byte, ok bool) {
	in := bytes.NewReader(append(bytes.Clone(message), rest...))
	history := bytes.Clone(window)
	for len(out) <= most {
		stdReader.(stdflate.Resetter).Reset(in, history)
		part, err := io.ReadAll(io.LimitReader(stdReader, int64(most+1-len(out))))
		out = append(out, part...)
		history = append(history, part...)
		switch {
		case err != nil:
			return out, false
		case in.Len() == 0:
			return out, true
		case in.Len() == len(rest): // after BFINAL there need not be another block
			return append(out, last...), true
		}
	}
	return out, false
}

// FuzzRoundTrip sends the pieces of a text as messages.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa Hello Hello Hello"), uint64(7), 8, true, 1)
	f.Add(logLines(3000), uint64(1), 9, false, 0)
	f.Add(farText(5000), uint64(2), 12, false, 9)
	f.Add(append(noise(500), noise(500)...), uint64(3), 15, false, 5)
	f.Fuzz(func(t *testing.T, text []byte, seed uint64, bits int, noTakeover bool, level int) {
		bits, level = 8+int(uint(bits)%8), int(uint(level)%10)
		c := deflate.NewCompressor(everything(level), noTakeover, bits)
		defer c.Release()
		d := newDecompressor(noTakeover, bits)
		text = text[:min(len(text), 16_000)]
		r := rand.New(rand.NewPCG(seed, 0))
		for len(text) > 0 {
			n := 1 + r.IntN(min(len(text), 1<<r.IntN(15)))
			piece := text[:n]
			text = text[n:]
			message, ok := c.Append(nil, piece)
			if !ok {
				continue
			}
			if len(message) >= n {
				t.Fatalf("%d bytes became %d", n, len(message))
			}
			if got, err := inflate(d, message); !bytes.Equal(got, piece) || err != nil {
				t.Fatalf("%d bytes of %d, %v", len(got), n, err)
			}
			if r.IntN(8) == 0 {
				c.Cool()
			}
		}
	})
}
