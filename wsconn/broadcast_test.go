package wsconn_test

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// numbered returns a message of size bytes that says its number.
func numbered(i, size int) *wsconn.Prepared {
	p := make([]byte, size)
	binary.BigEndian.PutUint32(p, uint32(i))
	return wsconn.Prepare(wsconn.Binary, p)
}

var errMissing = errors.New("a message is missing, or twice there")

// mustHear reads the messages numbered from..to.
func mustHear(s *wsconn.Socket, from, to int) error {
	for i := from; i <= to; i++ {
		_, p, err := s.ReadMessage(context.Background())
		if err != nil {
			return err
		}
		if got := binary.BigEndian.Uint32(p); got != uint32(i) {
			return errMissing
		}
	}
	return nil
}

// socketsOf returns n clients and the server's ends of their connections.
func socketsOf(t *testing.T, srv *wsconn.Server, n int) (clients, servers []*wsconn.Socket) {
	t.Helper()
	url := serveSockets(t, srv)
	for i := range n {
		clients = append(clients, dialSocket(t, url))
		testnet.Poll(t, "the socket", func() bool { return srv.Len() == i+1 })
		for s := range srv.Sockets() {
			if !slices.Contains(servers, s) {
				servers = append(servers, s)
			}
		}
	}
	return clients, servers
}

func TestBroadcast(t *testing.T) {
	srv := new(wsconn.Server)
	clients, servers := socketsOf(t, srv, 4)
	ctx := t.Context()
	for i, m := range []struct {
		send func(*wsconn.Prepared) error
		to   []int
	}{
		{func(m *wsconn.Prepared) error { return srv.Broadcast(ctx, m) }, []int{0, 1, 2, 3}},
		{func(m *wsconn.Prepared) error { return srv.Broadcast(ctx, m, servers[1]) }, []int{0, 2, 3}},
		{func(m *wsconn.Prepared) error { return srv.Broadcast(ctx, m, servers[0], servers[3]) }, []int{1, 2}},
		{func(m *wsconn.Prepared) error { return srv.BroadcastTo(ctx, slices.Values(servers[2:]), m) }, []int{2, 3}},
		{func(m *wsconn.Prepared) error { return srv.BroadcastTo(ctx, slices.Values(clients), m) }, nil}, // not its own
		{func(m *wsconn.Prepared) error { return servers[3].WritePrepared(ctx, m) }, []int{3}},
	} {
		if err := m.send(numbered(i, 100)); err != nil {
			t.Fatal(err)
		}
		for _, to := range m.to {
			if err := mustHear(clients[to], i, i); err != nil {
				t.Errorf("message %d, client %d: %v", i, to, err)
			}
		}
	}
	m := wsconn.Prepare(wsconn.Text, []byte("from a client"))
	if m.Type() != wsconn.Text || string(m.Payload()) != "from a client" {
		t.Errorf("%v %q", m.Type(), m.Payload())
	}
	if err := clients[0].WritePrepared(ctx, m); err != nil {
		t.Error(err)
	}
}

// A message in pieces is not broken into.
func TestBroadcastWaitsForAMessageInPieces(t *testing.T) {
	srv := new(wsconn.Server)
	clients, servers := socketsOf(t, srv, 1)
	w, err := servers[0].NextWriter(t.Context(), wsconn.Text)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "one")
	w.Flush()
	if err := srv.Broadcast(t.Context(), wsconn.Prepare(wsconn.Text, []byte("three"))); err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "two")
	w.Close()
	for _, want := range []string{"onetwo", "three"} {
		if _, p, err := clients[0].ReadMessage(t.Context()); string(p) != want || err != nil {
			t.Errorf("%q, %v, want %q", p, err, want)
		}
	}
}

