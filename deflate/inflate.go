package deflate

import (
	"bytes"
	"encoding/binary"
)

// inflater decodes one message: DEFLATE (RFC 1951) without its last four bytes
// (RFC 7692 section 7.2.2). It is not that of klauspost/compress, since no
// library for Go can be told the window that was agreed: they all accept
// distances up to 32 KiB. That the message is there as a whole, if in several
// parts, makes it simple, and fast: it is never out of input in the middle of
// something.
type inflater struct {
	in    []byte   // the part of the message that is read
	pos   int      // the next byte of it
	rest  [][]byte // the parts behind it
	parts [][]byte // all of them
	ended bool     // in is the tail
	later int      // how many bytes there are behind in, those of the tail included
	uncut bool     // the sender has not cut the tail off

	// acc holds the next bits of the stream, n of them counted. Above those
	// there may be more, the same that follow in the input. Below zero n says
	// that bits were used that do not exist.
	acc uint64
	n   int

	history *window // what came before the message, if it is not in out
	reach   int     // the largest distance that was agreed

	out   []byte // of outSize+outSlack bytes
	w     int    // bytes in out; the last reach of them, at most, are the window
	start int    // how many of them came before the message

	stage  stage
	codes  *codes // of the block
	stored int    // bytes left of the block, if it is not compressed
	final  bool   // the block had BFINAL

	own     codes
	lengths [literalCodes + distCodes]uint8
}

// stage is what comes next.
type stage uint8

const (
	atBlock stage = iota
	inStored
	inCoded
	atEnd
)

// The room to inflate to, in bytes: 64 KiB with the slack, for two literals, the
// longest match, and copying more than that.
const (
	outSize  = 64<<10 - outSlack
	outSlack = 2 + 258 + 32
)

// recallSize is the size from which on a message has the window copied to where it
// is inflated, since nearly all of it is referred to. For a small one that takes
// longer than to look each match up. BenchmarkInflaters: 1.3 times as fast for 16
// KiB of log lines, the same for 1 KiB.
const recallSize = 512

// tail is what the sender has cut off (RFC 7692 section 7.2.1).
var tail = [4]byte{0, 0, 0xff, 0xff}

func newInflater() *inflater { return &inflater{out: make([]byte, outSize+outSlack)} }

// reset makes it ready for a message, or for none.
func (f *inflater) reset(message [][]byte, history *window, reach int) {
	clear(f.parts)
	f.parts = append(f.parts[:0], message...)
	f.in, f.pos, f.rest, f.ended, f.acc, f.n = nil, 0, f.parts, false, 0, 0
	f.later = len(tail)
	for _, part := range message {
		f.later += len(part)
	}
	f.uncut = hasTail(message)
	f.history, f.reach = history, reach
	f.w, f.start, f.stage, f.codes, f.final = 0, 0, atBlock, nil, false
	if f.later == len(tail) {
		// Not even the header of an empty block. zlib, which most peers inflate
		// with, makes an empty message of it.
		f.stage = atEnd
	}
	if f.later >= recallSize && history.len() > 0 {
		f.w = history.len()
		f.start = f.w
		history.copyBack(f.out[:f.w], f.w)
		f.history = &nothing
	}
}

// nothing is what came before a message if all of it is in out.
var nothing window

// slide makes room in out: all but the window is gone then. It returns how far
// what is left has moved.
func (f *inflater) slide() int {
	moved := max(f.w-f.reach, 0)
	copy(f.out, f.out[moved:f.w])
	f.w -= moved
	f.start = max(f.start-moved, 0)
	return moved
}

