package browser_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// A bulk is so many messages of so many bytes: more than a browser, two
// systems and the buffers between them hold.
const (
	bulkCount = 512
	bulkSize  = 64 << 10
)

// block is the nth message of a bulk: n as a 32-bit number, again and again.
func block(n int) []byte {
	return bytes.Repeat(binary.LittleEndian.AppendUint32(nil, uint32(n)), bulkSize/4)
}

// settled waits until n has begun to grow, and then has not for a while, which
// on a busy machine may be too early, but never too late.
func settled(t *testing.T, n *atomic.Int64) int64 {
	t.Helper()
	testnet.Poll(t, "the first message", func() bool { return n.Load() > 0 })
	for before := int64(-1); ; time.Sleep(500 * time.Millisecond) {
		now := n.Load()
		if now == before {
			return now
		}
		before = now
	}
}

// heap is how much memory this process uses.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// wantBounded fails the test if this end has kept much of what does not go on.
func wantBounded(t *testing.T, before int64) {
	t.Helper()
	const most = 4 << 20
	if grown := heap() - before; grown > most {
		t.Errorf("the memory has grown by %d bytes, want at most %d", grown, most)
	}
}

// A page that does not take what is sent to it makes Write wait, for as long as
// it likes, and loses nothing.
func testSlowPage(t *testing.T, b *browser) {
	for _, tt := range []struct{ name, task string }{
		{"its thread is blocked", "blocked"},
		{"its WebSocketStream is not read", "unread"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url, next := endpoint(t, b.site, wsconn.AcceptSocket, nil)
			gate := b.site.gate(t)
			seen := begin[struct {
				Count, Wrong int
				Code         frames.CloseCode
			}](t, b.page, tt.task, args{"url": url, "gate": gate.path, "size": bulkSize})
			c := next()
			before := heap()
			var written atomic.Int64
			done := make(chan error, 1)
			go func() { done <- sendBulk(t, c, &written) }()
			testnet.Take(t, "the page at the gate", gate.reached)
			if n := settled(t, &written); n == bulkCount {
				t.Errorf("all of %d MiB was written to a page that takes nothing", bulkCount*bulkSize>>20)
			}
			wantBounded(t, before)
			close(gate.open)
			if err := testnet.Take(t, "the end of writing", done); err != nil {
				t.Error(err)
			}
			c.Close()
			if got := seen(); got.Count != bulkCount || got.Wrong != 0 || got.Code != frames.CloseNormalClosure {
				t.Errorf("the page got %+v, want %d messages and code 1000", got, bulkCount)
			}
		})
	}
}

func sendBulk(t *testing.T, c *wsconn.Socket, written *atomic.Int64) error {
	for n := range bulkCount {
		if err := c.WriteMessage(t.Context(), wsconn.Binary, block(n)); err != nil {
			return fmt.Errorf("message %d: %w", n, err)
		}
		written.Add(1)
	}
	return nil
}

// A server that does not read leaves the bulk where it is: at the page, whose
// bufferedAmount says so.
func testSlowServer(t *testing.T, b *browser) {
	url, next := endpoint(t, b.site, wsconn.AcceptSocket, nil)
	gate := b.site.gate(t)
	before := heap()
	seen := begin[struct {
		Left int64
		end
	}](t, b.page, "flood", args{"url": url, "gate": gate.path, "size": bulkSize, "count": bulkCount})
	c := next()
	var left int64
	if _, err := fmt.Sscanf(testnet.Take(t, "the page at the gate", gate.reached), "left=%d", &left); err != nil {
		t.Fatal(err)
	}
	const sent, most = bulkCount * bulkSize, 16 << 20
	if taken := sent - left; taken > most {
		t.Errorf("%d bytes left the page for a server that does not read, want at most %d", taken, most)
	}
	wantBounded(t, before)
	close(gate.open)
	for n := range bulkCount {
		if _, p, err := c.ReadMessage(testnet.Bounded(t)); err != nil || !bytes.Equal(p, block(n)) {
			t.Fatalf("message %d has %d bytes, %v", n, len(p), err)
		}
	}
	if _, _, err := c.ReadMessage(testnet.Bounded(t)); err != io.EOF {
		t.Errorf("the end is %v, want %v", err, io.EOF)
	}
	c.Close()
	got := seen()
	if got.Left != 0 {
		t.Errorf("bufferedAmount is %d at the end", got.Left)
	}
	wantEnd(t, got.end, end{frames.CloseNormalClosure, "", true})
}

// The browser answers pings by itself, so that a page which says nothing is
// not taken for dead.
func testKeepAlive(t *testing.T, b *browser) {
	var pongs atomic.Int64
	url, next := endpoint(t, b.site, wsconn.AcceptSocket, &wsconn.AcceptOptions{
		KeepAlive: wsconn.KeepAlive{Interval: 50 * time.Millisecond, Timeout: testnet.Patience},
		OnPong:    func(*wsconn.Socket, []byte) { pongs.Add(1) },
	})
	seen := begin[life](t, b.page, "life", args{"url": url})
	c := next()
	testnet.Poll(t, "the browser's answer to three pings", func() bool { return pongs.Load() >= 3 })
	if rtt, err := c.Ping(testnet.Bounded(t)); err != nil || rtt <= 0 {
		t.Errorf("Ping: %v, %v", rtt, err)
	}
	if err := c.WriteMessage(testnet.Bounded(t), wsconn.Text, []byte("still here")); err != nil {
		t.Error(err)
	}
	c.Close()
	if got := strings.Join(seen().Messages, "|"); got != "still here" {
		t.Errorf("the page got %q", got)
	}
}
