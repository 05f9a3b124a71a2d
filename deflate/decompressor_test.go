package deflate_test

import (
	"bytes"
	stdflate "compress/flate"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/frames"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func newDecompressor(noTakeover bool, bits int) *deflate.Decompressor {
	return deflate.NewDecompressor(&deflate.Options{MaxRatio: -1}, noTakeover, bits, 0)
}

func inflate(d *deflate.Decompressor, message ...[]byte) ([]byte, error) {
	d.Open(message...)
	return d.AppendAll(nil)
}

// TestExamplesOfTheRFC has the octets of RFC 7692 section 7.2.3. What comes in
// fragments is joined by whoever reads the frames.
func TestExamplesOfTheRFC(t *testing.T) {
	const hello = "Hello"
	for _, test := range []struct {
		name     string
		messages []string
		want     string
	}{
		{"7.2.3.1 one block", []string{"f2 48 cd c9 c9 07 00"}, hello},
		{"7.2.3.1 in two fragments", []string{"f2 48 cd" + "c9 c9 07 00"}, hello},
		{"7.2.3.2 a shared window", []string{"f2 48 cd c9 c9 07 00", "f2 00 11 00 00"}, hello},
		{"7.2.3.3 a block without compression", []string{"00 05 00 fa ff 48 65 6c 6c 6f 00"}, hello},
		{"7.2.3.4 a block with BFINAL", []string{"f3 48 cd c9 c9 07 00 00"}, hello},
		{"7.2.3.5 two blocks", []string{"f2 48 05 00 00 00 ff ff ca c9 c9 07 00"}, hello},
		{"7.2.3.6 an empty fragment", []string{"00"}, ""},
		{"7.2.3.6 behind one that is not", []string{"f2 48 cd c9 c9 07 00 00 00 ff ff" + "00", "f2 00 11 00 00"}, hello},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDecompressor(false, 15)
			for _, m := range test.messages {
				got, err := inflate(d, unhex(m))
				if string(got) != test.want || err != nil {
					t.Errorf("%s: %q, %v", m, got, err)
				}
			}
		})
	}
}

