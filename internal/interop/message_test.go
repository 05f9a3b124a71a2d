package interop

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// message is one that was or shall be received, or the error that came
// instead.
type message struct {
	typ  wsconn.MessageType
	data []byte
	err  error
}

// String returns enough of m to see what it is.
func (m message) String() string {
	if m.err != nil {
		return fmt.Sprintf("the error %q", m.err)
	}
	return fmt.Sprintf("%v %.40q (%d bytes)", m.typ, m.data, len(m.data))
}

// sizes are those around the limits of the forms of a length (RFC 6455 section
// 5.2), and a large one.
var sizes = []int{0, 1, 125, 126, 65535, 65536, 1 << 20}

// messages are sent in both directions, to and from every peer.
func messages() (all []message) {
	for _, size := range sizes {
		all = append(all, message{typ: wsconn.Text, data: text(size)}, message{typ: wsconn.Binary, data: pattern(size)})
	}
	return append(all, message{typ: wsconn.Text, data: []byte("κόσμε 🌍")})
}

// pattern returns size bytes, none of which can be taken for another.
func pattern(size int) []byte {
	p := make([]byte, size)
	testnet.Fill(p, 2, 0)
	return p
}

// text returns size bytes of UTF-8.
func text(size int) []byte {
	return []byte(strings.Repeat("x", size%2) + strings.Repeat("é", size/2))
}

// Every message from the peer to us and back.
func TestMessages(t *testing.T) {
	eachPeer(t, func(t *testing.T, p peer, side side) {
		s, f := meet(t, p, side, socket, ends{})
		unlimited(f)
		ctx := testnet.Bounded(t)
		for _, m := range messages() {
			sent := make(chan error, 1)
			go func() { sent <- f.Write(ctx, m.typ, m.data) }()
			wantMessage(t, s, m)
			if err := <-sent; err != nil {
				t.Fatal(err)
			}
			theirs := reading(ctx, f)
			if err := s.WriteMessage(ctx, m.typ, m.data); err != nil {
				t.Fatal(err)
			}
			wantSame(t, p.name, <-theirs, m)
		}
	})
}

// reading reads a message of the peer's end, or what comes instead.
func reading(ctx context.Context, f foreign) <-chan message {
	read := make(chan message, 1)
	go func() {
		typ, p, err := f.Read(ctx)
		read <- message{typ, p, err}
	}()
	return read
}

// wantMessage reads the next message.
func wantMessage(t *testing.T, s *wsconn.Socket, want message) {
	t.Helper()
	typ, p, err := s.ReadMessage(testnet.Bounded(t))
	wantSame(t, "wsconn", message{typ, p, err}, want)
}

// wantSame compares what was received with what was sent.
func wantSame(t *testing.T, who string, got, want message) {
	t.Helper()
	if got.err != nil {
		t.Fatalf("%s received %v, want %v", who, got, want)
	}
	if got.typ != want.typ || !bytes.Equal(got.data, want.data) {
		t.Errorf("%s received %v, want %v", who, got, want)
	}
}
