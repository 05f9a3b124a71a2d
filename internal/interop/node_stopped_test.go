//go:build unix

package interop

import (
	"io"
	"syscall"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// Our Close while ws is still sending and does not run at all: it returns
// before ws goes on, and the closing handshake is finished behind it.
func TestNodeCloseWhileSending(t *testing.T) {
	bothSides(t, func(t *testing.T, side side) {
		c, n := meetStream(t, side)
		n.must(t, do{Do: "write", Size: 1 << 40})
		if _, err := receive(io.LimitReader(c, some)); err != nil {
			t.Fatal(err)
		}
		if err := n.process.self.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := c.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
		if err := n.process.self.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		if err := c.WaitClosed(testnet.Bounded(t)); err != nil {
			t.Errorf("the closing handshake: %v", err)
		}
		if e := n.await(t, "close"); e.Code != 1000 {
			t.Errorf("ws saw close code %d, want 1000", e.Code)
		}
	})
}
