package interop

import (
	"errors"
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// A cut between two messages: what arrived before is there, and it does not
// look like the end.
func TestTheyCut(t *testing.T) {
	eachPeer(t, func(t *testing.T, p peer, side side) {
		s, f := meet(t, p, side, socket, ends{})
		whole := message{typ: wsconn.Binary, data: pattern(1 << 10)}
		if err := f.Write(testnet.Bounded(t), whole.typ, whole.data); err != nil {
			t.Fatal(err)
		}
		wantMessage(t, s, whole)
		f.Cut()
		for range 2 {
			_, _, err := s.ReadMessage(testnet.Bounded(t))
			wantTruncated(t, err)
		}
	})
}

// A cut inside a message, of which a stream has got what arrived.
func TestTheyCutMessage(t *testing.T) {
	eachPeer(t, func(t *testing.T, p peer, side side) {
		c, f := meet(t, p, side, stream, ends{})
		if err := f.WriteFragment(testnet.Bounded(t), wsconn.Binary, pattern(64<<10), false); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		f.Cut()
		_, err := receive(c)
		wantTruncated(t, err)
		_, again := c.Read(make([]byte, 1))
		wantTruncated(t, again)
	})
}

// The same for a Socket: no half of a message is returned.
func TestTheyCutMessageOfASocket(t *testing.T) {
	eachPeer(t, func(t *testing.T, p peer, side side) {
		s, f := meet(t, p, side, socket, ends{})
		if err := f.WriteFragment(testnet.Bounded(t), wsconn.Binary, pattern(64<<10), false); err != nil {
			t.Fatal(err)
		}
		f.Cut()
		_, half, err := s.ReadMessage(testnet.Bounded(t))
		if half != nil {
			t.Errorf("half of a message was returned: %d bytes", len(half))
		}
		wantTruncated(t, err)
	})
}

// Our Terminate does not look like a close to the peer, and neither does one
// in the middle of a message of ours.
func TestWeCut(t *testing.T) {
	eachPeer(t, func(t *testing.T, p peer, side side) {
		t.Run("between messages", func(t *testing.T) {
			c, f := meet(t, p, side, stream, ends{})
			sent := message{typ: wsconn.Binary, data: pattern(1 << 10)}
			if _, err := c.Write(sent.data); err != nil {
				t.Fatal(err)
			}
			wantSame(t, p.name, <-reading(testnet.Bounded(t), f), sent)
			c.Terminate()
			wantCut(t, p, f)
		})
		t.Run("inside a message", func(t *testing.T) {
			s, f := meet(t, p, side, socket, ends{})
			w, err := s.NextWriter(testnet.Bounded(t), wsconn.Binary)
			if err != nil {
				t.Fatal(err)
			}
			writePiece(t, w, pattern(1<<10))
			s.Terminate()
			if err := w.Close(); err == nil {
				t.Error("the end of the message was sent after Terminate")
			}
			wantCut(t, p, f)
		})
	})
}

// wantCut checks that the peer's end saw neither a message nor a Close frame.
func wantCut(t *testing.T, p peer, f foreign) {
	t.Helper()
	m := <-reading(testnet.Bounded(t), f)
	if m.err == nil {
		t.Errorf("after a cut %s received %v", p.name, m)
	}
	if ce, ok := errors.AsType[*frames.CloseError](m.err); ok && ce.Code != frames.CloseAbnormalClosure {
		t.Errorf("after a cut %s saw %v", p.name, ce)
	}
}
