package frames

import (
	"crypto/subtle"
	"encoding/binary"
	"math/bits"
	"sync"
)

const (
	// maskBlockSize is the length of the repeated key. It is a multiple of
	// the key's, so every block of a payload begins at the same byte of it.
	maskBlockSize = 2048

	// maskWordLimit is the longest payload for which the word loop is done
	// before a block is got and filled (BenchmarkMask).
	maskWordLimit = 1024
)

type maskBlock [maskBlockSize]byte

// maskBlocks keeps the repeated key off the stack: goroutines that sit in a
// read would each have grown theirs by a block and never given it back.
var maskBlocks = sync.Pool{New: func() any { return new(maskBlock) }}

// Mask sets dst[i] = src[i] ^ key[(offset+i)%4] for every byte of src: it masks
// a plain payload and unmasks a masked one (RFC 6455 section 5.3). The offset
// is the place of src[0] in the payload of its frame, so that a payload can be
// worked on in pieces of any length.
//
// dst must be at least as long as src, else Mask panics. It may be src itself,
// or must not overlap it at all. Mask does not allocate in the steady state,
// and may be called from several goroutines.
func Mask(dst, src []byte, key Key, offset int64) {
	dst = dst[:len(src)]
	// The key as a word whose lowest byte is the one for src[0].
	k := bits.RotateLeft32(binary.LittleEndian.Uint32(key[:]), -8*int(offset&3))
	if len(src) <= maskWordLimit {
		maskWords(dst, src, k)
		return
	}
	block := maskBlocks.Get().(*maskBlock)
	maskWithBlock(dst, src, k, block)
	maskBlocks.Put(block)
}

// maskWords masks eight bytes at a time. Four words to a turn is nearly twice as
// fast as one (BenchmarkMask), and moves the length from which a block pays from
// some 300 bytes to between 1 and 2 KiB.
func maskWords(dst, src []byte, k uint32) {
	le, k64 := binary.LittleEndian, uint64(k)<<32|uint64(k)
	for len(src) >= 32 && len(dst) >= 32 {
		le.PutUint64(dst, le.Uint64(src)^k64)
		le.PutUint64(dst[8:], le.Uint64(src[8:])^k64)
		le.PutUint64(dst[16:], le.Uint64(src[16:])^k64)
		le.PutUint64(dst[24:], le.Uint64(src[24:])^k64)
		dst, src = dst[32:], src[32:]
	}
	for len(src) >= 8 && len(dst) >= 8 {
		le.PutUint64(dst, le.Uint64(src)^k64)
		dst, src = dst[8:], src[8:]
	}
	for i, c := range src {
		dst[i] = c ^ byte(k)
		k = bits.RotateLeft32(k, -8)
	}
}

// maskWithBlock masks a block at a time, by the vector code of the standard
// library, which wants a second operand as long as the first.
func maskWithBlock(dst, src []byte, k uint32, block *maskBlock) {
	block.fill(k, len(src))
	for len(src) > 0 {
		n := subtle.XORBytes(dst, src, block[:])
		dst, src = dst[n:], src[n:]
	}
}

// fill repeats k over the first n bytes of the block, or all of it. It doubles
// what is there, so that most of it is done by copy.
func (block *maskBlock) fill(k uint32, n int) {
	const seed = 64
	for i := 0; i < seed; i += 4 {
		binary.LittleEndian.PutUint32(block[i:], k)
	}
	n = min(n, maskBlockSize)
	for have := seed; have < n; have *= 2 {
		copy(block[have:n], block[:have])
	}
}
