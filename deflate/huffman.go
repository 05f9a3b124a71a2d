package deflate

import (
	"math/bits"
	"sync"
)

// An entry of a table says what the next bits of the stream stand for:
//
//	bits 0–4    how many of them this takes, with those that are added to the value
//	bits 8–11   how many of those are the code; of a link, how many bits behind it
//	            choose within its table
//	bits 12–15  what kind it is; none of these: a length, a distance, or a length of a code
//	bits 16–31  the value; of a link, where its table begins
type entry = uint32

const (
	isLiteral entry = 1 << 15
	isEnd     entry = 1 << 14
	isLink    entry = 1 << 13
	isInvalid entry = 1 << 12
	isSpecial       = isEnd | isLink | isInvalid

	widthMask  = 1<<5 - 1
	codeShift  = 8
	codeMask   = 1<<4 - 1
	valueShift = 16
)

// valueOf returns the value of an entry: bits of the stream, which begins with acc,
// are added to a length or distance.
func valueOf(e entry, acc uint64) int {
	return int(e>>valueShift) + int(acc&(1<<(e&widthMask)-1)>>(e>>codeShift&codeMask))
}

// behind returns where the entry is that a link leads to.
func behind(e entry, acc uint64) uint64 {
	return uint64(e>>valueShift) + acc>>(e&widthMask)&(1<<(e>>codeShift&codeMask)-1)
}

// The codes of RFC 1951: how long they get, and how many symbols each has.
const (
	longestCode  = 15
	literalCodes = 288 // the last two are in the fixed code only, and stand for nothing
	distCodes    = 32  // the same
	lengthCodes  = 19  // those that the lengths of the other two are written with
	endOfBlock   = 256
)

// How many bits a table is entered with. Codes that are longer are found
// through a link.
const (
	literalBits = 10
	distBits    = 8
	lengthBits  = 7
)

// codes are the two codes of a block. A table with its links never takes more
// than 1334 and 402 entries for codes and bits of these numbers (zlib's
// examples/enough.c counts them).
type codes struct {
	literals [1400]entry
	dists    [512]entry

	literalMask, distMask uint64
}

// build fills the table with the canonical code (RFC 1951 section 3.2.2) whose
// symbols have these lengths, and returns the mask to enter it with; ok is
// false if there is no such code. A code may be empty or be one symbol of one
// bit (RFC 1951 section 3.2.7), which leaves the rest of the table invalid.
func build(table []entry, root int, lengths []uint8, symbols []entry) (mask uint64, ok bool) {
	var count [longestCode + 1]int
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	left, longest := 1, 0
	for n := 1; n <= longestCode; n++ {
		if left = left<<1 - count[n]; left < 0 {
			return 0, false
		}
		if count[n] > 0 {
			longest = n
		}
	}
	root = min(root, max(longest, 1))
	mask = 1<<root - 1
	if left > 0 {
		if longest > 1 {
			return 0, false
		}
		for i := range table[:1<<root] {
			table[i] = isInvalid
		}
	}
	var sorted [literalCodes]uint16
	fill(table, root, &count, sort(&sorted, &count, lengths), lengths, symbols)
	return mask, true
}

// sort returns the symbols in the order of their codes.
func sort(sorted *[literalCodes]uint16, count *[longestCode + 1]int, lengths []uint8) []uint16 {
	var next [longestCode + 1]int
	total := 0
	for n := range next {
		next[n] = total
		total += count[n]
	}
	for symbol, n := range lengths {
		if n != 0 {
			sorted[next[n]] = uint16(symbol)
			next[n]++
		}
	}
	return sorted[:total]
}

// fill enters the symbols. The bits of a code come with the first one lowest,
// so an entry stands wherever the low bits of an index are its code: it is entered
// once, in a table for codes as short as it, which then doubles until it is one for
// the longest. BenchmarkInflaters: 1.2 times as fast for 1 KiB of log lines as
// entering it everywhere.
func fill(table []entry, root int, count *[longestCode + 1]int, sorted []uint16, lengths []uint8, symbols []entry) {
	var (
		code, width int
		size        = 1         // of the table so far
		prefix      = -1        // of the table that the last link leads to
		start       int         // where that begins
		end         = 1 << root // where it ends
	)
	for _, symbol := range sorted {
		n := int(lengths[symbol])
		code <<= n - width
		width = n
		for ; size < 1<<min(n, root); size *= 2 {
			copy(table[size:2*size], table[:size])
		}
		index := int(bits.Reverse16(uint16(code)) >> (16 - n))
		e := symbols[symbol] + entry(n) | entry(n)<<codeShift
		if n <= root {
			table[index] = e
		} else {
			if p := index & (1<<root - 1); p != prefix {
				sub := subBits(n, root, count)
				prefix, start, end = p, end, end+1<<sub
				table[p] = isLink | entry(start)<<valueShift | entry(sub)<<codeShift | entry(root)
			}
			for i := start + index>>root; i < end; i += 1 << (n - root) {
				table[i] = e
			}
		}
		count[n]--
		code++
	}
}

// subBits returns how many bits the table behind a link takes, whose shortest
// code has n: as many as it takes for the codes that are left to fill it.
func subBits(n, root int, count *[longestCode + 1]int) int {
	sub := n - root
	for free := 1 << sub; sub+root < longestCode; sub++ {
		if free -= count[sub+root]; free <= 0 {
			break
		}
		free <<= 1
	}
	return sub
}

// The symbols of the three codes (RFC 1951 section 3.2.5), as entries without
// their code.
var (
	literalSymbols = makeLiteralSymbols()
	distSymbols    = makeDistSymbols()
	lengthSymbols  = makeLengthSymbols()
)

func makeLiteralSymbols() (s [literalCodes]entry) {
	for i := range s[:endOfBlock] {
		s[i] = isLiteral | entry(i)<<valueShift
	}
	s[endOfBlock] = isEnd
	base := entry(3)
	for i := range 28 {
		extra := entry(max(i/4-1, 0))
		s[257+i] = base<<valueShift | extra
		base += 1 << extra
	}
	s[285] = 258 << valueShift
	s[286], s[287] = isInvalid, isInvalid
	return s
}

func makeDistSymbols() (s [distCodes]entry) {
	base := entry(1)
	for i := range 30 {
		extra := entry(max(i/2-1, 0))
		s[i] = base<<valueShift | extra
		base += 1 << extra
	}
	s[30], s[31] = isInvalid, isInvalid
	return s
}

func makeLengthSymbols() (s [lengthCodes]entry) {
	for i := range s {
		s[i] = entry(i) << valueShift
	}
	return s
}

// fixedCodes are those of a block with BTYPE 01 (RFC 1951 section 3.2.6).
var fixedCodes = sync.OnceValue(func() *codes {
	var lengths [literalCodes + distCodes]uint8
	for i := range lengths {
		switch {
		case i >= literalCodes:
			lengths[i] = 5
		case i < 144, i >= 280:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		default:
			lengths[i] = 7
		}
	}
	c := new(codes)
	c.literalMask, _ = build(c.literals[:], literalBits, lengths[:literalCodes], literalSymbols[:])
	c.distMask, _ = build(c.dists[:], distBits, lengths[literalCodes:], distSymbols[:])
	return c
})
