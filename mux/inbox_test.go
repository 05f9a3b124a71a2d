package mux

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"
)

// markedChunk is a chunk of no pool, whose references a test can count.
func markedChunk(r *rand.Rand) *chunk {
	c := &chunk{b: make([]byte, shareSize+r.IntN(100<<10))}
	for i := range c.b {
		c.b[i] = byte(r.Uint32())
	}
	c.refs.Store(1)
	return c
}

// What is put in comes out, in the same order and whatever the pieces; the
// memory that waits is bounded by the most that was in it since it was empty, and
// all is given back.
func TestInbox(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var in inbox
	var chunks []*chunk
	var want []byte
	largest, peak := 1, 0
	for range 1500 {
		if r.IntN(20) == 0 {
			largest = 1 << r.IntN(17) // only small pieces for a while, or any
		}
		switch r.IntN(20) {
		case 0:
			in.drop()
			want = nil
		case 1, 2, 3, 4, 5, 6, 7, 8, 9:
			want = takeSome(t, &in, want, 1+r.IntN(100<<10))
		default:
			c := markedChunk(r)
			chunks = append(chunks, c)
			for b := c.b; len(b) > 0 && r.IntN(8) > 0; { // some of it is for other streams
				n := min(len(b), 1+r.IntN(largest))
				in.add(c, b[:n])
				want = append(want, b[:n]...)
				b = b[n:]
			}
		}
		if peak = max(peak, in.size); in.empty() {
			peak = 0
		}
		if most := 2*peak + initialWindow + 2*shareSize + chunkSizes[largeChunk]; in.held > most {
			t.Fatalf("%d bytes hold %d, want at most %d", in.size, in.held, most)
		}
		if in.size != len(want) || in.empty() != (len(want) == 0) {
			t.Fatalf("%d bytes and empty %v, want %d", in.size, in.empty(), len(want))
		}
		if held := reallyHeld(&in); held > in.held {
			t.Fatalf("chunks of %d bytes are held, and %d counted", held, in.held)
		}
	}
	in.drop()
	for _, c := range chunks {
		if refs := c.refs.Load(); refs != 1 {
			t.Fatalf("a chunk has %d references, want the test's own", refs)
		}
	}
}

// takeSome takes at most n bytes, which have to be the first of want, and
// returns the rest of that.
func takeSome(t *testing.T, in *inbox, want []byte, n int) []byte {
	t.Helper()
	var few [3]piece
	pieces, size := in.take(few[:0], n)
	if size > n || size == 0 && len(want) > 0 {
		t.Fatalf("%d bytes taken of %d, want at most %d", size, len(want), n)
	}
	for _, p := range pieces {
		if len(p.b) == 0 || !bytes.HasPrefix(want, p.b) {
			t.Fatalf("%d bytes are not those that are next", len(p.b))
		}
		want = want[len(p.b):]
		size -= len(p.b)
		p.c.release()
	}
	if size != 0 {
		t.Fatalf("the pieces are %d bytes fewer than it says", size)
	}
	return want
}

func reallyHeld(in *inbox) (sum int) {
	seen := make(map[*chunk]bool)
	for _, p := range in.pieces[in.first:] {
		if !seen[p.c] {
			seen[p.c] = true
			sum += len(p.c.b)
		}
	}
	return sum
}

// An inbox whose data has been read holds no memory but a short list.
func TestInboxOfAnIdleStream(t *testing.T) {
	var in inbox
	for range 100 {
		c := newChunk(largeChunk)
		in.add(c, c.b[:shareSize])
		c.release()
	}
	for !in.empty() {
		pieces, _ := in.take(make([]piece, 0, 1), shareSize)
		pieces[0].c.release()
	}
	if in.held != 0 || in.size != 0 || cap(in.pieces) > fewPieces {
		t.Errorf("%d bytes hold %d and a list of %d pieces", in.size, in.held, cap(in.pieces))
	}
}

// Little data of many chunks is copied, so as not to hold them all.
func TestInboxOfSparseChunks(t *testing.T) {
	var in inbox
	for range 100 {
		c := newChunk(largeChunk)
		in.add(c, c.b[:shareSize])
		c.release()
		if most := 2*in.size + initialWindow + shareSize; in.held > most || reallyHeld(&in) != in.held {
			t.Fatalf("%d bytes hold %d, counted as %d, want at most %d", in.size, reallyHeld(&in), in.held, most)
		}
	}
	in.drop()
}
