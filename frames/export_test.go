package frames

import (
	"encoding/binary"
	"math/bits"
)

// The two ways that Mask chooses from, each for every length, so that the
// choice can be measured.

func MaskByWords(dst, src []byte, key Key, offset int64) {
	maskWords(dst, src, rotated(key, offset))
}

func MaskByBlocks(dst, src []byte, key Key, offset int64) {
	block := maskBlocks.Get().(*maskBlock)
	maskWithBlock(dst, src, rotated(key, offset), block)
	maskBlocks.Put(block)
}

func rotated(key Key, offset int64) uint32 {
	return bits.RotateLeft32(binary.LittleEndian.Uint32(key[:]), -8*int(offset&3))
}
