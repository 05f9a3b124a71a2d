package interop

import (
	"errors"
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// What becomes of a message that a Close frame cuts short: it is not whole,
// also when the code is 1000.
var inside = frames.CloseError{Code: frames.CloseNormalClosure, Reason: "never mind"}

func TestTheyCloseInsideMessage(t *testing.T) {
	eachPeer(t, func(t *testing.T, p peer, side side) {
		if p.mute {
			return // it finishes the message first
		}
		for _, way := range reads {
			t.Run(way.name, func(t *testing.T) {
				s, f := meet(t, p, side, socket, ends{})
				if err := f.WriteFragment(testnet.Bounded(t), wsconn.Binary, pattern(64<<10), false); err != nil {
					t.Fatal(err)
				}
				closed := theyClose(f, inside)
				m := way.read(testnet.Bounded(t), s)
				wantInside(t, "ours", m.err)
				s.Close()
				if err := <-closed; err != nil {
					t.Errorf("%s: %v", p.name, err)
				}
			})
		}
		t.Run("Conn", func(t *testing.T) {
			c, f := meet(t, p, side, stream, ends{})
			if err := f.WriteFragment(testnet.Bounded(t), wsconn.Binary, pattern(64<<10), false); err != nil {
				t.Fatal(err)
			}
			closed := theyClose(f, inside)
			_, err := receive(c)
			wantInside(t, "ours", err)
			c.Close()
			if err := <-closed; err != nil {
				t.Errorf("%s: %v", p.name, err)
			}
		})
	})
}

func TestWeCloseInsideMessage(t *testing.T) {
	eachPeer(t, func(t *testing.T, p peer, side side) {
		s, f := meet(t, p, side, socket, ends{})
		w, err := s.NextWriter(testnet.Bounded(t), wsconn.Binary)
		if err != nil {
			t.Fatal(err)
		}
		writePiece(t, w, pattern(1<<10))
		if err := s.CloseWith(inside.Code, inside.Reason); err != nil {
			t.Fatal(err)
		}
		wantInside(t, p.name, (<-reading(testnet.Bounded(t), f)).err)
		f.Cut()
		if err := w.Close(); err == nil {
			t.Error("the end of the message was sent after Close")
		}
		if err := s.WaitClosed(testnet.Bounded(t)); err != nil {
			t.Errorf("WaitClosed: %v", err)
		}
	})
}

func wantInside(t *testing.T, who string, err error) {
	t.Helper()
	if ce, ok := errors.AsType[*frames.CloseError](err); !ok || *ce != inside {
		t.Errorf("%s saw %v, want %v", who, err, &inside)
	}
}
