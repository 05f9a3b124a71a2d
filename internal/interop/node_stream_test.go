package interop

import (
	"io"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

const bulk = 96 << 20

// What we write, and then our Close.
func TestNodeStreamReceives(t *testing.T) {
	bothSides(t, func(t *testing.T, side side) {
		c, n := meetStream(t, side)
		sent, err := send(c, bulk)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		if got := n.await(t, "end").checksum(); got != sent {
			t.Errorf("ws received %v, want %v", got, sent)
		}
		if err := c.WaitClosed(testnet.Bounded(t)); err != nil {
			t.Error(err)
		}
	})
}

// What ws writes, and then its end().
func TestNodeStreamSends(t *testing.T) {
	bothSides(t, func(t *testing.T, side side) {
		c, n := meetStream(t, side)
		n.must(t, do{Do: "write", Size: bulk})
		n.must(t, do{Do: "end"})
		got, err := receive(c)
		if err != nil {
			t.Error(err)
		}
		if want := n.await(t, "wrote").checksum(); got != want {
			t.Errorf("received %v, want %v", got, want)
		}
	})
}

// Both directions at the same time.
func TestNodeStreamDuplex(t *testing.T) {
	bothSides(t, func(t *testing.T, side side) {
		c, n := meetStream(t, side)
		testDuplex(t, c, n, nil, bulk)
	})
}

// testDuplex sends size bytes of text again and again, and has ws send as many of
// its own lines; without text, both send what does not shrink.
func testDuplex(t *testing.T, c *wsconn.Conn, n *remote, text []byte, size int64) {
	n.must(t, do{Do: "write", Size: size, Lines: text != nil})
	sent := make(chan checksum)
	go func() {
		sum, err := sendAgain(c, text, size)
		if err != nil {
			t.Error(err)
		}
		sent <- sum
	}()
	got, err := receive(io.LimitReader(c, size))
	if err != nil {
		t.Error(err)
	}
	want := <-sent
	c.Close()
	if wrote := n.await(t, "wrote").checksum(); got != wrote {
		t.Errorf("received %v, want %v", got, wrote)
	}
	if got := n.await(t, "end").checksum(); got != want {
		t.Errorf("ws received %v, want %v", got, want)
	}
}
