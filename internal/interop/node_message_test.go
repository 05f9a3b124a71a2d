package interop

import (
	"bytes"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// messages are sent in both directions, to and from every peer.
var messages = []struct {
	name string
	typ  wsconn.MessageType
	data []byte
}{
	{"text", wsconn.Text, []byte("κόσμε 🌍")},
	{"binary", wsconn.Binary, []byte{0, 1, 0xff, 0xfe}},
	{"empty text", wsconn.Text, []byte{}},
	{"empty binary", wsconn.Binary, []byte{}},
	{"1 MiB of text", wsconn.Text, []byte(strings.Repeat("é", 1<<19))},
	{"1 MiB of binary", wsconn.Binary, pattern(1 << 20)},
}

// pattern returns size bytes, none of which can be taken for another.
func pattern(size int) []byte {
	p := make([]byte, size)
	testnet.Fill(p, 2, 0)
	return p
}

func TestNodeReceivesMessages(t *testing.T) {
	bothSides(t, func(t *testing.T, side side) {
		s, n := meetNode(t, side, socket, subprotocols{})
		for _, m := range messages {
			if err := s.WriteMessage(bounded(t), m.typ, m.data); err != nil {
				t.Fatalf("%s: %v", m.name, err)
			}
			e := n.await("message")
			if e.Binary != (m.typ == wsconn.Binary) || e.checksum() != checksumOf(m.data) {
				t.Errorf("%s: ws received %+v", m.name, e)
			}
		}
	})
}

func TestNodeSendsMessages(t *testing.T) {
	bothSides(t, func(t *testing.T, side side) {
		s, n := meetNode(t, side, socket, subprotocols{})
		for _, m := range messages {
			n.do(do{Do: "send", Binary: m.typ == wsconn.Binary, Data: m.data, Fin: true})
			wantMessage(t, s, m.typ, m.data)
		}
	})
}

// A message in three frames, one of them empty, cut inside of a rune.
func TestNodeSendsFragments(t *testing.T) {
	bothSides(t, func(t *testing.T, side side) {
		s, n := meetNode(t, side, socket, subprotocols{})
		const text = "fragments of κόσμε"
		cut := strings.Index(text, "κ") + 1
		n.do(do{Do: "send", Data: []byte(text[:cut])})
		n.do(do{Do: "send"})
		n.do(do{Do: "ping", Data: []byte("between")})
		n.do(do{Do: "send", Data: []byte(text[cut:]), Fin: true})
		wantMessage(t, s, wsconn.Text, []byte(text))
		if e := n.await("pong"); string(e.Data) != "between" {
			t.Errorf("the pong has %q", e.Data)
		}
	})
}

// Pings of ws are answered while we read, with what they carry.
func TestNodePings(t *testing.T) {
	bothSides(t, func(t *testing.T, side side) {
		s, n := meetNode(t, side, socket, subprotocols{})
		for _, data := range []string{"", "x", strings.Repeat("p", 125)} {
			n.do(do{Do: "ping", Data: []byte(data)})
			n.do(do{Do: "send", Data: []byte("go on"), Fin: true})
			wantMessage(t, s, wsconn.Text, []byte("go on"))
			if e := n.await("pong"); string(e.Data) != data {
				t.Errorf("the pong has %q, want %q", e.Data, data)
			}
		}
	})
}

// wantMessage reads the next message.
func wantMessage(t *testing.T, s *wsconn.Socket, typ wsconn.MessageType, data []byte) {
	t.Helper()
	gotType, got, err := s.ReadMessage(bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	if gotType != typ || !bytes.Equal(got, data) {
		t.Errorf("received %v %.40q (%d bytes), want %v %.40q (%d bytes)", gotType, got, len(got), typ, data, len(data))
	}
}
