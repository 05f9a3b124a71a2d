package wsconn

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
)

// countsWrites is a transport that goes on after a deadline.
type countsWrites struct {
	net.Conn
	writes atomic.Int32
}

func (c *countsWrites) WriteSurvivesDeadline() bool { return true }

func (c *countsWrites) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// somePayload returns bytes that are the same each time.
func somePayload(size int, offset int64) []byte {
	p := make([]byte, size)
	testnet.Fill(p, 1, offset)
	return p
}

// corkedOutlet is an outlet that holds some bytes, over a pipe with so much room.
func corkedOutlet(t *testing.T, room int, held []byte) (o *outlet, below *countsWrites, peer net.Conn) {
	a, b := testnet.Pipe(room)
	t.Cleanup(func() { a.Close(); b.Close() })
	below = &countsWrites{Conn: a}
	o = newOutlet(below)
	if err := o.activate(); err != nil {
		t.Fatal(err)
	}
	o.putCork()
	for part := range slices.Chunk(held, 1000) {
		if n, err := o.Write(part); n != len(part) || err != nil {
			t.Fatalf("Write: %d, %v", n, err)
		}
	}
	return o, below, b
}

// What a cork holds leaves in one Write, and more than it has room for in as many
// as it takes.
func TestCorkJoinsWrites(t *testing.T) {
	for _, tt := range []struct{ size, writes int }{{0, 0}, {999, 1}, {49_000, 1}, {100_000, 3}} {
		held := somePayload(tt.size, 0)
		o, below, peer := corkedOutlet(t, 1<<20, held)
		if err := o.pullCork(); err != nil {
			t.Fatal(err)
		}
		if n := int(below.writes.Load()); n != tt.writes {
			t.Errorf("%d bytes: %d writes, want %d", tt.size, n, tt.writes)
		}
		got := make([]byte, tt.size)
		if _, err := io.ReadFull(peer, got); err != nil || !bytes.Equal(got, held) {
			t.Errorf("%d bytes: others arrived, %v", tt.size, err)
		}
	}
}

// What crypto/tls writes by itself while the cork is pulled comes behind what that
// held, also if a deadline cuts it.
func TestCorkKeepsTheOrder(t *testing.T) {
	for _, cut := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			held, late := somePayload(5000, 0), somePayload(100_000, 5000)
			o, _, peer := corkedOutlet(t, 100, held)
			if cut {
				o.moveDeadline(time.Now().Add(time.Second))
			}
			pulled := make(chan error)
			go func() { pulled <- o.pullCork() }()
			synctest.Wait()
			if n, err := o.Write(late); n != len(late) || err != nil {
				t.Fatalf("Write: %d, %v", n, err)
			}
			if cut {
				if err := <-pulled; err != nil || !o.pending() {
					t.Fatalf("after the deadline: %v, pending %t", err, o.pending())
				}
				go func() { pulled <- o.drain() }()
			}
			got := make([]byte, len(held)+len(late))
			if _, err := io.ReadFull(peer, got); err != nil {
				t.Fatal(err)
			}
			if err := <-pulled; err != nil {
				t.Error(err)
			}
			if !bytes.Equal(got, slices.Concat(held, late)) {
				t.Error("other bytes arrived")
			}
		})
	}
}

// A transport that fails makes pullCork fail, and Writes after it.
func TestCorkOfABrokenTransport(t *testing.T) {
	o, below, _ := corkedOutlet(t, 100, somePayload(5000, 0))
	below.Conn.Close()
	if err := o.pullCork(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("pullCork: %v", err)
	}
	o.putCork()
	if _, err := o.Write(somePayload(batchSize, 0)); err != nil {
		t.Errorf("a Write into an empty cork: %v", err)
	}
	if _, err := o.Write(somePayload(batchSize, 0)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a Write into a full one: %v", err)
	}
}