// TestOddMessages are not as a sender should make them, but of no doubt. zlib
// inflates them all, though it forgets what is behind BFINAL.
func TestOddMessages(t *testing.T) {
	for name, test := range map[string]struct{ message, want string }{
		"no byte at all":                 {"", ""},
		"BFINAL and nothing behind it":   {"f3 48 cd c9 c9 07 00", "Hello"},
		"BFINAL twice":                   {"f3 48 cd c9 c9 07 00 f3 48 cd c9 c9 07 00 00", "HelloHello"},
		"BFINAL, not compressed":         {"01 05 00 fa ff 48 65 6c 6c 6f 00", "Hello"},
		"BFINAL in the tail cut off":     {"00 05 00 fa ff 48 65 6c 6c 6f 01", "Hello"},
		"BFINAL, and two blocks behind":  {"f3 48 cd c9 c9 07 00 00 05 00 fa ff 48 65 6c 6c 6f f2 48 cd c9 c9 07 00", "HelloHelloHello"},
		"an empty block with BFINAL":     {"03 00", ""},
		"the same, and the tail":         {"03 00 00", ""},
		"an empty block before the last": {"00 00 00 ff ff 00", ""},
		"an empty block with fixed code": {"02 00", ""},
	} {
		if got, err := inflate(newDecompressor(false, 15), unhex(test.message)); string(got) != test.want || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestWhatIsNotDeflate(t *testing.T) {
	for _, test := range []struct{ name, message, text string }{
		{"cut in the header of a block", "f2 48 cd c9 c9 07", "ends in the middle"},
		{"cut in a code", "f2 48 cd", "ends in the middle"},
		{"cut in the length of a block", "00 05 00", "complement"},
		{"cut in a block without compression", "00 05 00 fa ff 48 65", "ends in the middle"},
		{"cut in the codes", "ed c0 81", "codes"},
		{"four bytes short, which are those cut off", "01 05 00 fa ff c0", "ends in the middle"},
		// zlib waits for more of the block that the tail then begins, and fails at
		// the next message if that has the same context.
		{"the tail not cut off", "f2 48 cd c9 c9 07 00 00 00 ff ff", "to be cut off"},
		{"a byte behind the end", "f2 48 cd c9 c9 07 00 00", "complement"},
		{"garbage behind BFINAL", "f3 48 cd c9 c9 07 00 ff", "does not exist"},
		{"text", hex.EncodeToString([]byte("not compressed at all")), "that does not exist"},
		{"BFINAL, its code cut in the end", "f3 48 cd c9 c9 07", "ends in the middle"},
		{"type 3", "06 00", "does not exist"},
		{"a wrong complement", "00 05 00 fa fe 48 65 6c 6c 6f 00", "complement"},
		{"too many literals", "fc 00 00 00", "codes"},
		{"a code that is not complete", "04 80 00 00", "codes"},
		{"a length repeated before the first", "04 00 12 00 00 00", "codes"},
		{"length code 286", "1b 03 00", "stands for nothing"},
		{"distance code 30", "4a 04 3e 00", "stands for nothing"},
		{"before the first byte", "f2 00 11 00 00", "outside the window"},
		{"length code 286, far from the end", "1b 03 00" + strings.Repeat(" 00", 40), "stands for nothing"},
		{"distance code 30, far from the end", "4a 04 3e 00" + strings.Repeat(" 00", 40), "stands for nothing"},
		{"before the first byte, far from the end", "f2 00 11 00 00" + strings.Repeat(" 00", 40), "outside the window"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := inflate(newDecompressor(false, 15), unhex(test.message))
			var violation *frames.Error
			if !errors.As(err, &violation) || violation.Code != frames.CloseInvalidPayload || !strings.Contains(violation.Text, test.text) {
				t.Errorf("%v", err)
			}
		})
	}
}

// distant is a message with a match at the given distance and more bytes behind it,
// and what it says.
func distant(t *testing.T, dist, more int) (message, text []byte) {
	t.Helper()
	text = noise(dist)
	text = append(text, text[:200]...)
	text = append(text, noise(dist + more)[dist:]...)
	var b bytes.Buffer
	w, _ := stdflate.NewWriter(&b, 9)
	w.Write(text)
	w.Flush()
	message = bytes.TrimSuffix(b.Bytes(), []byte{0, 0, 0xff, 0xff})
	if _, farthest, err := puffMessage(nil, message); farthest != dist || err != nil {
		t.Fatalf("the match is %d bytes back, not %d: %v", farthest, dist, err)
	}
	return message, text
}

// TestWindowIsChecked: the bytes are there, but the window that was agreed does
// not reach so far.
func TestWindowIsChecked(t *testing.T) {
	for bits := 8; bits <= 15; bits++ {
		for _, more := range []int{0, 100} {
			last := min(1<<bits, 1<<15-1)
			message, text := distant(t, last, more)
			for _, noTakeover := range []bool{true, false} {
				if got, err := inflate(newDecompressor(noTakeover, bits), message); !bytes.Equal(got, text) || err != nil {
					t.Errorf("%d bits: %d bytes, %v", bits, len(got), err)
				}
			}
			if bits == 15 {
				continue
			}
			message, _ = distant(t, 1<<bits+1, more)
			if got, err := inflate(newDecompressor(false, bits), message); got != nil || !isInvalid(err) {
				t.Errorf("%d bits: one too far: %d bytes, %v", bits, len(got), err)
			}
		}
	}
}

func isInvalid(err error) bool {
	var violation *frames.Error
	return errors.As(err, &violation) && violation.Code == frames.CloseInvalidPayload
}

func isTooBig(err error) bool {
	var violation *frames.Error
	return errors.As(err, &violation) && violation.Code == frames.CloseMessageTooBig
}

// TestWindowBetweenMessages: with context takeover a message may refer to those
// before it, as far as the window goes, and without it may not.
func TestWindowBetweenMessages(t *testing.T) {
	first := noise(1024)
	stored := append([]byte{0, 0x00, 0x04, 0xff, 0xfb}, first...)
	stored = append(stored, 0)
	var b bytes.Buffer
	w, _ := stdflate.NewWriterDict(&b, 9, first)
	w.Write(first[:300]) // 1024 bytes back
	w.Flush()
	second := bytes.TrimSuffix(b.Bytes(), []byte{0, 0, 0xff, 0xff})

	for _, test := range []struct {
		noTakeover bool
		bits       int
		ok         bool
	}{{false, 15, true}, {false, 10, true}, {false, 9, false}, {true, 15, false}} {
		d := newDecompressor(test.noTakeover, test.bits)
		if got, err := inflate(d, stored); !bytes.Equal(got, first) || err != nil {
			t.Fatal(len(got), err)
		}
		got, err := inflate(d, second)
		if ok := bytes.Equal(got, first[:300]) && err == nil; ok != test.ok || !ok && !isInvalid(err) {
			t.Errorf("%+v: %d bytes, %v", test, len(got), err)
		}
	}
}

// TestWindowIsNoLonger: a message makes the window longer by itself and by nothing
// else, whether it is so large that the window is copied beside it or not.
func TestWindowIsNoLonger(t *testing.T) {
	text := noise(3000)
	stored := func(p []byte) []byte {
		n := len(p)
		return append([]byte{byte(n), byte(n >> 8), ^byte(n), ^byte(n >> 8)}, p...)
	}
	for _, rest := range [][]byte{nil, append(stored(text[:600]), 0)} {
		for _, dist := range []int{3000, 3001} {
			d := newDecompressor(false, 15)
			for _, part := range [][]byte{text[:1000], text[1000:]} {
				if got, err := inflate(d, append([]byte{0}, stored(part)...), []byte{0}); !bytes.Equal(got, part) || err != nil {
					t.Fatal(len(got), err)
				}
			}
			var w bitWriter
			w.put(0b010, 3)
			w.put(0b1000000, 7) // three bytes
			w.put(0b01101, 5)   // from 2049 bytes back:
			w.put(dist-2049, 10)
			w.put(0, 7)
			w.put(0, 3)
			got, err := inflate(d, w.b, rest)
			if dist == 3000 && (!bytes.HasPrefix(got, text[:3]) || err != nil) || dist > 3000 && !isInvalid(err) {
				t.Errorf("%d bytes back, of 3000, and %d behind it: %d bytes, %v", dist, len(rest), len(got), err)
			}
		}
	}
}

// TestReadEnds: io.EOF is the end of every message, an error stays, and the next
// message is not touched by it.
func TestReadEnds(t *testing.T) {
	d := newDecompressor(true, 15)
	p := make([]byte, 3)
	if n, err := d.Read(p); n != 0 || err != io.EOF {
		t.Errorf("before the first message: %d, %v", n, err)
	}
	d.Open(unhex("f2 48 cd"))
	for range 2 {
		if n, err := d.Read(p); n != 0 || !isInvalid(err) {
			t.Errorf("a message cut short: %d, %v", n, err)
		}
	}
	d.Open(unhex("f2 48 cd c9 c9 07 00"))
	if n, err := d.Read(nil); n != 0 || err != nil {
		t.Errorf("no room: %d, %v", n, err)
	}
	for _, want := range []string{"Hel", "lo", ""} {
		n, err := d.Read(p)
		if string(p[:n]) != want || (err == io.EOF) != (want == "") {
			t.Errorf("%q, %v, want %q", p[:n], err, want)
		}
	}
}
