package wsconn_test

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// stall makes everything that is sent to a socket wait.
func stall(t *testing.T, s *wsconn.Socket) (release func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w, err := s.NextWriter(ctx, wsconn.Text)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		cancel() // nothing was sent, so that nothing is
		w.Close()
	}
}

// Small messages could be sent at once, but not past a large one that waits.
func TestQueueKeepsTheOrder(t *testing.T) {
	srv := &wsconn.Server{Slow: wsconn.Wait}
	clients, _ := socketsOf(t, srv, 1)
	const messages = 200
	heard := make(chan error, 1)
	go func() { heard <- mustHear(clients[0], 0, messages-1) }()
	for i := range messages {
		size := 10
		if i%2 == 0 {
			size = 100_000
		}
		if err := srv.Broadcast(t.Context(), numbered(i, size)); err != nil {
			t.Fatal(err)
		}
	}
	if err := testnet.Take(t, "the messages", heard); err != nil {
		t.Error(err)
	}
}

// Messages of no size fill a queue, too.
func TestQueueOfSmallMessagesIsBounded(t *testing.T) {
	const limit, messages = 64 << 10, 10_000
	srv := &wsconn.Server{Slow: wsconn.DropMessage, QueueSize: limit}
	clients, servers := socketsOf(t, srv, 1)
	release := stall(t, servers[0])
	for i := range messages {
		if err := srv.Broadcast(t.Context(), numbered(i, 4)); err != nil {
			t.Fatal(err)
		}
	}
	release()
	testnet.Poll(t, "an empty queue", func() bool { return srv.QueueBytes()[0] == 0 })
	if err := servers[0].WriteMessage(t.Context(), wsconn.Text, nil); err != nil {
		t.Fatal(err)
	}
	heard := 0
	for {
		typ, p, err := clients[0].ReadMessage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if typ == wsconn.Text {
			break
		}
		if got := binary.BigEndian.Uint32(p); got != uint32(heard) {
			t.Fatalf("message %d, want %d", got, heard)
		}
		heard++
	}
	if heard == 0 || heard > limit/64 {
		t.Errorf("%d messages waited, in %d bytes", heard, limit)
	}
}

// Broadcasts that wait for room go on when there is some, or nobody to wait for.
func TestQueueWakesAllWhoWait(t *testing.T) {
	for _, ends := range []bool{false, true} {
		srv := &wsconn.Server{Slow: wsconn.Wait, QueueSize: 1000}
		clients, servers := socketsOf(t, srv, 1)
		release := stall(t, servers[0])
		if err := srv.Broadcast(t.Context(), numbered(0, 500)); err != nil {
			t.Fatal(err)
		}
		const waiting = 5
		asked, done := make(chan struct{}), make(chan error)
		for i := range waiting {
			go func() {
				done <- srv.BroadcastTo(t.Context(), func(yield func(*wsconn.Socket) bool) {
					yield(servers[0])
					asked <- struct{}{}
				}, numbered(1+i, 500))
			}()
		}
		for range waiting {
			testnet.Take(t, "a broadcast", asked)
		}
		if ends {
			servers[0].Terminate()
		}
		release()
		for range waiting {
			if err := testnet.Take(t, "a broadcast that waits", done); err != nil {
				t.Error(err)
			}
		}
		missing := 1<<(waiting+1) - 1
		for !ends && missing != 0 {
			_, p, err := clients[0].ReadMessage(t.Context())
			if err != nil {
				t.Fatalf("%v, without the messages %b", err, missing)
			}
			missing &^= 1 << binary.BigEndian.Uint32(p)
		}
	}
}

// A socket that has become a stream gets no broadcasts, and is none that is
// slow.
func TestQueueOfAStream(t *testing.T) {
	srv := &wsconn.Server{QueueSize: 1000, Handler: func(s *wsconn.Socket) {
		conn := wsconn.NewConn(s, nil)
		conn.Read(make([]byte, 1))
		conn.Write([]byte("only this"))
	}}
	url := serveSockets(t, srv)
	client := wsconn.NewConn(dialSocket(t, url), nil)
	testnet.Poll(t, "the stream", func() bool {
		for s := range srv.Sockets() {
			_, _, err := s.NextReader(cancelled(t))
			return errors.Is(err, wsconn.ErrTaken)
		}
		return false
	})
	for i := range 10 {
		if err := srv.Broadcast(t.Context(), numbered(i, 500)); err != nil {
			t.Fatal(err)
		}
	}
	mustWrite(t, client, "x")
	mustRead(t, client, "only this")
	mustEOF(t, client)
}

func cancelled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// A negative QueueSize is no limit.
func TestQueueWithoutLimit(t *testing.T) {
	const messages, size = 100, 64 << 10
	srv := &wsconn.Server{QueueSize: -1}
	clients, servers := socketsOf(t, srv, 1)
	release := stall(t, servers[0])
	for i := range messages {
		if err := srv.Broadcast(t.Context(), numbered(i, size)); err != nil {
			t.Fatal(err)
		}
	}
	if waits := srv.QueueBytes()[0]; waits < messages*size {
		t.Errorf("%d bytes wait, want %d", waits, messages*size)
	}
	release()
	if err := mustHear(clients[0], 0, messages-1); err != nil {
		t.Error(err)
	}
}
