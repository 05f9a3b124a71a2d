//go:build unix

package wsconn

import (
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
)

// A reader that finds nothing to read waits without a buffer.
func TestPollerWaitsWithoutABuffer(t *testing.T) {
	a, b := testnet.TCPPair(t)
	defer b.Close()
	s := newSocket(upgraded{conn: a, role: frames.Client, settings: new(DialOptions).settings()})
	defer s.Terminate()
	err := s.t.out.raw.Control(func(fd uintptr) {
		if s.reader.poll.try(fd) {
			t.Error("a read of an idle descriptor is over")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.reader.buf != nil {
		t.Errorf("the reader waits with a buffer of %d bytes", len(s.reader.buf.b))
	}
}
