package interop

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"syscall"
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/wsconn"
)

// checksum is what both ends of a transfer compare.
type checksum struct {
	size   int64
	sha256 string
}

func (e event) checksum() checksum { return checksum{e.Size, e.SHA256} }

// send writes size bytes, in pieces of up to 128 KiB.
func send(w io.Writer, size int64) (checksum, error) { return sendAgain(w, nil, size) }

// sendAgain writes size bytes of p again and again; without one they do not
// shrink.
func sendAgain(w io.Writer, p []byte, size int64) (checksum, error) {
	if p == nil {
		p = pattern(1<<20 + 7)
	}
	return move(w, io.LimitReader(&repeated{p: p}, size))
}

// repeated reads p without end. New bytes all the way would, under the race
// detector, take longer to make than to carry.
type repeated struct {
	p  []byte
	at int
}

func (r *repeated) Read(p []byte) (int, error) {
	n := copy(p, r.p[r.at:])
	r.at = (r.at + n) % len(r.p)
	return n, nil
}

// receive reads until io.EOF.
func receive(r io.Reader) (checksum, error) { return move(io.Discard, r) }

// move copies by Read and Write, not by the methods that io.Copy prefers.
func move(w io.Writer, r io.Reader) (checksum, error) {
	hash := sha256.New()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(w, hash)}, struct{ io.Reader }{r}, make([]byte, 128<<10))
	return checksum{n, hex.EncodeToString(hash.Sum(nil))}, err
}

// wantClose checks what a read returned after the peer has closed with a code
// and a reason: io.EOF for 1000 and none, else all that the peer said.
func wantClose(t *testing.T, err error, code frames.CloseCode, reason string) {
	t.Helper()
	if code == frames.CloseNormalClosure || code == frames.CloseNoStatusReceived {
		if err != io.EOF {
			t.Errorf("after close code %v: %v, want a bare io.EOF", code, err)
		}
		return
	}
	got, ok := errors.AsType[*wsconn.CloseError](err)
	if !ok {
		t.Fatalf("after close code %v: %v, want a *wsconn.CloseError", code, err)
	}
	if want := (wsconn.CloseError{Code: code, Reason: reason}); *got != want {
		t.Errorf("the CloseError is %+v, want %+v", *got, want)
	}
	if errors.Is(err, io.EOF) {
		t.Errorf("%v is io.EOF", err)
	}
}

// wantTruncated checks what a read returned after the transport was cut.
func wantTruncated(t *testing.T, err error) {
	t.Helper()
	if err == nil || errors.Is(err, io.EOF) {
		t.Errorf("after a cut: %v, which is not an error or is io.EOF", err)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("after a cut: %v, want io.ErrUnexpectedEOF or a reset", err)
	}
}