// A receiver that does not read is closed, misses some, or is waited for.
func TestBroadcastToASlowReceiver(t *testing.T) {
	const size, limit = 64 << 10, 256 << 10
	// overflow broadcasts until the queue is full for the first time.
	overflow := func(t *testing.T, srv *wsconn.Server) (sent int) {
		for srv.QueueBytes()[0] <= limit-2*size {
			if err := srv.Broadcast(t.Context(), numbered(sent, size)); err != nil {
				t.Fatal(err)
			}
			sent++
		}
		return sent
	}
	t.Run("DropReceiver", func(t *testing.T) {
		srv := &wsconn.Server{QueueSize: limit}
		clients, servers := socketsOf(t, srv, 1)
		sent := overflow(t, srv)
		for servers[0].State() == wsconn.Open {
			if err := srv.Broadcast(t.Context(), numbered(sent, size)); err != nil {
				t.Fatal(err)
			}
			sent++
		}
		var ce *wsconn.CloseError
		if err := mustHear(clients[0], 0, sent); !errors.As(err, &ce) || ce.Code != frames.CloseTryAgainLater {
			t.Errorf("the slow receiver: %v, want code 1013", err)
		}
	})
	t.Run("DropMessage", func(t *testing.T) {
		srv := &wsconn.Server{QueueSize: limit, Slow: wsconn.DropMessage}
		clients, _ := socketsOf(t, srv, 1)
		sent := overflow(t, srv)
		for i := range 50 {
			if err := srv.Broadcast(t.Context(), numbered(sent+i, size)); err != nil {
				t.Fatal(err)
			}
			if waits := srv.QueueBytes()[0]; waits > limit {
				t.Fatalf("%d bytes wait, the limit is %d", waits, limit)
			}
		}
		if err := mustHear(clients[0], 0, sent-1); err != nil {
			t.Fatal(err)
		}
		// The last one that there was room for may be any.
		testnet.Poll(t, "an empty queue", func() bool {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			clients[0].ReadMessage(ctx)
			return srv.QueueBytes()[0] == 0
		})
	})
	t.Run("Wait", func(t *testing.T) {
		srv := &wsconn.Server{QueueSize: limit, Slow: wsconn.Wait}
		clients, _ := socketsOf(t, srv, 2)
		ctx, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("waited long enough")
		ended := make(chan int)
		go func() {
			for i := 0; ; i++ {
				if err := srv.Broadcast(ctx, numbered(i, size)); err != nil {
					if !errors.Is(err, cause) {
						t.Errorf("Broadcast: %v", err)
					}
					ended <- i
					return
				}
			}
		}()
		fast := hear(clients[1])
		testnet.Poll(t, "a full queue", func() bool { return slices.Max(srv.QueueBytes()) > limit-size })
		cancel(cause)
		missed := uint32(testnet.Take(t, "Broadcast", ended))
		slow := hear(clients[0])
		for i := range missed {
			for name, got := range map[string]<-chan uint32{"fast": fast, "slow": slow} {
				if n := testnet.Take(t, "a message", got); n != i {
					t.Fatalf("the %s receiver has message %d, want %d", name, n, i)
				}
			}
		}
		// Of the last one the slow receiver may have had no room for it, and
		// the fast one neither.
		if err := srv.Broadcast(t.Context(), numbered(int(missed+1), size)); err != nil {
			t.Fatal(err)
		}
		for name, got := range map[string]<-chan uint32{"fast": fast, "slow": slow} {
			n := testnet.Take(t, "a message", got)
			if n == missed {
				n = testnet.Take(t, "a message", got)
			}
			if n != missed+1 {
				t.Errorf("the %s receiver has message %d, want %d", name, n, missed+1)
			}
		}
	})
}

// hear returns the numbers of the messages that a socket reads.
func hear(s *wsconn.Socket) <-chan uint32 {
	heard := make(chan uint32, 1<<10)
	go func() {
		for {
			_, p, err := s.ReadMessage(context.Background())
			if err != nil {
				return
			}
			heard <- binary.BigEndian.Uint32(p)
		}
	}()
	return heard
}

var broadcastSockets = flag.Int("broadcast.sockets", 1000, "how many sockets TestBroadcastToMany has; one in a hundred is stalled")

