package frames_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wsstream/wsstream/frames"
)

// TestUTF8FirstImpossibleByte holds that text is refused at the very byte that
// no continuation could make good, and not before it.
func TestUTF8FirstImpossibleByte(t *testing.T) {
	tests := []struct {
		text string
		at   int // index of the byte to be refused; -1: none
	}{
		{"", -1},
		{"Hello-µ@ßöäüàá-UTF-8!!", -1},
		{"\u0000\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff", -1},
		{"κόσμε\xed\xa0\x80edited", 11}, // Autobahn 6.3.1: a surrogate
		{"κόσμε\xf4\x90\x80\x80edited", 11},
		{"\x80", 0},             // a continuation byte alone
		{"\xbf", 0},             //
		{"a\xc0\xaf", 1},        // overlong for two bytes
		{"\xc1\xbf", 0},         //
		{"\xe0\x80\xaf", 1},     // overlong for three
		{"\xe0\x9f\xbf", 1},     //
		{"\xe0\xa0\x80", -1},    // the first that is not
		{"\xf0\x80\x80\xaf", 1}, // overlong for four
		{"\xf0\x8f\xbf\xbf", 1}, //
		{"\xf0\x90\x80\x80", -1},
		{"\xed\x9f\xbf", -1},
		{"\xed\xa0\x80", 1}, // the first surrogate
		{"\xed\xbf\xbf", 1}, // the last one
		{"\xf4\x8f\xbf\xbf", -1},
		{"\xf4\x90\x80\x80", 1}, // beyond U+10FFFF
		{"\xf5\x80\x80\x80", 0},
		{"\xf8\x88\x80\x80\x80", 0}, // five and six bytes
		{"\xfc\x84\x80\x80\x80\x80", 0},
		{"\xfe", 0},
		{"\xff", 0},
		{"\xc3A", 1},
		{"\xe2\x82A", 2},
		{"\xe2A\x82", 1},
		{"\xf0\x9f\x98A", 3},
		{"\xf0\x9f\xf0", 2},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%x", tt.text), func(t *testing.T) {
			var v frames.UTF8
			for i := range len(tt.text) {
				ok := v.Valid([]byte{tt.text[i]})
				if want := tt.at < 0 || i < tt.at; ok != want {
					t.Fatalf("byte %d (%#x): Valid is %v, want %v", i, tt.text[i], ok, want)
				}
			}
			if v.Complete() != (tt.at < 0) {
				t.Errorf("Complete is %v", v.Complete())
			}
		})
	}
}

func TestUTF8Reset(t *testing.T) {
	var v frames.UTF8
	if v.Valid([]byte{0xff}) || v.Valid([]byte("a")) || v.Valid(nil) || v.Complete() {
		t.Error("bad text became good")
	}
	v.Reset()
	if !v.Valid([]byte("\xe2\x82")) || v.Complete() {
		t.Error("a cut rune is not taken for what it is")
	}
	v.Reset()
	if !v.Valid([]byte("a")) || !v.Complete() {
		t.Error("Reset did not forget the text before")
	}
}

// TestUTF8Exhaustive takes every way into a rune, byte by byte, until it is
// whole or refused: all sequences of up to four bytes that say anything new.
func TestUTF8Exhaustive(t *testing.T) {
	n := 0
	var walk func(v frames.UTF8, prefix []byte)
	walk = func(v frames.UTF8, prefix []byte) {
		for c := range 256 {
			n++
			v, p := v, append(prefix, byte(c))
			if ok := v.Valid(p[len(prefix):]); ok != validPrefix(p) || v.Complete() != utf8.Valid(p) {
				t.Fatalf("%x: Valid is %v, Complete is %v", p, ok, v.Complete())
			} else if ok && !v.Complete() {
				walk(v, p)
			}
		}
	}
	walk(frames.UTF8{}, make([]byte, 0, utf8.UTFMax))
	// 51 bytes can begin a longer rune; 1216 pairs and 16384 triples can go on.
	if want := 256 * (1 + 51 + 1216 + 16384); n != want {
		t.Errorf("%d sequences, want %d", n, want)
	}
}

// TestUTF8Whole takes every sequence of up to three bytes in one piece. Of the
// first bytes that are alike, ASCII and continuation, one each stands for all.
func TestUTF8Whole(t *testing.T) {
	check := func(p ...byte) {
		var v frames.UTF8
		if ok := v.Valid(p); ok != validPrefix(p) || v.Complete() != utf8.Valid(p) {
			t.Fatalf("%x: Valid is %v, Complete is %v", p, ok, v.Complete())
		}
	}
	for a := range 256 {
		check(byte(a))
		for b := range 256 {
			check(byte(a), byte(b))
			if a < 0xc0 && a != 'a' && a != 0x80 {
				continue
			}
			for c := range 256 {
				check(byte(a), byte(b), byte(c))
			}
		}
	}
}

