package wsconn_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// What is no message is refused, and ends nothing: the next one arrives.
func TestPreparedOfNoType(t *testing.T) {
	srv := new(wsconn.Server)
	clients, servers := socketsOf(t, srv, 1)
	for i, m := range []*wsconn.Prepared{
		new(wsconn.Prepared),
		wsconn.Prepare(frames.Continuation, []byte("x")),
		wsconn.Prepare(frames.Ping, make([]byte, 200)),
		wsconn.Prepare(frames.Close, nil),
		wsconn.Prepare(3, nil),
	} {
		if err := srv.Broadcast(t.Context(), m); err == nil {
			t.Errorf("Broadcast of a message of type %v: no error", m.Type())
		}
		if err := srv.BroadcastTo(t.Context(), slices.Values(servers), m); err == nil {
			t.Errorf("BroadcastTo of a message of type %v: no error", m.Type())
		}
		for _, s := range []*wsconn.Socket{clients[0], servers[0]} {
			if err := s.WritePrepared(t.Context(), m); err == nil {
				t.Errorf("WritePrepared of a message of type %v: no error", m.Type())
			}
		}
		if err := srv.Broadcast(t.Context(), numbered(i, 10)); err != nil {
			t.Fatal(err)
		}
		testnet.InTime(t, "the next message", func() {
			if err := mustHear(clients[0], i, i); err != nil {
				t.Errorf("after a message of type %v: %v", m.Type(), err)
			}
		})
	}
}

// Receivers that do not read a large message share its memory: it waits in
// their queues, and nowhere else.
func TestLargePreparedIsShared(t *testing.T) {
	srv := new(wsconn.Server)
	url := serveSockets(t, srv)
	client, err := wsconn.DialSocket(t.Context(), url, &wsconn.DialOptions{MaxMessage: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Terminate()
	testnet.Poll(t, "the socket", func() bool { return srv.Len() == 1 })
	p := bytes.Repeat([]byte("0123456789abcdef"), 2<<20)
	if err := srv.Broadcast(t.Context(), wsconn.Prepare(wsconn.Binary, p)); err != nil {
		t.Fatal(err)
	}
	if waits := srv.QueueBytes()[0]; waits < len(p) {
		t.Errorf("%d bytes wait, want all of the %d", waits, len(p))
	}
	if _, got, err := client.ReadMessage(t.Context()); !bytes.Equal(got, p) || err != nil {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	testnet.Poll(t, "an empty queue", func() bool { return srv.QueueBytes()[0] == 0 })
}
