package ecosystem_test

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// period is after how many bytes a bulk stream repeats itself: a prime, so
// that no size of a buffer, frame or record goes into it. Within it every byte
// is known by its place. To make all the bytes anew would take far longer under
// the race detector than to carry them.
const period = 1<<20 + 7

var pattern = sync.OnceValue(func() []byte {
	p := make([]byte, period)
	testnet.Fill(p, 1, 0)
	return p
})

// newBulk returns a reader of the first size bytes of the bulk stream.
func newBulk(size int64) io.Reader { return &bulkReader{size: size} }

type bulkReader struct{ n, size int64 }

func (r *bulkReader) Read(p []byte) (int, error) {
	if r.n == r.size {
		return 0, io.EOF
	}
	n := copy(p[:min(int64(len(p)), r.size-r.n)], pattern()[r.n%period:])
	r.n += int64(n)
	return n, nil
}

// WriteTo writes the stream in large pieces that nobody has to copy.
func (r *bulkReader) WriteTo(w io.Writer) (written int64, err error) {
	for r.n < r.size && err == nil {
		piece := pattern()[r.n%period:]
		piece = piece[:min(int64(len(piece)), 64<<10, r.size-r.n)]
		var n int
		n, err = w.Write(piece)
		r.n += int64(n)
		written += int64(n)
	}
	return written, err
}

// bulkWriter takes the bulk stream and nothing else.
type bulkWriter struct{ n int64 }

func (w *bulkWriter) Write(p []byte) (n int, err error) {
	for n < len(p) {
		want := pattern()[w.n%period:]
		want = want[:min(len(want), len(p)-n)]
		if !bytes.Equal(p[n:n+len(want)], want) {
			return n, fmt.Errorf("wrong bytes in the %d after offset %d", len(want), w.n)
		}
		n += len(want)
		w.n += int64(len(want))
	}
	return n, nil
}

// readBulk fails the test unless r is the first size bytes of the bulk stream
// and then ends.
func readBulk(t *testing.T, r io.Reader, size int64) {
	t.Helper()
	var w bulkWriter
	if _, err := io.Copy(&w, r); err != nil || w.n != size {
		t.Errorf("received %d of %d bytes, %v", w.n, size, err)
	}
}
