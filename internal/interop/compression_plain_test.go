package interop

import (
	"context"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// plainWriter is a peer's end that can leave a message as it is.
type plainWriter interface {
	WritePlain(ctx context.Context, typ wsconn.MessageType, p []byte) error
}

// Messages that are not compressed, among others that are: they are no part of
// what the others refer to, at either end.
func TestPlainAmongCompressed(t *testing.T) {
	eachAgreement(t, func(t *testing.T, p peer, s *wsconn.Socket, f foreign, _ agreement) {
		for i := range 3 {
			for _, m := range []message{
				{typ: wsconn.Text, data: tokens(uint64(i/2), 5000)},
				{typ: wsconn.Binary, data: jsonLines(3000 + i)},
				{typ: wsconn.Text, data: tokens(uint64(i), 200)},
			} {
				for _, plain := range []bool{i%2 == 0, i%2 == 1} {
					wantOurs(t, p, s, f, m, plain)
					if !plain || p.sendsPlain {
						wantTheirs(t, s, f, m, plain)
					}
				}
			}
		}
	})
}

// wantOurs sends a message to the peer.
func wantOurs(t *testing.T, p peer, s *wsconn.Socket, f foreign, m message, plain bool) {
	t.Helper()
	before := s.Stats().BytesWritten
	send := s.WriteMessage
	if plain {
		send = s.WriteUncompressed
	}
	theirs := reading(testnet.Bounded(t), f)
	if err := send(testnet.Bounded(t), m.typ, m.data); err != nil {
		t.Fatal(err)
	}
	wantSame(t, p.name, <-theirs, m)
	wantCompressed(t, "we", m, s.Stats().BytesWritten-before, !plain)
}

// wantTheirs has the peer send a message.
func wantTheirs(t *testing.T, s *wsconn.Socket, f foreign, m message, plain bool) {
	t.Helper()
	before := s.Stats().BytesRead
	sent := make(chan error, 1)
	go func() {
		if plain {
			sent <- f.(plainWriter).WritePlain(testnet.Bounded(t), m.typ, m.data)
		} else {
			sent <- f.Write(testnet.Bounded(t), m.typ, m.data)
		}
	}()
	wantMessage(t, s, m)
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	wantCompressed(t, "they", m, s.Stats().BytesRead-before, !plain)
}

// wantCompressed checks how many bytes of frames a message was. All that this
// test sends shrinks.
func wantCompressed(t *testing.T, who string, m message, bytes int64, want bool) {
	t.Helper()
	if got := bytes < int64(len(m.data)); got != want {
		t.Errorf("%s send %v as %d bytes: compressed is %t, want %t", who, m, bytes, got, want)
	}
}
