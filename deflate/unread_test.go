package deflate_test

import (
	"io"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/deflate"
)

// TestUnread: with context takeover, a message that was not read to its end takes
// those after it along, and says so. Without, they have nothing to do with it.
func TestUnread(t *testing.T) {
	hello := unhex("f2 48 cd c9 c9 07 00")
	part := func(d *deflate.Decompressor) { d.Open(hello); d.Read(make([]byte, 3)) }
	whole := func(d *deflate.Decompressor) { inflate(d, hello) }
	for _, test := range []struct {
		name string
		do   func(d *deflate.Decompressor)
		text string // of the error with context takeover
	}{
		{"all of it", whole, ""},
		{"all that there is, without io.EOF", func(d *deflate.Decompressor) { d.Open(hello); d.Read(make([]byte, 5)); d.Read(make([]byte, 1)) }, ""},
		{"in part", part, "before the one before it was read to its end"},
		{"nothing", func(d *deflate.Decompressor) { d.Open(hello) }, "before the one before it was read to its end"},
		{"an empty one not at all", func(d *deflate.Decompressor) { d.Open([]byte{0}) }, "before the one before it was read to its end"},
		{"released in the middle", func(d *deflate.Decompressor) { part(d); d.Release() }, "after Release"},
		{"released at the end", func(d *deflate.Decompressor) { whole(d); d.Release() }, "after Release"},
		{"not read, and released later", func(d *deflate.Decompressor) { part(d); d.Open(hello); d.Release() }, "before the one before it was read to its end"},
		{"one that is not DEFLATE", func(d *deflate.Decompressor) { inflate(d, []byte("no")) }, "that does not exist"},
	} {
		t.Run(test.name, func(t *testing.T) {
			fresh := newDecompressor(true, 15)
			test.do(fresh)
			if got, err := inflate(fresh, hello); string(got) != "Hello" || err != nil {
				t.Errorf("without context takeover: %q, %v", got, err)
			}
			d := newDecompressor(false, 15)
			test.do(d)
			for range 3 { // it does not mend
				got, err := inflate(d, hello)
				switch {
				case test.text == "":
					if string(got) != "Hello" || err != nil {
						t.Errorf("%q, %v", got, err)
					}
				case got != nil || err == nil || !strings.Contains(err.Error(), test.text):
					t.Errorf("%q, %v", got, err)
				}
				d.Open(hello)
				if n, again := d.Read(make([]byte, 9)); test.text != "" && (n != 0 || again != err || d.AtEnd()) {
					t.Errorf("%d bytes, %v, after %v", n, again, err)
				}
			}
		})
	}
}

// TestReleaseIsAnEnd: nothing is read after it of the message that was open.
func TestReleaseIsAnEnd(t *testing.T) {
	for _, noTakeover := range []bool{true, false} {
		d := newDecompressor(noTakeover, 15)
		d.Open(unhex("f2 48 cd c9 c9 07 00"))
		d.Read(make([]byte, 3))
		d.Release()
		if n, err := d.Read(make([]byte, 3)); n != 0 || err != io.EOF {
			t.Errorf("%d bytes, %v", n, err)
		}
	}
}
