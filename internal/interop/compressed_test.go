package interop

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// jsonLines returns size bytes that shrink as what servers log does.
func jsonLines(size int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, `{"seq":%d,"user":%d,"path":"/api/%x/%d","took":%d}`+"\n", i, i*i%977, i*7919%65521, i%13, i*i%271)
	}
	return b.Bytes()[:size]
}

// tokens returns size bytes of digits of no order, with something between them
// that every encoder finds again. They shrink to about half, whatever the window,
// unless the same ones are in it.
func tokens(seed uint64, size int) []byte {
	r := rand.New(rand.NewPCG(1, seed))
	var b bytes.Buffer
	for b.Len() < size {
		fmt.Fprintf(&b, `{"token":"%016x"},`, r.Uint64())
	}
	return b.Bytes()[:size]
}

// compressible are messages with something of everything: what shrinks well, a
// little and not at all, what is empty and what is large.
func compressible() []message {
	const kilo, large = 1 << 10, 64 << 10
	return []message{
		{typ: wsconn.Text},
		{typ: wsconn.Text, data: []byte("κόσμε 🌍, κόσμε 🌍")},
		{typ: wsconn.Binary, data: []byte{0}},
		{typ: wsconn.Text, data: jsonLines(kilo)},
		{typ: wsconn.Binary, data: pattern(kilo)},
		{typ: wsconn.Text, data: jsonLines(kilo)}, // again
		{typ: wsconn.Text, data: text(5 * kilo)},
		{typ: wsconn.Binary, data: jsonLines(large)},
		{typ: wsconn.Binary},
		{typ: wsconn.Binary, data: pattern(large)},
		{typ: wsconn.Text, data: tokens(1, large)},
		{typ: wsconn.Binary, data: pattern(large)}, // again
	}
}

// ways are those to send a message of ours.
var ways = []struct {
	name string
	send func(*wsconn.Socket, context.Context, wsconn.MessageType, []byte) error
}{
	{"WriteMessage", (*wsconn.Socket).WriteMessage},
	{"WriteUncompressed", (*wsconn.Socket).WriteUncompressed},
	{"WritePrepared", func(s *wsconn.Socket, ctx context.Context, typ wsconn.MessageType, p []byte) error {
		return s.WritePrepared(ctx, wsconn.Prepare(typ, p))
	}},
	{"NextWriter", func(s *wsconn.Socket, ctx context.Context, typ wsconn.MessageType, p []byte) error {
		w, err := s.NextWriter(ctx, typ)
		if err != nil {
			return err
		}
		defer w.Abort()
		if _, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{bytes.NewReader(p)}, make([]byte, 1000)); err != nil {
			return err
		}
		return w.Close()
	}},
}

// wantEchoes sends every message to a peer that echoes, in a way that changes
// from one message to the next, and from one shift to the next.
func wantEchoes(t *testing.T, s *wsconn.Socket, messages []message, shift int) {
	t.Helper()
	for i, m := range messages {
		way := ways[(i+shift)%len(ways)]
		wantEcho(t, s, m, way.send)
		if t.Failed() {
			t.Fatalf("that was message %d of %d bytes by %s", i, len(m.data), way.name)
		}
	}
}

// wantLargeEchoes sends large messages, in one frame and in several.
func wantLargeEchoes(t *testing.T, s *wsconn.Socket) {
	t.Helper()
	const large = 300_000 // more than a MessageWriter compresses
	for i, m := range []message{
		{typ: wsconn.Text, data: jsonLines(large)}, {typ: wsconn.Binary, data: pattern(large)}, {typ: wsconn.Binary, data: jsonLines(large)},
	} {
		wantEcho(t, s, m, ways[i%2*3].send)
	}
}

// wantEcho sends a message, and returns how many bytes of frames it was here and
// how many its echo.
func wantEcho(t *testing.T, s *wsconn.Socket, m message, send func(*wsconn.Socket, context.Context, wsconn.MessageType, []byte) error) (sent, received int64) {
	t.Helper()
	before := s.Stats()
	done := make(chan error, 1)
	go func() { done <- send(s, testnet.Bounded(t), m.typ, m.data) }()
	wantMessage(t, s, m)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	after := s.Stats()
	return after.BytesWritten - before.BytesWritten, after.BytesRead - before.BytesRead
}

// direction is what one end compresses with.
type direction struct {
	who   string
	fresh bool // without context takeover
	bits  int
}

// wantWindows checks with what window each direction of a connection to a peer
// that echoes is compressed, by what a message is when it is sent again: next to
// nothing if it is in the window still.
func wantWindows(t *testing.T, s *wsconn.Socket, side side, agreed deflate.Params) {
	t.Helper()
	ours := direction{"we", agreed.ServerNoContextTakeover, agreed.ServerMaxWindowBits}
	theirs := direction{"they", agreed.ClientNoContextTakeover, agreed.ClientMaxWindowBits}
	if side == client {
		ours.fresh, theirs.fresh = theirs.fresh, ours.fresh
		ours.bits, theirs.bits = theirs.bits, ours.bits
	}
	for _, d := range []direction{ours, theirs} {
		// zlib looks back by 262 bytes less than its window has, and makes 9 bits
		// of 8.
		window := 1 << d.bits
		d.wantFound(t, s, min(window*7/10, max(window, 512)-270), !d.fresh)
		d.wantFound(t, s, window*3/2, false)
	}
}

// wantFound checks whether a message of a size is found when it is sent again.
func (d direction) wantFound(t *testing.T, s *wsconn.Socket, size int, want bool) {
	t.Helper()
	m := message{typ: wsconn.Text, data: tokens(uint64(size), size)}
	wantEcho(t, s, m, (*wsconn.Socket).WriteMessage)
	sent, received := wantEcho(t, s, m, (*wsconn.Socket).WriteMessage)
	again := sent
	if d.who == "they" {
		again = received
	}
	if found := again < int64(size/4); found != want {
		t.Errorf("%s, with %d bits, send %d bytes again as %d: found in the window is %t, want %t", d.who, d.bits, size, again, found, want)
	}
}
