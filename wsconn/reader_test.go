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

// A read of a transport that wants a buffer to wait with has a small one, unless
// much has come before.
func TestReaderWaitsWithASmallBuffer(t *testing.T) {
	a, b := testnet.Pipe()
	s := newSocket(upgraded{conn: a, role: frames.Client, settings: new(DialOptions).settings()})
	defer s.Terminate()
	c := NewConn(s, nil)
	waits := func(want int) {
		t.Helper()
		buf := s.reader.bufs.Get().(*buffer)
		defer buf.release()
		if len(buf.b) != want {
			t.Errorf("waits with a buffer of %d bytes, want %d", len(buf.b), want)
		}
	}
	waits(idleSize)
	for _, tt := range []struct{ message, waits int }{
		{3, idleSize}, {32 << 10, recordSize}, {2 * idleSize, recordSize}, {3, idleSize},
	} {
		message := make([]byte, tt.message)
		if _, err := b.Write(appendFrame(nil, frames.Header{Fin: true, Opcode: frames.Binary}, message)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, message); err != nil {
			t.Fatal(err)
		}
		waits(tt.waits)
	}
}
