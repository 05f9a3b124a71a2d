package frames_test

import (
	"bytes"
	"encoding/hex"
	"math"
	"testing"

	"github.com/wsstream/wsstream/frames"
)

func TestHeaderSizes(t *testing.T) {
	tests := []struct {
		length int64
		size   int
		hex    string
	}{
		{0, 2, "8200"},
		{1, 2, "8201"},
		{125, 2, "827d"},
		{126, 4, "827e007e"},
		{65535, 4, "827effff"},
		{65536, 10, "827f0000000000010000"},
		{math.MaxInt64, 10, "827f7fffffffffffffff"},
	}
	for _, tt := range tests {
		h := frames.Header{Fin: true, Opcode: frames.Binary, Length: tt.length}
		checkHeader(t, h, tt.hex, tt.size)

		h.Masked, h.Key = true, frames.Key{0xde, 0xad, 0xbe, 0xef}
		raw, _ := hex.DecodeString(tt.hex)
		raw[1] |= 0x80
		checkHeader(t, h, hex.EncodeToString(raw)+"deadbeef", tt.size+4)
	}
}

func checkHeader(t *testing.T, h frames.Header, want string, size int) {
	t.Helper()
	raw := frames.AppendHeader(nil, h)
	if hex.EncodeToString(raw) != want {
		t.Errorf("%+v is %x, want %s", h, raw, want)
	}
	if h.Size() != size || size > frames.MaxHeaderSize {
		t.Errorf("%+v: Size is %d, want %d", h, h.Size(), size)
	}
	got, n, err := frames.ParseHeader(append(raw, 1, 2, 3))
	if got != h || n != size || err != nil {
		t.Errorf("%s is %+v, %d, %v; want %+v", want, got, n, err, h)
	}
}

func TestHeaderAllFirstBytes(t *testing.T) {
	for b0 := range 256 {
		h := frames.Header{
			Fin:    b0&0x80 != 0,
			RSV:    frames.RSV(b0 & 0x70),
			Opcode: frames.Opcode(b0 & 0x0f),
		}
		checkHeader(t, h, hex.EncodeToString([]byte{byte(b0), 0}), 2)
	}
}

func TestAppendHeaderAppends(t *testing.T) {
	h := frames.Header{Opcode: frames.Text, Length: 1}
	if got := frames.AppendHeader([]byte("x"), h); string(got) != "x\x01\x01" {
		t.Errorf("got %q", got)
	}
}

// TestAppendHeaderMisuse holds that a header that cannot be becomes one that
// nobody accepts, and does not spill into its neighbors.
func TestAppendHeaderMisuse(t *testing.T) {
	h := frames.Header{Length: -1}
	raw := frames.AppendHeader(nil, h)
	if len(raw) != h.Size() {
		t.Errorf("%d bytes, Size is %d", len(raw), h.Size())
	}
	_, _, err := frames.ParseHeader(raw)
	wantViolation(t, err, frames.CloseProtocolError, "5.2")

	raw = frames.AppendHeader(nil, frames.Header{RSV: 0x8f, Opcode: 0xf0})
	if !bytes.Equal(raw, []byte{0, 0}) {
		t.Errorf("bits beside their field: %x", raw)
	}
}

// TestParseHeaderRefusesEarly holds at which byte a bad length is refused.
func TestParseHeaderRefusesEarly(t *testing.T) {
	tests := []struct {
		hex string
		at  int // bytes that suffice to refuse
	}{
		{"827e007d", 4},
		{"827e0000", 4},
		{"82fe007d01020304", 4},
		{"827f0000000000000000", 8},
		{"827f000000000000ffff", 8},
		{"82ff000000000000ffff01020304", 8},
		{"827f8000000000000000", 3},
		{"827fffffffffffffffff", 3},
		{"82ff800000000000000001020304", 3},
	}
	for _, tt := range tests {
		raw, _ := hex.DecodeString(tt.hex)
		for n := range len(raw) + 1 {
			h, size, err := frames.ParseHeader(raw[:n])
			if h != (frames.Header{}) || size != 0 {
				t.Errorf("%x: %+v, %d", raw[:n], h, size)
			}
			if n >= tt.at {
				wantViolation(t, err, frames.CloseProtocolError, "5.2")
			} else if err != nil {
				t.Errorf("%x: refused too early: %v", raw[:n], err)
			}
		}
	}
}