// checkUTF8 feeds p in pieces of the given size and compares with the standard
// library: the verdict on the whole, and that a refusal comes with the first
// piece after which nothing could help.
func checkUTF8(t *testing.T, p []byte, piece int) {
	t.Helper()
	var v frames.UTF8
	good := impossible(p)
	for at := 0; at < len(p); at += piece {
		end := min(at+piece, len(p))
		if ok := v.Valid(p[at:end]); ok != (end <= good) {
			t.Fatalf("%x in pieces of %d: Valid is %v after %d bytes", p, piece, ok, end)
		}
	}
	if v.Complete() != utf8.Valid(p) {
		t.Fatalf("%x in pieces of %d: Complete is %v", p, piece, v.Complete())
	}
}

// validPrefix reports whether p can be the beginning of valid UTF-8.
func validPrefix(p []byte) bool { return impossible(p) == len(p) }

// impossible returns the index of the first byte of p that no byte behind it
// can make good, or len(p).
func impossible(p []byte) int {
	for at := 0; at < len(p); {
		r, n := utf8.DecodeRune(p[at:])
		if r == utf8.RuneError && n == 1 {
			end := at
			for end < len(p) && completable(p[at:end+1]) {
				end++
			}
			return end
		}
		at += n
	}
	return len(p)
}

// completable reports whether p is the beginning of a rune, by the table of
// well-formed byte sequences in the Unicode standard (table 3-7).
func completable(p []byte) bool {
	rows := []struct{ first, last, lo, hi, size byte }{
		{0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	}
	for _, row := range rows {
		if p[0] < row.first || p[0] > row.last {
			continue
		}
		ok := len(p) < int(row.size)
		for i, c := range p[1:] {
			if i == 0 {
				ok = ok && c >= row.lo && c <= row.hi
			} else {
				ok = ok && c >= 0x80 && c <= 0xbf
			}
		}
		return ok
	}
	return false
}

// TestUTF8Splits compares random text, mostly valid, at every split into two
// and in pieces of every small size.
func TestUTF8Splits(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for range 2000 {
		p := randomText(rng)
		for size := 1; size <= 9; size++ {
			checkUTF8(t, p, size)
		}
		for cut := range len(p) + 1 {
			var v frames.UTF8
			if v.Valid(p[:cut]) != validPrefix(p[:cut]) || v.Valid(p[cut:]) != validPrefix(p) || v.Complete() != utf8.Valid(p) {
				t.Fatalf("%x: wrong when cut at %d", p, cut)
			}
		}
	}
}

// randomText returns some runes of all sizes, in half of the cases with a byte
// changed.
func randomText(rng *rand.Rand) []byte {
	var p []byte
	for range rng.IntN(12) {
		limit := []int{0x80, 0x800, 0x10000, 0x110000}[rng.IntN(4)]
		p = utf8.AppendRune(p, rune(rng.IntN(limit)))
	}
	if len(p) > 0 && rng.IntN(2) == 0 {
		p[rng.IntN(len(p))] = byte(rng.Uint32())
	}
	return p
}

func FuzzUTF8(f *testing.F) {
	for _, s := range []string{"", "Hello", "κόσμε", "\xed\xa0\x80", "\xf4\x90", "\xf0\x9f\x98\x80", "\xe2\x82"} {
		f.Add([]byte(s), uint8(1))
	}
	f.Fuzz(func(t *testing.T, p []byte, piece uint8) {
		checkUTF8(t, p, max(1, int(piece)))
	})
}

// BenchmarkUTF8 compares the way through utf8.Valid with a byte-wise automaton
// (the table of completable, unrolled into states).
func BenchmarkUTF8(b *testing.B) {
	texts := []struct {
		name string
		text string
	}{
		{"ascii", strings.Repeat("Hello, world! ", 300)},
		{"greek", strings.Repeat("κόσμε ", 380)},
		{"cjk", strings.Repeat("世界", 680)},
		{"emoji", strings.Repeat("😀", 1020)},
	}
	for _, tt := range texts {
		p := bytes.Clone([]byte(tt.text))
		b.Run(tt.name+"/utf8", func(b *testing.B) {
			b.SetBytes(int64(len(p)))
			for b.Loop() {
				var v frames.UTF8
				if !v.Valid(p) || !v.Complete() {
					b.Fatal("refused")
				}
			}
		})
		b.Run(tt.name+"/automaton", func(b *testing.B) {
			b.SetBytes(int64(len(p)))
			for b.Loop() {
				var v automaton
				for _, c := range p {
					if !v.next(c) {
						b.Fatal("refused")
					}
				}
			}
		})
	}
}

// automaton is the byte-wise validator to compare with.
type automaton struct{ need, lo, hi byte }

func (v *automaton) next(c byte) bool {
	if v.need > 0 {
		ok := c >= v.lo && c <= v.hi
		v.need--
		v.lo, v.hi = 0x80, 0xbf
		return ok
	}
	v.lo, v.hi = 0x80, 0xbf
	switch {
	case c < 0x80:
	case c >= 0xc2 && c <= 0xdf:
		v.need = 1
	case c >= 0xe0 && c <= 0xef:
		v.need = 2
		if c == 0xe0 {
			v.lo = 0xa0
		} else if c == 0xed {
			v.hi = 0x9f
		}
	case c >= 0xf0 && c <= 0xf4:
		v.need = 3
		if c == 0xf0 {
			v.lo = 0x90
		} else if c == 0xf4 {
			v.hi = 0x8f
		}
	default:
		return false
	}
	return true
}
