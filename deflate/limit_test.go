package deflate_test

import (
	"io"
	"testing"

	"github.com/wsstream/wsstream/deflate"
)

// TestSetMaxMessage: a limit that is moved counts for the message that is open, from
// where that is, and for those behind it.
func TestSetMaxMessage(t *testing.T) {
	lines := logLines(200_000)
	message, _ := deflate.NewCompressor(nil, true, 15).Append(nil, lines)
	for _, test := range []struct {
		name       string
		first, end int64
		ok         bool
	}{
		{"lifted", 100_000, 0, true},
		{"raised", 100_000, 200_000, true},
		{"raised too little", 100_000, 199_999, false},
		{"lowered", 0, 150_000, false},
	} {
		d := deflate.NewDecompressor(nil, true, 15, test.first)
		d.Open(message)
		if _, err := io.ReadFull(d, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		d.SetMaxMessage(test.end)
		rest, err := d.AppendAll(nil)
		if test.ok && (err != nil || len(rest) != len(lines)-1000) || !test.ok && !isTooBig(err) {
			t.Errorf("%s: %d bytes, %v", test.name, len(rest), err)
		}
		if _, err := inflate(d, message); (err == nil) != test.ok {
			t.Errorf("%s: the next message: %v", test.name, err)
		}
	}
}

// TestAtEnd: the end is known with the last bytes of a message that fits into the
// room to inflate to, so that nobody has to ask once more.
func TestAtEnd(t *testing.T) {
	d := newDecompressor(false, 15)
	if !d.AtEnd() {
		t.Error("not at the end before the first message")
	}
	message, _ := deflate.NewCompressor(everything(1), true, 15).Append(nil, logLines(1000))
	d.Open(message)
	p := make([]byte, 500)
	for i := range 2 {
		if d.AtEnd() {
			t.Errorf("at the end after %d bytes", 500*i)
		}
		if _, err := io.ReadFull(d, p); err != nil {
			t.Fatal(err)
		}
	}
	if !d.AtEnd() {
		t.Error("not at the end after all bytes")
	}
	d.Open([]byte{0xff})
	if _, err := d.Read(p); err == nil || d.AtEnd() {
		t.Errorf("%v, and at the end: %t", err, d.AtEnd())
	}
}
