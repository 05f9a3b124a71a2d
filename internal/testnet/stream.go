package testnet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"sync/atomic"
)

// word is the i-th 8 bytes of the stream of seed: SplitMix64, which makes of a
// counter what looks random, so that a byte that was lost, doubled, moved or
// taken from another stream cannot go unseen for long.
func word(seed uint64, i int64) uint64 {
	z := seed*0xd1342543de82ef95 + (uint64(i)+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Fill puts into p what the stream of seed has at offset. Streams have no end;
// any cut of one is the same bytes, however it is made.
func Fill(p []byte, seed uint64, offset int64) {
	i, skip := offset/8, int(offset%8)
	var last [8]byte
	if skip > 0 {
		binary.LittleEndian.PutUint64(last[:], word(seed, i))
		p = p[copy(p, last[skip:]):]
		i++
	}
	for len(p) >= 8 {
		binary.LittleEndian.PutUint64(p, word(seed, i))
		p = p[8:]
		i++
	}
	if len(p) > 0 {
		binary.LittleEndian.PutUint64(last[:], word(seed, i))
		copy(p, last[:])
	}
}

// Check says whether p is what the stream of seed has at offset. The error is
// a [*StreamError].
func Check(p []byte, seed uint64, offset int64) error {
	var want [4096]byte
	for len(p) > 0 {
		n := min(len(p), len(want))
		Fill(want[:n], seed, offset)
		if !bytes.Equal(p[:n], want[:n]) {
			return mismatch(p, want[:n], seed, offset)
		}
		p = p[n:]
		offset += int64(n)
	}
	return nil
}

// mismatch describes the first difference of p and want, which lie at offset.
func mismatch(p, want []byte, seed uint64, offset int64) *StreamError {
	at := 0
	for p[at] == want[at] {
		at++
	}
	e := &StreamError{Offset: offset + int64(at), Got: p[at], Want: want[at]}
	e.Shift, e.Shifted = shift(p[at:], seed, e.Offset)
	return e
}

// shift looks for p elsewhere in the stream of seed, within 1 MiB of offset: a
// positive shift means that as many bytes were lost, a negative one that as
// many came twice.
func shift(p []byte, seed uint64, offset int64) (int64, bool) {
	const reach, enough = 1 << 20, 16
	if len(p) < enough {
		return 0, false
	}
	first := max(0, offset-reach)
	near := make([]byte, 2*reach)
	Fill(near, seed, first)
	i := bytes.Index(near, p[:enough])
	return first + int64(i) - offset, i >= 0
}

// StreamError says where a stream is not what it should be.
type StreamError struct {
	Offset    int64 // of the first wrong byte
	Got, Want byte
	Shifted   bool  // the bytes are right, but not here
	Shift     int64 // they belong this much further on
}

func (e *StreamError) Error() string {
	s := fmt.Sprintf("stream: offset %d is %#02x, want %#02x", e.Offset, e.Got, e.Want)
	switch {
	case e.Shifted && e.Shift > 0:
		s += fmt.Sprintf(" (%d bytes were lost)", e.Shift)
	case e.Shifted:
		s += fmt.Sprintf(" (the last %d bytes come again)", -e.Shift)
	}
	return s
}

// NewSource returns a reader of the first size bytes of the stream of seed. It
// is for one goroutine.
func NewSource(seed uint64, size int64) io.Reader {
	return &source{seed: seed, size: size}
}

type source struct {
	seed         uint64
	offset, size int64
}

func (s *source) Read(p []byte) (int, error) {
	if s.offset >= s.size {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), s.size-s.offset))
	Fill(p[:n], s.seed, s.offset)
	s.offset += int64(n)
	return n, nil
}

// NewVerifier returns a writer that accepts the stream of seed from its
// beginning and nothing else.
func NewVerifier(seed uint64) *Verifier { return &Verifier{seed: seed} }

// Verifier is a writer that fails at the first byte that is not the next one
// of its stream, and from then on. One goroutine may write; N may be called at
// any time.
type Verifier struct {
	seed uint64
	n    atomic.Int64
	err  error
}

// Write counts the bytes that are right; the error is a [*StreamError].
func (v *Verifier) Write(p []byte) (int, error) {
	if v.err != nil {
		return 0, v.err
	}
	start := v.n.Load()
	n := len(p)
	if err := Check(p, v.seed, start); err != nil {
		v.err = err
		n = int(err.(*StreamError).Offset - start)
	}
	v.n.Add(int64(n))
	return n, v.err
}

// N is how many bytes have come and were right.
func (v *Verifier) N() int64 { return v.n.Load() }