func TestParseHeaderNeedsMore(t *testing.T) {
	for _, want := range []string{"8200", "827e007e", "827f0000000000010000", "828001020304", "82fe007e01020304", "82ff000000000001000001020304"} {
		raw, _ := hex.DecodeString(want)
		for n := range len(raw) {
			if h, size, err := frames.ParseHeader(raw[:n]); h != (frames.Header{}) || size != 0 || err != nil {
				t.Errorf("%x: %+v, %d, %v", raw[:n], h, size, err)
			}
		}
		if _, size, err := frames.ParseHeader(raw); size != len(raw) || err != nil {
			t.Errorf("%x: %d, %v", raw, size, err)
		}
	}
}

// naiveParse is a parser that thinks of a header as a set: of all headers that
// begin with b. It is bad if none of them is legal, and complete if b is all
// of it.
func naiveParse(b []byte) (h frames.Header, n int, bad bool) {
	if len(b) < 2 {
		return h, 0, false
	}
	extra, least := 0, uint64(0)
	switch b[1] % 128 {
	case 126:
		extra, least = 2, 126
	case 127:
		extra, least = 8, 65536
	}
	low, high := uint64(0), uint64(0)
	for i := 2; i < 2+extra; i++ {
		low, high = low<<8, high<<8|0xff
		if i < len(b) {
			low, high = low|uint64(b[i]), high&^0xff|uint64(b[i])
		}
	}
	if extra == 0 {
		low, high = uint64(b[1]%128), uint64(b[1]%128)
	}
	if high < least || low > math.MaxInt64 {
		return h, 0, true
	}
	n = 2 + extra
	h.Masked = b[1] >= 128
	if h.Masked {
		n += 4
	}
	if len(b) < n {
		return frames.Header{}, 0, false
	}
	if h.Masked {
		h.Key = frames.Key(b[n-4 : n])
	}
	h.Fin, h.RSV, h.Opcode = b[0] >= 128, frames.RSV(b[0]/16%8*16), frames.Opcode(b[0]%16)
	h.Length = int64(low)
	return h, n, false
}

func FuzzHeader(f *testing.F) {
	for _, v := range vectors {
		f.Add(v.wire)
	}
	f.Add([]byte{0x82, 0x7e, 0, 125})
	f.Add([]byte{0x82, 0xff, 0x80})
	f.Add([]byte{0x82, 0x7f, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, n, err := frames.ParseHeader(b)
		want, wantN, bad := naiveParse(b)
		if h != want || n != wantN || (err != nil) != bad {
			t.Fatalf("%x is %+v, %d, %v; want %+v, %d, bad %v", b, h, n, err, want, wantN, bad)
		}
		if bad {
			wantViolation(t, err, frames.CloseProtocolError, "5.2")
		}
		if n > 0 {
			if raw := frames.AppendHeader(nil, h); !bytes.Equal(raw, b[:n]) || h.Size() != n {
				t.Fatalf("%x became %x, Size %d", b[:n], raw, h.Size())
			}
		}
	})
}

func BenchmarkAppendHeader(b *testing.B) {
	h := frames.Header{Fin: true, Opcode: frames.Binary, Masked: true, Length: 32 << 10}
	dst := make([]byte, 0, frames.MaxHeaderSize)
	b.ReportAllocs()
	for b.Loop() {
		dst = frames.AppendHeader(dst[:0], h)
	}
}

func BenchmarkParseHeader(b *testing.B) {
	raw := rawHeader(0x82, true, frames.Key{1, 2, 3, 4}, 32<<10)
	b.ReportAllocs()
	for b.Loop() {
		if _, n, _ := frames.ParseHeader(raw); n == 0 {
			b.Fatal("refused")
		}
	}
}
