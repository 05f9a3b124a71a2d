package deflate

import "encoding/binary"

// decode decodes a block, or as much of it as out has room for (RFC 1951 section
// 3.2.3).
func (f *inflater) decode() error {
	for f.stage == inCoded {
		if err := f.sprint(); err != nil || f.w >= outSize {
			return err
		}
		if err := f.symbol(); err != nil {
			return err
		}
	}
	return nil
}

// symbol decodes a literal, a match, or the end of the block.
func (f *inflater) symbol() error {
	f.refill()
	e, value, err := f.code(f.codes.literals[:], f.codes.literalMask)
	switch {
	case err != nil:
		return err
	case e&isLiteral != 0:
		f.out[f.w] = byte(value)
		f.w++
		return nil
	case e&isEnd != 0:
		f.stage = atBlock
		return nil
	}
	_, dist, err := f.code(f.codes.dists[:], f.codes.distMask)
	if err == nil {
		err = f.match(f.w, dist, value)
	}
	f.w += value
	return err
}

// code uses up the bits of an entry, with those that are added to its value.
func (f *inflater) code(table []entry, mask uint64) (e entry, value int, err error) {
	if e = table[f.acc&mask]; e&isLink != 0 {
		e = table[behind(e, f.acc)]
	}
	value = valueOf(e, f.acc)
	f.acc >>= e & widthMask
	f.n -= int(e & widthMask)
	switch {
	case f.n < 0:
		return e, 0, errTruncated
	case e&isInvalid != 0:
		return e, 0, errSymbol
	}
	return e, value, nil
}

// sprint decodes literals and matches as long as there are so many bytes in a row
// that no symbol can be cut, and stops before anything else. It is where the time
// goes: what it needs is in variables of its own, and it looks for up to three
// literals in a row, of at most literalBits each, before it refills or decides
// anything else. BenchmarkInflaters: 1.2 times as fast as a symbol at a time.
func (f *inflater) sprint() error {
	c, in, out, reach := f.codes, f.in, f.out, f.reach
	literalMask, distMask := c.literalMask&(1<<literalBits-1), c.distMask&(1<<distBits-1)
	acc, n, pos, w := f.acc, f.n, f.pos, f.w
	for w < outSize && pos+16 <= len(in) {
		acc |= binary.LittleEndian.Uint64(in[pos:]) << (n & 63)
		pos += (63 - n) >> 3
		n |= 56
		e := c.literals[acc&literalMask]
		if e&isLiteral != 0 {
			acc >>= e & widthMask
			n -= int(e & widthMask)
			out[w] = byte(e >> valueShift)
			w++
			if e = c.literals[acc&literalMask]; e&isLiteral != 0 {
				acc >>= e & widthMask
				n -= int(e & widthMask)
				out[w] = byte(e >> valueShift)
				w++
				if e = c.literals[acc&literalMask]; e&isLiteral != 0 {
					acc >>= e & widthMask
					n -= int(e & widthMask)
					out[w] = byte(e >> valueShift)
					w++
					continue
				}
			}
			acc |= binary.LittleEndian.Uint64(in[pos:]) << (n & 63)
			pos += (63 - n) >> 3
			n |= 56
		}
		if e&isLink != 0 {
			e = c.literals[behind(e, acc)]
			if e&isLiteral != 0 {
				acc >>= e & widthMask
				n -= int(e & widthMask)
				out[w] = byte(e >> valueShift)
				w++
				continue
			}
		}
		if e&isSpecial != 0 {
			break
		}
		length := valueOf(e, acc)
		acc >>= e & widthMask
		n -= int(e & widthMask)

		e = c.dists[acc&distMask]
		if e&isLink != 0 {
			e = c.dists[behind(e, acc)]
		}
		if e&isInvalid != 0 {
			return errSymbol
		}
		dist := valueOf(e, acc)
		acc >>= e & widthMask
		n -= int(e & widthMask)
		if dist <= min(w, reach) {
			copyMatch(out, w, dist, length)
		} else if err := f.match(w, dist, length); err != nil {
			return err
		}
		w += length
	}
	f.acc, f.n, f.pos, f.w = acc, n, pos, w
	return nil
}

// match repeats in out, at w, the length bytes from dist before, if those are in
// the window.
func (f *inflater) match(w, dist, length int) error {
	switch {
	case dist > f.reach:
		return errDistance
	case dist <= w:
		copyMatch(f.out, w, dist, length)
	case !f.copyHistory(w, dist, length):
		return errDistance
	}
	return nil
}

// copyMatch repeats in out, at w, the length bytes from dist before. They may
// overlap: what is copied first is then part of what is copied next. It may
// write more than that, up to 32 bytes, which what follows will overwrite.
func copyMatch(out []byte, w, dist, length int) {
	from, to := out[w-dist:], out[w:]
	if dist < 16 {
		for n := 0; n < length; { // twice as many bytes each time
			n += copy(to[n:length], from[:dist+n])
		}
		return
	}
	*(*[16]byte)(to) = *(*[16]byte)(from)
	*(*[16]byte)(to[16:]) = *(*[16]byte)(from[16:])
	for i := 32; i < length; i += 16 {
		*(*[16]byte)(to[i:]) = *(*[16]byte)(from[i:])
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
