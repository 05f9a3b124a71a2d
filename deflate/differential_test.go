package deflate_test

import (
	"bytes"
	stdflate "compress/flate"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/wsstream/wsstream/deflate"
)

// TestInflateLikeOthers sends connections with windows of all sizes what the
// standard library compresses, every other message with a few bits that are
// wrong, and compares with what that inflates and puff measures. FuzzInflate
// looks for what this has not found, and knows one window only.
func TestInflateLikeOthers(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	far := farText(80_000)
	inflated, refused, tooFar := 0, 0, 0
	for range 200 {
		bits := 8 + r.IntN(8)
		d := newDecompressor(false, bits)
		var window []byte
		for ok := true; ok; {
			at := r.IntN(len(far))
			text := far[at:min(at+1+r.IntN(1<<(4+r.IntN(13))), len(far))]
			message := stdDeflate(r, text, window)
			if r.IntN(2) == 0 {
				message = damage(r, message)
			}
			want, valid := stdInflate(message, window, 1<<20)
			_, farthest, err := puffMessage(window, message)
			outside := err == nil && farthest > 1<<bits
			var got []byte
			got, ok = readInPieces(t, d, message, 1+r.IntN(1<<r.IntN(18)))
			if ok != (valid && !outside) || ok && !bytes.Equal(got, want) {
				t.Fatalf("%d bits: inflated %v, %d bytes of %d; valid %v, refers back by %d; message %x after %d bytes",
					bits, ok, len(got), len(want), valid, farthest, message, len(window))
			}
			switch {
			case ok:
				inflated++
			case valid:
				tooFar++
			default:
				refused++
			}
			window = append(window, got...)
			window = window[max(len(window)-1<<bits, 0):]
		}
	}
	if inflated == 0 || refused == 0 || tooFar == 0 {
		t.Errorf("%d messages were inflated, %d refused, and %d for their distance", inflated, refused, tooFar)
	}
}

// stdDeflate compresses text in several blocks, for a peer that has the window.
func stdDeflate(r *rand.Rand, text, window []byte) []byte {
	var b bytes.Buffer
	w, _ := stdflate.NewWriterDict(&b, []int{-2, 0, 1, 6, 9}[r.IntN(5)], window)
	for len(text) > 0 {
		n := 1 + r.IntN(len(text))
		w.Write(text[:n])
		w.Flush()
		text = text[n:]
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{0, 0, 0xff, 0xff})
}

// damage turns some bits, mostly of what the first block begins with, and may
// cut the end off.
func damage(r *rand.Rand, message []byte) []byte {
	for range 1 + r.IntN(3) {
		near := min(len(message), 1<<r.IntN(18))
		message[r.IntN(near)] ^= 1 << r.IntN(8)
	}
	if r.IntN(4) == 0 {
		return message[:1+r.IntN(len(message))]
	}
	return message
}

// readInPieces reads a message, and reports whether it was one.
func readInPieces(t *testing.T, d *deflate.Decompressor, message []byte, size int) (got []byte, ok bool) {
	t.Helper()
	d.Open(message)
	p := make([]byte, size)
	for {
		n, err := d.Read(p)
		got = append(got, p[:n]...)
		if err != nil && err != io.EOF && !isInvalid(err) {
			t.Fatal(err)
		}
		if err != nil {
			return got, err == io.EOF
		}
	}
}

// TestCodesLikeOthers makes blocks of small codes, complete and not, with random
// bits for text.
func TestCodesLikeOthers(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	d := newDecompressor(true, 15)
	inflated := 0
	for range 5000 {
		message := codedBlock(r)
		want, valid := stdInflate(message, nil, 1<<20)
		got, ok := readInPieces(t, d, message, 1000)
		if ok != valid || ok && !bytes.Equal(got, want) {
			t.Fatalf("inflated %v, %x; valid %v, %x; message %x", ok, got, valid, want, message)
		}
		if len(got) > 0 && ok {
			inflated++
		}
	}
	if inflated == 0 {
		t.Error("no message was inflated")
	}
}

// codedBlock is a message that begins with a block of codes with a few symbols
// each, and goes on at random.
func codedBlock(r *rand.Rand) []byte {
	var w bitWriter
	literals, dists := 257+r.IntN(4), 1+r.IntN(4)
	w.put(0b100, 3)
	w.put(literals-257, 5)
	w.put(dists-1, 5)
	w.put(19-4, 4)
	for i := range 19 { // of the lengths: 0 to 15 have codes of four bits
		w.put(b2i(i > 2)*4, 3)
	}
	lengths := make([]int, literals+dists)
	shapes := [][]int{{}, {1}, {2}, {1, 1}, {1, 2, 2}, {1, 2}, {1, 1, 1}, {2, 2, 2, 2}, {1, 2, 3, 3}, {1, 2, 3, 2}}
	for _, n := range shapes[r.IntN(len(shapes))] {
		lengths[literals-1-r.IntN(5)] = n
	}
	for _, n := range shapes[r.IntN(len(shapes))] {
		lengths[literals+r.IntN(dists)] = n
	}
	for _, n := range lengths {
		w.put(n>>3&1|n>>1&2|n<<1&4|n<<3&8, 4) // a code comes with its highest bit first
	}
	for range r.IntN(20) {
		w.put(r.IntN(2), 1)
	}
	for code, symbol := range newPuffCode(lengths[:literals]) {
		for i := code[0] - 1; i >= 0 && symbol == 256; i-- { // its highest bit first
			w.put(code[1]>>i&1, 1)
		}
	}
	w.put(0, 3)
	for range r.IntN(2) * 40 {
		w.put(r.IntN(256), 8)
	}
	return w.b
}

// bitWriter puts bits into bytes, the lowest first.
type bitWriter struct {
	b []byte
	n int
}

func (w *bitWriter) put(v, count int) {
	for i := range count {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(v>>i&1) << (w.n % 8)
		w.n++
	}
}

// TestWindowWhereMemoryEnds refers to the first byte of the window, where what is
// before it has just made room.
func TestWindowWhereMemoryEnds(t *testing.T) {
	const most = deflate.OutSize - 1
	text := noise(most + 1)
	w := bitWriter{b: append([]byte{0, most & 0xff, most >> 8, ^most & 0xff, ^most >> 8 & 0xff}, text[:most]...)}
	w.b = append(w.b, 0, 1, 0, 0xfe, 0xff, text[most])
	w.n = 8 * len(w.b)
	w.put(0b010, 3)
	w.put(0b1000000, 7) // three bytes
	w.put(0b11110, 5)   // from 193 to 256 bytes back:
	w.put(63, 6)        // 256
	w.put(0, 7)
	w.put(0, 3)
	want := append(text, text[most+1-256:][:3]...)
	for _, noTakeover := range []bool{true, false} {
		d := newDecompressor(noTakeover, 8)
		if got, err := inflate(d, unhex("f2 48 cd c9 c9 07 00")); string(got) != "Hello" || err != nil {
			t.Fatal(got, err)
		}
		if got, err := inflate(d, w.b); !bytes.Equal(got, want) || err != nil {
			t.Errorf("%d bytes of %d, %v", len(got), len(want), err)
		}
	}
}
