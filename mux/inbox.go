package mux

import (
	"sync"
	"sync/atomic"
)

// chunk is memory that bytes of the connection are read into. It is shared by
// the link and by the streams whose data lies in it, and goes back to its pool
// when the last of them has done with it.
type chunk struct {
	b    []byte
	refs atomic.Int32
}

// The sizes of chunks.
const (
	smallChunk  = iota // what an idle session reads into
	middleChunk        // for pieces that are not worth sharing
	largeChunk         // what a session reads into that receives much
)

var chunkSizes = [...]int{smallChunk: 4 << 10, middleChunk: shareSize, largeChunk: 128 << 10}

// shareSize is the least data that is left in the chunk it was read into until
// it is read. What is smaller would hold too much memory for its size.
const shareSize = 16 << 10

var chunkPools [len(chunkSizes)]sync.Pool

// newChunk returns a chunk of chunkSizes[size], with one reference.
func newChunk(size int) *chunk {
	c, ok := chunkPools[size].Get().(*chunk)
	if !ok {
		c = &chunk{b: make([]byte, chunkSizes[size])}
	}
	c.refs.Store(1)
	return c
}

// share takes one more reference.
func (c *chunk) share() *chunk {
	c.refs.Add(1)
	return c
}

// release gives one back.
func (c *chunk) release() {
	if c.refs.Add(-1) > 0 {
		return
	}
	for i, size := range chunkSizes {
		if len(c.b) == size {
			chunkPools[i].Put(c)
		}
	}
}

// fewPieces is how long a list an inbox keeps while it is empty.
const fewPieces = 8

// inbox is what has come on a stream and waits to be read. It is guarded by the
// session's mutex.
type inbox struct {
	pieces []piece // those from first on, none empty
	first  int     // the oldest
	size   int     // bytes in them
	held   int     // memory that they keep from being used again
}

// piece is data in a chunk. If b has capacity left, nobody else uses what is
// behind it, and more can be put there.
type piece struct {
	c *chunk
	b []byte
}

func (in *inbox) empty() bool { return in.first == len(in.pieces) }

// last returns the youngest piece, or nil.
func (in *inbox) last() *piece {
	if in.empty() {
		return nil
	}
	return &in.pieces[len(in.pieces)-1]
}

// add takes data that lies in c. It is not copied if it is large, unless the
// chunks that hold it were to hold too much for what is in them: twice that at
// most, and as much as a window has at first. Reading may leave less in them.
func (in *inbox) add(c *chunk, b []byte) {
	held := 0
	if last := in.last(); last == nil || last.c != c {
		held = len(c.b)
	}
	if len(b) >= shareSize && in.held+held <= 2*(in.size+len(b))+initialWindow {
		in.push(piece{c.share(), b[:len(b):len(b)]}, held)
		return
	}
	for len(b) > 0 {
		b = b[in.collect(b):]
	}
}

// collect copies what it can of b to one place.
func (in *inbox) collect(b []byte) int {
	if p := in.last(); p != nil && len(p.b) < cap(p.b) {
		n := min(len(b), cap(p.b)-len(p.b))
		p.b = append(p.b, b[:n]...)
		in.size += n
		return n
	}
	size := smallChunk
	if !in.empty() || len(b) > chunkSizes[smallChunk] {
		size = middleChunk
	}
	c := newChunk(size)
	n := copy(c.b, b)
	in.push(piece{c, c.b[:n]}, len(c.b))
	return n
}

func (in *inbox) push(p piece, held int) {
	if in.first > 0 && len(in.pieces) == cap(in.pieces) {
		n := copy(in.pieces, in.pieces[in.first:])
		clear(in.pieces[n:])
		in.pieces, in.first = in.pieces[:n], 0
	}
	in.pieces = append(in.pieces, p)
	in.size += len(p.b)
	in.held += held
}

// take moves at most n bytes into out, as far as there is room for their pieces.
// These belong to the caller, who releases their chunks.
func (in *inbox) take(out []piece, n int) (taken []piece, size int) {
	for len(out) < cap(out) && size < n && !in.empty() {
		p := &in.pieces[in.first]
		if m := n - size; m < len(p.b) {
			out = append(out, piece{p.c.share(), p.b[:m]})
			p.b = p.b[m:]
			size += m
			break
		}
		out = append(out, *p)
		size += len(p.b)
		in.pop()
	}
	in.size -= size
	return out, size
}

// pop takes the oldest piece out of the list.
func (in *inbox) pop() {
	c := in.pieces[in.first].c
	in.pieces[in.first] = piece{}
	in.first++
	switch {
	case in.empty() && cap(in.pieces) > fewPieces:
		*in = inbox{size: in.size}
	case in.empty():
		in.pieces, in.first, in.held = in.pieces[:0], 0, 0
	case in.pieces[in.first].c != c:
		in.held -= len(c.b)
	}
}

// drop throws everything away.
func (in *inbox) drop() {
	for _, p := range in.pieces[in.first:] {
		p.c.release()
	}
	*in = inbox{}
}