// One in a hundred receivers does not read at all: the others get everything,
// and what waits for those is bounded.
func TestBroadcastToMany(t *testing.T) {
	const messages, size, limit = 64, 16 << 10, 128 << 10
	never := wsconn.KeepAlive{Interval: -1} // are those who stall given up
	srv := &wsconn.Server{QueueSize: limit, Slow: wsconn.DropMessage, Options: wsconn.AcceptOptions{KeepAlive: never}}
	web := httptest.NewUnstartedServer(srv)
	web.Config.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateNew {
			c.(*net.TCPConn).SetWriteBuffer(64 << 10) // so that little is in flight to who is stalled
		}
	}
	web.Start()
	defer web.Close()
	defer srv.Close()
	url := "ws" + strings.TrimPrefix(web.URL, "http")
	var clients, stalling []*wsconn.Socket
	narrow := &wsconn.DialOptions{KeepAlive: never, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		if err == nil {
			err = c.(*net.TCPConn).SetReadBuffer(64 << 10) // as much as a segment of the loopback: with less TCP stalls
		}
		return c, err
	}}
	for i := range *broadcastSockets {
		c, err := wsconn.DialSocket(t.Context(), url, narrow)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Terminate()
		clients = append(clients, c)
		if i%100 == 0 {
			stalling = append(stalling, c)
		}
	}
	testnet.Poll(t, "the sockets", func() bool { return srv.Len() == len(clients) })
	fillUp(t, srv, stalling, size)
	before := heldMemory()

	var reading sync.WaitGroup
	stalled := len(stalling)
	var heard [messages]atomic.Int64
	for i, c := range clients {
		if i%100 == 0 {
			continue
		}
		reading.Go(func() {
			for m := range messages {
				if err := mustHear(c, m, m); err != nil {
					t.Errorf("client %d: %v", i, err)
				}
				heard[m].Add(1)
			}
		})
	}
	// As fast as the fast ones take it: half a queue ahead of the slowest of
	// them.
	const ahead = limit / size / 2
	for i := range messages {
		if err := srv.Broadcast(t.Context(), numbered(i, size)); err != nil {
			t.Fatal(err)
		}
		testnet.Poll(t, "the fast receivers", func() bool {
			return i < ahead || heard[i-ahead].Load() == int64(len(clients)-stalled)
		})
	}
	testnet.InTime(t, "the fast receivers", reading.Wait)
	after := heldMemory()
	for _, waits := range srv.QueueBytes() {
		if waits > limit {
			t.Errorf("%d bytes wait for a socket, the limit is %d", waits, limit)
		}
	}
	// What was heard a moment ago may not be taken off its queue yet.
	testnet.Poll(t, "empty queues of all but the stalled", func() bool { return waitedFor(srv) == stalled })
	if grown := after - before; grown > 16<<20 {
		t.Errorf("the heap has grown by %d bytes", grown)
	}
}

// fillUp sends to clients that do not read what they read ahead, and more, so that
// what comes later waits at the server.
func fillUp(t *testing.T, srv *wsconn.Server, clients []*wsconn.Socket, size int) {
	t.Helper()
	var servers []*wsconn.Socket
	for s := range srv.Sockets() {
		if slices.ContainsFunc(clients, func(c *wsconn.Socket) bool { return c.LocalAddr().String() == s.RemoteAddr().String() }) {
			servers = append(servers, s)
		}
	}
	testnet.Poll(t, "full read-aheads", func() bool {
		if err := srv.BroadcastTo(t.Context(), slices.Values(servers), numbered(0, size)); err != nil {
			t.Fatal(err)
		}
		return !slices.ContainsFunc(clients, func(c *wsconn.Socket) bool { return !c.Stats().Slow })
	})
}

// heldMemory returns how much of the heap is in use. What lies in a sync.Pool is
// not: it takes a second collection to be free.
func heldMemory() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// waitedFor returns for how many sockets something waits.
func waitedFor(srv *wsconn.Server) (n int) {
	for _, waits := range srv.QueueBytes() {
		if waits > 0 {
			n++
		}
	}
	return n
}

// BenchmarkBroadcast sends a message of 1 KiB to 100 receivers that keep up:
// prepared once, as Broadcast does, or framed for each.
func BenchmarkBroadcast(b *testing.B) {
	const receivers = 100
	for _, c := range []struct {
		name string
		send func(srv *wsconn.Server, p []byte)
	}{
		{"Broadcast", func(srv *wsconn.Server, p []byte) {
			srv.Broadcast(context.Background(), wsconn.Prepare(wsconn.Binary, p))
		}},
		{"WriteMessage", func(srv *wsconn.Server, p []byte) {
			for s := range srv.Sockets() {
				s.WriteMessage(context.Background(), wsconn.Binary, p)
			}
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			srv := &wsconn.Server{Slow: wsconn.Wait}
			web := httptest.NewServer(srv)
			defer web.Close()
			defer srv.Close()
			for range receivers {
				s, err := wsconn.DialSocket(b.Context(), web.URL, nil)
				if err != nil {
					b.Fatal(err)
				}
				defer s.Terminate()
				go hearNothing(s)
			}
			testnet.Poll(b, "the sockets", func() bool { return srv.Len() == receivers })
			p := make([]byte, 1<<10)
			b.SetBytes(receivers << 10)
			b.ReportAllocs()
			for b.Loop() {
				c.send(srv, p)
			}
		})
	}
}

func hearNothing(s *wsconn.Socket) {
	for {
		if _, _, err := s.ReadMessage(context.Background()); err != nil {
			return
		}
	}
}