// run decodes until out is full or the message at its end.
func (f *inflater) run() error {
	for f.w < outSize && f.stage != atEnd {
		var err error
		switch f.stage {
		case atBlock:
			err = f.block()
		case inStored:
			f.copyStored()
		case inCoded:
			err = f.decode()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// refill takes in bytes until acc holds more than 55 bits, or there are no more,
// as there are none when n is below zero.
func (f *inflater) refill() {
	if f.pos+8 <= len(f.in) {
		f.acc |= binary.LittleEndian.Uint64(f.in[f.pos:]) << f.n
		f.pos += (63 - f.n) >> 3
		f.n |= 56
		return
	}
	for f.n <= 55 && f.hasInput() {
		f.acc |= uint64(f.in[f.pos]) << f.n
		f.pos++
		f.n += 8
	}
}

// hasInput goes on with the next part if in has been read, and reports whether
// there is a byte.
func (f *inflater) hasInput() bool {
	for f.pos == len(f.in) {
		switch {
		case len(f.rest) > 0:
			f.in, f.rest = f.rest[0], f.rest[1:]
		case !f.ended:
			f.in, f.ended = tail[:], true
		default:
			return false
		}
		f.pos = 0
		f.later -= len(f.in)
	}
	return true
}

// unread returns how many bytes are left, between two of them, those of the tail
// included.
func (f *inflater) unread() int { return f.n>>3 + len(f.in) - f.pos + f.later }

// hasTail reports whether the last bytes of a message are those of the tail.
func hasTail(message [][]byte) bool {
	rest := tail[:]
	for i := len(message) - 1; i >= 0 && len(rest) > 0; i-- {
		part := message[i]
		n := min(len(part), len(rest))
		if !bytes.Equal(part[len(part)-n:], rest[len(rest)-n:]) {
			return false
		}
		rest = rest[:len(rest)-n]
	}
	return len(rest) == 0
}

// take uses up the next count bits, 16 at most. If there are not as many, n is
// below zero from then on.
func (f *inflater) take(count int) int {
	if f.n < count {
		f.refill()
	}
	v := int(f.acc & (1<<count - 1))
	f.acc >>= count
	f.n -= count
	return v
}

// align skips to the next byte.
func (f *inflater) align() { f.take(f.n & 7) }

// block reads the header of a block (RFC 1951 section 3.2.3), if there is one.
func (f *inflater) block() error {
	if f.final {
		// RFC 7692 section 7.2.3.4: the next block, if any, begins with the
		// next byte. A sender that takes the end of its encoder's stream for
		// that of the message has none, and nothing of it is lost.
		if f.align(); f.unread() == len(tail) {
			f.stage = atEnd
			return nil
		}
	}
	f.final = f.take(1) == 1
	switch kind := f.take(2); {
	case f.n < 0:
		return errTruncated
	case kind == 0:
		return f.storedHeader()
	case kind == 1:
		f.codes, f.stage = fixedCodes(), inCoded
		return nil
	case kind == 2:
		f.codes, f.stage = &f.own, inCoded
		return f.readCodes()
	}
	return errBlockType
}

// storedHeader reads what a block begins with that is not compressed (RFC 1951
// section 3.2.4). The last block of a message is such a one, and empty.
func (f *inflater) storedHeader() error {
	f.align()
	if left := f.unread(); left < 4 {
		if left == len(tail)-1 && f.uncut {
			return errUncut
		}
		return errTruncated
	}
	size := f.take(16)
	if check := f.take(16); size^check != 0xffff {
		return errStored
	}
	f.stored, f.stage = size, inStored
	switch left := f.unread(); {
	case size > 0 && size > left-len(tail):
		return errTruncated
	case left == 0:
		f.stage = atEnd
	}
	return nil
}

// copyStored copies what is not compressed: first what is in acc already.
func (f *inflater) copyStored() {
	for f.stored > 0 && f.w < outSize && f.n > 0 {
		f.out[f.w] = byte(f.take(8))
		f.w++
		f.stored--
	}
	if f.n == 0 {
		f.acc = 0 // which may hold more than is counted
	}
	for f.stored > 0 && f.w < outSize && f.hasInput() {
		src := f.in[f.pos:]
		n := copy(f.out[f.w:outSize], src[:min(len(src), f.stored)])
		f.pos += n
		f.w += n
		f.stored -= n
	}
	if f.stored == 0 {
		f.stage = atBlock
	}
}

// lengthOrder is the order in which the lengths of the first code come (RFC
// 1951 section 3.2.7).
var lengthOrder = [lengthCodes]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readCodes reads the codes of a block that has its own (RFC 1951 section
// 3.2.7).
func (f *inflater) readCodes() error {
	literals, dists, count := f.take(5)+257, f.take(5)+1, f.take(4)+4
	if f.n < 0 {
		return errTruncated
	}
	if literals > 286 || dists > 30 {
		return errCodes
	}
	var first [lengthCodes]uint8
	for _, symbol := range lengthOrder[:count] {
		first[symbol] = uint8(f.take(3))
	}
	var table [1 << lengthBits]entry
	mask, ok := build(table[:], lengthBits, first[:], lengthSymbols[:])
	if !ok {
		return errCodes
	}
	if err := f.readLengths(f.lengths[:literals+dists], table[:], mask); err != nil {
		return err
	}
	c := &f.own
	if c.literalMask, ok = build(c.literals[:], literalBits, f.lengths[:literals], literalSymbols[:]); !ok || f.lengths[endOfBlock] == 0 {
		return errCodes
	}
	if c.distMask, ok = build(c.dists[:], distBits, f.lengths[literals:literals+dists], distSymbols[:]); !ok {
		return errCodes
	}
	return nil
}

// readLengths reads the lengths of both codes, which are one sequence.
func (f *inflater) readLengths(lengths []uint8, table []entry, mask uint64) error {
	for i := 0; i < len(lengths); {
		f.refill()
		e := table[f.acc&mask]
		if e&isInvalid != 0 {
			return errCodes
		}
		f.take(int(e & widthMask))
		symbol := uint8(e >> valueShift)
		repeat, again := 1, symbol
		switch symbol {
		case 16:
			if i == 0 {
				return errCodes
			}
			repeat, again = 3+f.take(2), lengths[i-1]
		case 17:
			repeat, again = 3+f.take(3), 0
		case 18:
			repeat, again = 11+f.take(7), 0
		}
		if f.n < 0 {
			return errTruncated
		}
		if repeat > len(lengths)-i {
			return errCodes
		}
		for range repeat {
			lengths[i] = again
			i++
		}
	}
	return nil
}
