package tunnel_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// block is what long streams repeat: to make fresh bytes all the time would be
// most of what the race detector has to watch. It is as long as no buffer is, so
// that what is lost, doubled or moved is seen.
var block = func() []byte {
	p := make([]byte, 1<<20+7)
	testnet.Fill(p, 1, 0)
	return p
}()

// repeated returns a long stream.
func repeated(size int64) io.Reader { return io.LimitReader(new(repeating), size) }

// repeating is the block without end, from an offset on.
type repeating int

func (r *repeating) Read(p []byte) (int, error) {
	n := copy(p, block[*r:])
	*r = (*r + repeating(n)) % repeating(len(block))
	return n, nil
}

// digest is the SHA-256 of what r has.
func digest(t *testing.T, r io.Reader) string {
	t.Helper()
	h := sha256.New()
	if n, err := io.Copy(h, r); err != nil {
		t.Fatalf("after %d bytes: %v", n, err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// digestOf is that of a file.
func digestOf(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return digest(t, f)
}
