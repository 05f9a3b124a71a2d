package wsconn

import (
	"errors"
	"io"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
)

// A connection leaves nothing in the buffer that it gives back, whatever it met
// there: the next one would put its payload behind that.
func TestBufferAfterViolation(t *testing.T) {
	a, b := testnet.TCPPair(t)
	s := newSocket(upgraded{conn: a, role: frames.Client, settings: new(DialOptions).settings()})
	defer s.Terminate()
	buf := &buffer{b: make([]byte, smallSize)}
	s.reader.bufs = &sync.Pool{New: func() any { return buf }}
	wire := appendFrame(nil, frames.Header{Fin: true, Opcode: frames.Pong}, make([]byte, 100))
	wire = appendFrame(wire, frames.Header{Fin: true, Opcode: frames.Text}, []byte{0xff, 0xff})
	if _, err := b.Write(wire); err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, b)
	s.attend()
	testnet.Poll(t, "the violation", func() bool { return s.writer.failure() != nil })
	s.reader.lock.Lock()
	defer s.reader.lock.Unlock()
	if s.reader.buf != nil || buf.ahead.from != 0 || buf.ahead.to != 0 || len(buf.ahead.pieces) > 0 {
		t.Errorf("the buffer %p was given back with %+v, the reader's is %p", buf, buf.ahead, s.reader.buf)
	}
}

// A copy that ends behind empty messages has read to the end.
func TestCopyToTheEndBehindEmptyMessages(t *testing.T) {
	a, b := testnet.TCPPair(t)
	s := newSocket(upgraded{
		conn: a, role: frames.Client, settings: new(DialOptions).settings(), stream: streamTerms{agreed: true, halfClose: true},
	})
	c := NewConn(s, nil)
	defer c.Terminate()
	wire := appendFrame(nil, frames.Header{Fin: true, Opcode: frames.Binary}, nil)
	wire = appendFrame(wire, frames.Header{Fin: true, Opcode: frames.Close}, []byte{0x03, 0xe8})
	if _, err := b.Write(wire); err != nil {
		t.Fatal(err)
	}
	s.attend()
	testnet.Poll(t, "the Close frame", func() bool { return s.writer.failure() != nil })
	if n, err := c.WriteTo(io.Discard); n != 0 || err != nil || !s.closing.peerEnded.Load() {
		t.Errorf("%d bytes, %v; the peer has ended: %v", n, err, s.closing.peerEnded.Load())
	}
}

// The beginning of Unix time is over: it ends calls in progress.
func TestDeadlineAtTheBeginningOfTime(t *testing.T) {
	a, _ := testnet.TCPPair(t)
	c := NewConn(newSocket(upgraded{conn: a, role: frames.Client, settings: new(DialOptions).settings()}), nil)
	defer c.Terminate()
	for name, tt := range map[string]struct {
		call func() error
		set  func(time.Time) error
	}{
		"Read":  {func() error { _, err := c.Read(make([]byte, 1)); return err }, c.SetReadDeadline},
		"Write": {func() error { _, err := c.Write(make([]byte, 64<<20)); return err }, c.SetWriteDeadline},
	} {
		ended := make(chan error, 1)
		go func() { ended <- tt.call() }()
		testnet.Poll(t, name, func() bool {
			_, waiting := c.s.t.out.backlog()
			return name == "Read" && c.s.reader.in.busy() || name == "Write" && waiting
		})
		tt.set(time.Unix(0, 0))
		if err := testnet.Take(t, name, ended); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// When the last byte came does not change before another one comes.
func TestLastInboundStays(t *testing.T) {
	a, b := testnet.Pipe()
	defer b.Close()
	s := newSocket(upgraded{conn: a, role: frames.Client, settings: new(DialOptions).settings()})
	defer s.Terminate()
	first := s.Stats().LastInbound
	for range 1000 {
		if now := s.Stats().LastInbound; !now.Equal(first) {
			t.Fatalf("nothing has come, and it has moved by %v", now.Sub(first))
		}
	}
}
