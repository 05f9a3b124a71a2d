package deflate

import "encoding/binary"

// decode decodes a block, or as much of it as out has room for (RFC 1951 section
// 3.2.3). It is where the time goes: what it needs is in variables of its own,
// and whether there were as many bits as it has used is seen to last.
func (f *inflater) decode() error {
	c, in, out := f.codes, f.in, f.out
	acc, n, pos, w := f.acc, f.n, f.pos, f.w
	for w < outSize {
		if n < 48 { // the longest match takes 15+5+15+13 bits
			if uint(pos)+8 <= uint(len(in)) {
				acc |= binary.LittleEndian.Uint64(in[pos:]) << (uint(n) & 63)
				pos += (63 - n) >> 3
				n |= 56
			} else {
				f.acc, f.n, f.pos = acc, n, pos
				f.refill()
				acc, n, pos, in = f.acc, f.n, f.pos, f.in
			}
		}

		e := c.literals[acc&c.literalMask]
		if e&isLink != 0 {
			acc >>= e & widthMask
			n -= int(e & widthMask)
			e = c.literals[uint64(e>>valueShift)+acc&(1<<(e>>extraShift&extraMask)-1)]
		}
		acc >>= e & widthMask
		n -= int(e & widthMask)
		if e&isLiteral != 0 && n >= 0 {
			out[w] = byte(e >> valueShift)
			w++
			continue
		}
		if e&isSpecial != 0 || n < 0 {
			if e&isInvalid != 0 || n < 0 {
				return unusable(n)
			}
			f.acc, f.n, f.pos, f.w = acc, n, pos, w
			f.stage = atBlock
			return nil
		}
		extra := e >> extraShift & extraMask
		length := int(e>>valueShift) + int(acc&(1<<extra-1))
		acc >>= extra
		n -= int(extra)

		e = c.dists[acc&c.distMask]
		if e&isLink != 0 {
			acc >>= e & widthMask
			n -= int(e & widthMask)
			e = c.dists[uint64(e>>valueShift)+acc&(1<<(e>>extraShift&extraMask)-1)]
		}
		acc >>= e & widthMask
		extra = e >> extraShift & extraMask
		dist := int(e>>valueShift) + int(acc&(1<<extra-1))
		acc >>= extra
		n -= int(e&widthMask + extra)
		switch {
		case e&isInvalid != 0 || n < 0:
			return unusable(n)
		case dist > f.reach:
			return errDistance
		case dist <= w:
			copyMatch(out, w, dist, length)
		case !f.copyHistory(w, dist, length):
			return errDistance
		}
		w += length
	}
	f.acc, f.n, f.pos, f.w = acc, n, pos, w
	return nil
}

// unusable says what is wrong with a symbol: it stands for nothing, or the last
// of its bits, of which n are left, do not exist.
func unusable(n int) error {
	if n < 0 {
		return errTruncated
	}
	return errSymbol
}

// copyMatch repeats in out, at w, the length bytes from dist before. They may
// overlap: what is copied first is then part of what is copied next. It may
// write up to seven bytes more, which what follows will overwrite.
func copyMatch(out []byte, w, dist, length int) {
	from, to := out[w-dist:], out[w:w+length+8]
	if dist >= 8 {
		for i := 0; i < length; i += 8 {
			binary.LittleEndian.PutUint64(to[i:], binary.LittleEndian.Uint64(from[i:]))
		}
		return
	}
	for i := range length {
		to[i] = from[i]
	}
}

// copyHistory is copyMatch for a match that begins before the message. It is
// false if there is no such byte.
func (f *inflater) copyHistory(w, dist, length int) bool {
	before := dist - w
	if before > f.history.len() {
		return false
	}
	n := min(before, length)
	f.history.copyBack(f.out[w:w+n], before)
	if n < length {
		copyMatch(f.out, w+n, dist, length-n)
	}
	return true
}
