package frames

import "unicode/utf8"

// UTF8 checks text that comes in pieces, cut anywhere (RFC 6455 section 8.1;
// the encoding is RFC 3629). It says no at the first byte that no further byte
// could make good, so a peer that sends half a surrogate and waits is answered.
//
// The zero value is ready for use. It serves one goroutine at a time.
type UTF8 struct {
	rune [utf8.UTFMax]byte // the beginning of a rune whose rest is yet to come
	n    byte              // how much of it there is, never a whole rune; or notText
}

// notText is UTF8.n of what no further byte can make good.
const notText = 0xff

// Valid takes the next bytes of the text and reports whether all so far can be
// the beginning of valid UTF-8. Once it has said no, it says no until
// [UTF8.Reset]. It does not allocate, nor keep p.
func (v *UTF8) Valid(p []byte) bool {
	if v.n == notText {
		return false
	}
	for v.n > 0 && len(p) > 0 {
		v.rune[v.n] = p[0]
		v.n++
		p = p[1:]
		// Impossible bytes count as full: only a beginning that some rune
		// really has is not.
		if utf8.FullRune(v.rune[:v.n]) {
			if !utf8.Valid(v.rune[:v.n]) {
				v.n = notText
				return false
			}
			v.n = 0
		}
	}
	// The bulk goes through utf8.Valid, which is many times as fast as any
	// automaton that stops at every byte (BenchmarkUTF8).
	whole := len(p) - PartialRune(p)
	if !utf8.Valid(p[:whole]) {
		v.n = notText
		return false
	}
	v.n += byte(copy(v.rune[v.n:], p[whole:]))
	return true
}

// PartialRune returns how many bytes at the end of p are the beginning of a rune
// that p does not complete: 0 to 3. Text that is sent in messages is cut before
// them (RFC 6455 section 5.6).
func PartialRune(p []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		if last := p[len(p)-n:]; utf8.RuneStart(last[0]) {
			if utf8.FullRune(last) {
				return 0
			}
			return n
		}
	}
	return 0
}

// Complete reports whether the text may end here: it is valid, and does not
// end inside a rune.
func (v *UTF8) Complete() bool { return v.n == 0 }

// Reset makes v ready for another text.
func (v *UTF8) Reset() { *v = UTF8{} }
