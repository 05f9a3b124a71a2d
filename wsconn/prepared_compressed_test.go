package wsconn_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// A broadcast reaches everybody as it was, with whatever windows, and what is sent
// to one alone before and after does, too.
func TestBroadcastCompressed(t *testing.T) {
	srv := &wsconn.Server{
		Options: wsconn.AcceptOptions{Compression: &deflate.Options{Threshold: -1}},
		Handler: func(*wsconn.Socket) { <-t.Context().Done() }, // the test reads
	}
	url := serveSockets(t, srv)
	var clients, servers []*wsconn.Socket
	for _, o := range []*deflate.Options{
		{}, {}, deflate.Disabled, {ServerMaxWindowBits: 8}, {ServerMaxWindowBits: 12}, {ServerNoContextTakeover: true},
		{ServerNoContextTakeover: true, ServerMaxWindowBits: 9, ClientNoContextTakeover: true},
	} {
		c, err := wsconn.DialSocket(t.Context(), url, &wsconn.DialOptions{Compression: o})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Terminate() })
		clients = append(clients, c)
		testnet.Poll(t, "the socket", func() bool { return srv.Len() == len(clients) })
		for s := range srv.Sockets() {
			if !slices.Contains(servers, s) {
				servers = append(servers, s)
			}
		}
	}
	ctx := testnet.Bounded(t)
	for i, size := range []int{10, 100, 2000, 60_000, 300_000} {
		p := logLines(size)
		alone := append(logLines(size/2), p...) // half of it is in the broadcast, too
		for j, m := range []*wsconn.Prepared{wsconn.Prepare(wsconn.Text, p), wsconn.Prepare(wsconn.Text, noise(size)[:0]), wsconn.Prepare(wsconn.Text, p).Uncompressed()} {
			for range 2 {
				sent := make(chan error)
				go func() {
					var err error
					for _, s := range servers {
						err = errors.Join(err, s.WriteMessage(ctx, wsconn.Text, alone))
					}
					sent <- errors.Join(err, srv.Broadcast(ctx, m))
				}()
				for k, c := range clients {
					for n, want := range [][]byte{alone, m.Payload()} {
						if _, got, err := c.ReadMessage(ctx); err != nil || !bytes.Equal(got, want) {
							t.Fatalf("size %d, message %d, client %d (%s), part %d: %d bytes, %v, want %d", i, j, k, c.Extensions(), n, len(got), err, len(want))
						}
					}
				}
				if err := testnet.Take(t, "the sender", sent); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	// A client's, which it has to mask each time.
	m := wsconn.Prepare(wsconn.Text, logLines(5000))
	for i, c := range clients {
		before := c.Stats().BytesWritten
		for range 3 {
			if err := c.WritePrepared(ctx, m); err != nil {
				t.Fatal(err)
			}
			if _, got, err := servers[i].ReadMessage(ctx); err != nil || !bytes.Equal(got, logLines(5000)) {
				t.Fatalf("client %d: %d bytes, %v", i, len(got), err)
			}
		}
		if sent := c.Stats().BytesWritten - before; (sent < 3*5000) != (c.Extensions() != "") {
			t.Errorf("client %d (%q) has sent %d bytes", i, c.Extensions(), sent)
		}
	}
}

// A prepared message is compressed once for all receivers with the same window.
func TestPreparedIsCompressedOnce(t *testing.T) {
	srv := &wsconn.Server{Options: wsconn.AcceptOptions{Compression: new(deflate.Options)}}
	clients, servers := socketsOf(t, srv, 3)
	m := wsconn.Prepare(wsconn.Binary, logLines(100_000))
	for i, s := range servers {
		if err := s.WritePrepared(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if _, p, err := clients[i].ReadMessage(t.Context()); err != nil || len(p) != 100_000 {
			t.Fatal(len(p), err)
		}
	}
	if n := m.Compressions(); n != 1 {
		t.Errorf("compressed for %d windows, want 1", n)
	}
	sent := servers[0].Stats().BytesWritten
	if sent >= 50_000 || sent != servers[2].Stats().BytesWritten {
		t.Errorf("%d and %d bytes sent", sent, servers[2].Stats().BytesWritten)
	}
}
