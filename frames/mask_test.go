package frames_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/wsstream/wsstream/frames"
)

// maskNaive is the definition in RFC 6455 section 5.3, word for word.
func maskNaive(dst, src []byte, key frames.Key, offset int64) {
	for i := range src {
		dst[i] = src[i] ^ key[(offset+int64(i))%4]
	}
}

func TestMaskMatchesDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	lengths := []int{2047, 2048, 2049, 4095, 4096, 4097, 32 << 10, 65537}
	for n := range 300 {
		lengths = append(lengths, n)
	}
	offsets := []int64{0, 1, 2, 3, 4, 125, 1<<31 - 1, 1 << 31, 1<<32 + 1, 1<<63 - 1 - 65537}
	keys := []frames.Key{{}, {1, 2, 3, 4}, {0xff, 0xff, 0xff, 0xff}, {0, 0, 0, 0x80}}
	for _, n := range lengths {
		src := randomBytes(rng, n)
		for _, offset := range offsets {
			for _, key := range keys {
				checkMask(t, src, key, offset)
			}
		}
	}
}

// checkMask compares Mask with the definition, into another buffer and in
// place, and sees that it touches nothing else.
func checkMask(t *testing.T, src []byte, key frames.Key, offset int64) {
	t.Helper()
	want := make([]byte, len(src))
	maskNaive(want, src, key, offset)

	const margin = 8
	buf := bytes.Repeat([]byte{0xa5}, margin+len(src)+margin)
	before := bytes.Clone(src)
	frames.Mask(buf[margin:], src, key, offset)
	if !bytes.Equal(src, before) {
		t.Fatalf("length %d, offset %d: Mask changed src", len(src), offset)
	}
	checkMasked(t, "copied", buf, want, margin, offset)

	copy(buf[margin:], src)
	p := buf[margin : margin+len(src)]
	frames.Mask(p, p, key, offset)
	checkMasked(t, "in place", buf, want, margin, offset)
}

func checkMasked(t *testing.T, how string, buf, want []byte, margin int, offset int64) {
	t.Helper()
	edge := bytes.Repeat([]byte{0xa5}, margin)
	if !bytes.Equal(buf[margin:margin+len(want)], want) {
		t.Fatalf("length %d, offset %d, %s: wrong result", len(want), offset, how)
	}
	if !bytes.Equal(buf[:margin], edge) || !bytes.Equal(buf[margin+len(want):], edge) {
		t.Fatalf("length %d, offset %d, %s: wrote beside the payload", len(want), offset, how)
	}
}

func TestMaskInPieces(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	key := frames.Key{9, 8, 7, 6}
	src := randomBytes(rng, 5000)
	want := make([]byte, len(src))
	maskNaive(want, src, key, 0)
	for range 200 {
		got := make([]byte, len(src))
		for at := 0; at < len(src); {
			n := min(1+rng.IntN(600), len(src)-at)
			frames.Mask(got[at:], src[at:at+n], key, int64(at))
			at += n
		}
		if !bytes.Equal(got, want) {
			t.Fatal("the pieces do not make the whole")
		}
	}
}

func TestMaskShortDst(t *testing.T) {
	for _, n := range []int{1, 100, 5000} {
		mustPanic(t, func() { frames.Mask(make([]byte, n-1), make([]byte, n), frames.Key{}, 0) })
	}
}

func FuzzMask(f *testing.F) {
	f.Add([]byte("Hello"), uint32(0x37fa213d), int64(0))
	f.Add(bytes.Repeat([]byte("ab"), 2000), uint32(0xffffffff), int64(3))
	f.Add([]byte{}, uint32(0), int64(1)<<62)
	f.Fuzz(func(t *testing.T, src []byte, k uint32, offset int64) {
		key := frames.Key{byte(k >> 24), byte(k >> 16), byte(k >> 8), byte(k)}
		// An offset is never negative, and never so large that a payload ends
		// behind the largest length there is.
		offset &= 1<<62 - 1
		checkMask(t, src, key, offset)
	})
}

// maskWord is the word loop without unrolling, to be compared with.
func maskWord(dst, src []byte, key frames.Key, offset int64) {
	n := len(src) &^ 7
	var word [8]byte
	for i := range word {
		word[i] = key[(offset+int64(i))%4]
	}
	k := binary.LittleEndian.Uint64(word[:])
	for i := 0; i < n; i += 8 {
		binary.LittleEndian.PutUint64(dst[i:i+8], binary.LittleEndian.Uint64(src[i:i+8])^k)
	}
	maskNaive(dst[n:], src[n:], key, offset)
}

// BenchmarkMask compares the ways of masking while copying, and in place.
// "mask" is what the package does.
func BenchmarkMask(b *testing.B) {
	ways := []struct {
		name string
		mask func(dst, src []byte, key frames.Key, offset int64)
	}{
		{"mask", frames.Mask},
		{"naive", maskNaive},
		{"word", maskWord},
		{"words", frames.MaskByWords},
		{"blocks", frames.MaskByBlocks},
	}
	for _, n := range []int{16, 64, 128, 256, 512, 1 << 10, 2 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10} {
		for _, way := range ways {
			src, dst := make([]byte, n), make([]byte, n)
			key := frames.Key{1, 2, 3, 4}
			b.Run(fmt.Sprintf("copy/%s/%d", way.name, n), func(b *testing.B) {
				b.SetBytes(int64(n))
				for b.Loop() {
					way.mask(dst, src, key, 1)
				}
			})
			b.Run(fmt.Sprintf("inplace/%s/%d", way.name, n), func(b *testing.B) {
				b.SetBytes(int64(n))
				for b.Loop() {
					way.mask(dst, dst, key, 1)
				}
			})
		}
	}
}
