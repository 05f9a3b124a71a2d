package wire_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
)

// What has been read is what is written for it, but for spellings of an address,
// and nothing behind it is touched.
func FuzzReadRequest(f *testing.F) {
	for _, tt := range requests {
		f.Add([]byte(tt.bytes + "data"))
	}
	f.Add([]byte("\x01\x10\x01"))
	f.Add([]byte("\x01\x00\x05h:022"))
	f.Fuzz(func(t *testing.T, p []byte) {
		r := bytes.NewReader(p)
		request, err := wire.ReadRequest(r)
		if err != nil {
			if errors.Is(err, io.EOF) {
				t.Errorf("%q: %v", p, err)
			}
			return
		}
		if used := len(p) - r.Len(); used != 3+int(p[1])<<8+int(p[2]) {
			t.Errorf("%q: %d bytes were read", p, used)
		}
		var again bytes.Buffer
		if err := wire.WriteRequest(&again, request); err != nil {
			t.Fatalf("%v cannot be written: %v", request, err)
		}
		if got, err := wire.ReadRequest(&again); err != nil || got != request {
			t.Errorf("%v was read as %v, %v", request, got, err)
		}
	})
}

// A stream of datagrams is the same when it is written again, as far as it goes.
func FuzzReadDatagram(f *testing.F) {
	f.Add([]byte("\x00\x02hi\x00\x00\x00\x01x"))
	f.Add([]byte("\xff\xff"))
	f.Fuzz(func(t *testing.T, p []byte) {
		r := bytes.NewReader(p)
		in, out := make([]byte, wire.MaxDatagram), make([]byte, wire.MaxDatagram+2)
		var again bytes.Buffer
		for {
			d, err := wire.ReadDatagram(r, in)
			if err != nil {
				if whole := again.Len() == len(p); (err == io.EOF) != whole {
					t.Errorf("%q ends with %v after %d bytes", p, err, again.Len())
				}
				break
			}
			if err := wire.WriteDatagram(&again, d, out); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.HasPrefix(p, again.Bytes()) {
			t.Errorf("%q became %q", p, &again)
		}
	})
}
