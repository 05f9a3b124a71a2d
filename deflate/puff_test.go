package deflate_test

import (
	"errors"
)

// puff is the other inflater of these tests: a slow one, written after the
// canonical decoding of RFC 1951 section 3.2.2 and nothing else, which says how
// far back the stream refers.
type puff struct {
	in       []byte
	bit      int
	out      []byte
	start    int // what is before it in out was there
	farthest int
}

var errPuff = errors.New("puff: bad stream")

// puffMessage inflates a message of the extension whose window holds history,
// and returns the largest distance in it.
func puffMessage(history, message []byte) (out []byte, farthest int, err error) {
	p := &puff{
		in:    append(append([]byte(nil), message...), 0, 0, 0xff, 0xff),
		out:   append([]byte(nil), history...),
		start: len(history),
	}
	defer func() {
		if r := recover(); r != nil {
			if r != errPuff {
				panic(r)
			}
			err = errPuff
		}
		out, farthest = p.out[p.start:], p.farthest
	}()
	for p.bit < 8*len(p.in) {
		p.block()
	}
	return
}

func (p *puff) bits(n int) (v int) {
	for i := range n {
		if p.bit >= 8*len(p.in) {
			panic(errPuff)
		}
		v |= int(p.in[p.bit/8]>>(p.bit%8)&1) << i
		p.bit++
	}
	return v
}

func (p *puff) block() {
	final := p.bits(1) == 1
	switch p.bits(2) {
	case 0:
		p.bit = (p.bit + 7) / 8 * 8
		n := p.bits(16)
		if p.bits(16) != n^0xffff {
			panic(errPuff)
		}
		for range n {
			p.out = append(p.out, byte(p.bits(8)))
		}
	case 1:
		var lengths [320]int
		for i := range lengths {
			lengths[i] = []int{8, 9, 7, 8, 5}[b2i(i >= 144)+b2i(i >= 256)+b2i(i >= 280)+b2i(i >= 288)]
		}
		p.coded(newPuffCode(lengths[:288]), newPuffCode(lengths[288:]))
	case 2:
		nlit, ndist, nlen := p.bits(5)+257, p.bits(5)+1, p.bits(4)+4
		var first [19]int
		for i := range nlen {
			first[[]int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}[i]] = p.bits(3)
		}
		code := newPuffCode(first[:])
		var lengths []int
		for len(lengths) < nlit+ndist {
			switch s := p.symbol(code); {
			case s < 16:
				lengths = append(lengths, s)
			case s == 16 && len(lengths) == 0:
				panic(errPuff)
			case s == 16:
				for range 3 + p.bits(2) {
					lengths = append(lengths, lengths[len(lengths)-1])
				}
			case s == 17:
				lengths = append(lengths, make([]int, 3+p.bits(3))...)
			default:
				lengths = append(lengths, make([]int, 11+p.bits(7))...)
			}
		}
		p.coded(newPuffCode(lengths[:nlit]), newPuffCode(lengths[nlit:nlit+ndist]))
	default:
		panic(errPuff)
	}
	if final {
		p.bit = (p.bit + 7) / 8 * 8
		if p.bit == 8*(len(p.in)-4) {
			p.bit += 8 * 4 // there need not be another block, to which the tail belongs
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// puffCode is a canonical code: the symbols by width and bits.
type puffCode map[[2]int]int

func newPuffCode(lengths []int) puffCode {
	c := make(puffCode)
	next := 0
	for n := 1; n <= 15; n++ {
		next <<= 1
		for symbol, l := range lengths {
			if l == n {
				c[[2]int{n, next}] = symbol
				next++
			}
		}
	}
	return c
}

// symbol reads a symbol bit by bit.
func (p *puff) symbol(c puffCode) int {
	bits := 0
	for n := 1; n <= 15; n++ {
		bits = bits<<1 | p.bits(1)
		if s, ok := c[[2]int{n, bits}]; ok {
			return s
		}
	}
	panic(errPuff)
}

func (p *puff) coded(lits, dists puffCode) {
	for {
		s := p.symbol(lits)
		switch {
		case s < 256:
			p.out = append(p.out, byte(s))
			continue
		case s == 256:
			return
		case s > 285:
			panic(errPuff)
		}
		length := 258
		switch {
		case s < 265:
			length = 3 + s - 257
		case s < 285:
			extra := (s - 261) / 4
			length = 3 + (4+(s-265)%4)<<extra + p.bits(extra)
		}
		d := p.symbol(dists)
		if d > 29 {
			panic(errPuff)
		}
		dist := 1 + d
		if extra := max(d/2-1, 0); extra > 0 {
			dist = 1 + (2+d%2)<<extra + p.bits(extra)
		}
		if dist > len(p.out) {
			panic(errPuff)
		}
		p.farthest = max(p.farthest, dist)
		for range length {
			p.out = append(p.out, p.out[len(p.out)-dist])
		}
	}
}
