package wsconn

import (
	"io"
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
)

// At the end of a stream the reader gives its buffer back, also if more came
// behind the Close frame.
func TestReaderHoldsNothingAtTheEnd(t *testing.T) {
	a, b := testnet.TCPPair(t)
	s := newSocket(upgraded{conn: a, role: frames.Client, settings: new(DialOptions).settings()})
	defer s.Terminate()
	if _, err := b.Write([]byte{0x88, 0, 0x89, 0}); err != nil { // Close, Ping
		t.Fatal(err)
	}
	if _, err := NewConn(s, nil).Read(make([]byte, 1)); err != io.EOF {
		t.Fatalf("Read: %v, want io.EOF", err)
	}
	if s.reader.buf != nil {
		t.Errorf("the reader holds a buffer of %d bytes", len(s.reader.buf.b))
	}
}
