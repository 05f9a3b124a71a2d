package interop

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// fragmented are messages in pieces. The large ones are frames of their own
// whatever buffers a peer has (see foreign), the small text is cut inside of
// its second and third rune.
var fragmented = []struct {
	name   string
	typ    wsconn.MessageType
	pieces [][]byte
	frames int64 // of its own, at least, from every peer
}{
	{"binary", wsconn.Binary, [][]byte{pattern(100 << 10), {}, pattern(60 << 10), {7}}, 3},
	{"text", wsconn.Text, [][]byte{text(100 << 10), text(60<<10 + 1), []byte("ende")}, 3},
	{"runes in two", wsconn.Text, [][]byte{[]byte("a\xc3"), []byte("\xa9\xf0\x9f"), {}, []byte("\x8c\x8d!")}, 1},
	{"nothing in two", wsconn.Binary, [][]byte{{}, {}}, 1},
	{"an end of nothing", wsconn.Text, [][]byte{text(70000), {}}, 2},
}

// reads are the ways to read a message of ours.
var reads = []struct {
	name string
	read func(context.Context, *wsconn.Socket) message
}{
	{"ReadMessage", func(ctx context.Context, s *wsconn.Socket) (m message) {
		m.typ, m.data, m.err = s.ReadMessage(ctx)
		return m
	}},
	{"NextReader", func(ctx context.Context, s *wsconn.Socket) (m message) {
		var r io.Reader
		if m.typ, r, m.err = s.NextReader(ctx); m.err == nil {
			m.data, m.err = io.ReadAll(r)
		}
		return m
	}},
}

// The peer's fragments, with pings of both ends between them.
func TestFragmentsOfTheirs(t *testing.T) {
	eachPeer(t, func(t *testing.T, p peer, side side) {
		for _, way := range reads {
			plainAndCompressed(t, p, side, func(t *testing.T, speak ends) {
				t.Run(way.name, func(t *testing.T) { testFragmentsOfTheirs(t, p, side, speak, way.read) })
			})
		}
	})
}

func testFragmentsOfTheirs(t *testing.T, p peer, side side, speak ends, read func(context.Context, *wsconn.Socket) message) {
	s, f := meet(t, p, side, socket, speak)
	ctx := testnet.Bounded(t)
	end := reading(ctx, f) // for the pongs
	for _, m := range fragmented {
		before := s.Stats()
		ours := make(chan message, 1)
		go func() { ours <- read(ctx, s) }()
		sendFragments(t, p, f, s, m.typ, m.pieces)
		whole := bytes.Join(m.pieces, nil)
		wantSame(t, m.name+": wsconn", <-ours, message{typ: m.typ, data: whole})
		after := s.Stats()
		want := m.frames
		if s.Extensions() != "" && p.bufferedDeflate {
			want = 1
		}
		if !p.mute {
			want += 2 * int64(len(m.pieces)-1) // a ping and a pong between two
		}
		if n := after.FramesRead - before.FramesRead; n < want {
			t.Errorf("%s: %d frames came, want %d at least", m.name, n, want)
		}
		shrinks := s.Extensions() != "" && !p.plainFragments && m.typ == wsconn.Text && len(whole) > 1<<10
		if n := after.BytesRead - before.BytesRead; (n < int64(len(whole)/2)) != shrinks {
			t.Errorf("%s: %d bytes came for %d, less than half is %t, want %t", m.name, n, len(whole), !shrinks, shrinks)
		}
	}
	s.Close()
	<-end
}

// sendFragments sends a message of the peer's, with pings between its pieces.
func sendFragments(t *testing.T, p peer, f foreign, s *wsconn.Socket, typ wsconn.MessageType, pieces [][]byte) {
	t.Helper()
	ctx := testnet.Bounded(t)
	for i, piece := range pieces {
		fin := i == len(pieces)-1
		if err := f.WriteFragment(ctx, typ, piece, fin); err != nil {
			t.Fatal(err)
		}
		if !fin && !p.mute {
			pingBetween(t, f, s)
		}
	}
}

// pingBetween has both ends ping between two fragments.
func pingBetween(t *testing.T, f foreign, s *wsconn.Socket) {
	t.Helper()
	if err := f.Ping(testnet.Bounded(t), "between"); err != nil {
		t.Fatalf("their ping between fragments: %v", err)
	}
	if _, err := s.Ping(testnet.Bounded(t)); err != nil {
		t.Fatalf("our ping between fragments: %v", err)
	}
}

// Our fragments, with pings of both ends between them.
func TestFragmentsOfOurs(t *testing.T) {
	eachPeer(t, func(t *testing.T, p peer, side side) {
		plainAndCompressed(t, p, side, func(t *testing.T, speak ends) { testFragmentsOfOurs(t, p, side, speak) })
	})
}

func testFragmentsOfOurs(t *testing.T, p peer, side side, speak ends) {
	s, f := meet(t, p, side, socket, speak)
	unlimited(f)
	ctx := testnet.Bounded(t)
	end := make(chan message, 1)
	go func() { end <- reads[0].read(ctx, s) }() // for the pongs
	for _, m := range fragmented {
		before := s.Stats().FramesWritten
		theirs := reading(ctx, f)
		writeFragments(t, f, s, m.typ, m.pieces)
		wantSame(t, m.name+": "+p.name, <-theirs, message{typ: m.typ, data: bytes.Join(m.pieces, nil)})
		want := 2 * int64(len(m.pieces)) // a ping and a pong after each
		for _, piece := range m.pieces {
			want += int64(min(1, len(piece)))
		}
		if n := s.Stats().FramesWritten - before; n < want {
			t.Errorf("%s: %d frames went, want %d at least", m.name, n, want)
		}
	}
	s.Close()
	<-end
}

// writeFragments sends a message of ours, with pings between its pieces.
func writeFragments(t *testing.T, f foreign, s *wsconn.Socket, typ wsconn.MessageType, pieces [][]byte) {
	t.Helper()
	w, err := s.NextWriter(testnet.Bounded(t), typ)
	if err != nil {
		t.Fatal(err)
	}
	for _, piece := range pieces {
		writePiece(t, w, piece)
		pingBetween(t, f, s)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// writePiece sends a piece as a fragment, if there is something in it.
func writePiece(t *testing.T, w *wsconn.MessageWriter, p []byte) {
	t.Helper()
	if n, err := w.Write(p); n != len(p) || err != nil {
		t.Fatalf("Write: %d, %v, want %d", n, err, len(p))
	}
	if err := w.Flush(); err != nil {
		t.Fatalf("Flush: %v", err)
	}
}

// A message of unknown length, in the fragments that our writer makes.
func TestFragmentsOfAStream(t *testing.T) {
	eachPeer(t, func(t *testing.T, p peer, side side) {
		s, f := meet(t, p, side, socket, ends{})
		unlimited(f)
		ctx := testnet.Bounded(t)
		theirs := reading(ctx, f)
		w, err := s.NextWriter(ctx, wsconn.Binary)
		if err != nil {
			t.Fatal(err)
		}
		want := message{typ: wsconn.Binary, data: pattern(1 << 20)}
		if _, err := io.Copy(w, bytes.NewReader(want.data)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		wantSame(t, p.name, <-theirs, want)
	})
}
