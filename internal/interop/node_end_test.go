package interop

import (
	"errors"
	"io"
	"testing"

	"github.com/wsstream/wsstream/wsconn"
)

const some = 1 << 20

// What we wrote before ws ended the stream is not lost either.
func TestNodeEnd(t *testing.T) {
	bothSides(t, func(t *testing.T, side side) {
		c, n := meetStream(t, side)
		sent, err := send(c, some)
		if err != nil {
			t.Fatal(err)
		}
		n.must(t, do{Do: "write", Size: some})
		n.must(t, do{Do: "end"})
		got, err := receive(c)
		if err != nil {
			t.Error(err)
		}
		if want := n.await(t, "wrote").checksum(); got != want {
			t.Errorf("received %v, want %v", got, want)
		}
		for range 2 {
			if k, err := c.Read(make([]byte, 1)); k != 0 || err != io.EOF {
				t.Errorf("Read after the end: %d, %v, want 0, io.EOF", k, err)
			}
		}
		if _, err := c.Write([]byte("x")); !errors.As(err, new(*wsconn.CloseError)) {
			t.Errorf("Write after the end: %v, want a *wsconn.CloseError", err)
		}
		c.Close()
		if got := n.await(t, "end").checksum(); got != sent {
			t.Errorf("ws received %v, want %v", got, sent)
		}
	})
}

// A ws stream that is destroyed cuts the transport: ws itself calls that a
// clean end, we do not.
func TestNodeDestroy(t *testing.T) {
	bothSides(t, func(t *testing.T, side side) {
		c, n := meetStream(t, side)
		n.must(t, do{Do: "write", Size: some})
		n.must(t, do{Do: "destroy"})
		_, err := receive(c)
		wantTruncated(t, err)
		_, again := c.Read(make([]byte, 1))
		wantTruncated(t, again)
	})
}

// ws does not know half-close, so CloseWrite leaves the connection as it is.
func TestNodeCloseWrite(t *testing.T) {
	bothSides(t, func(t *testing.T, side side) {
		c, n := meetStream(t, side)
		err := c.CloseWrite()
		if !errors.Is(err, wsconn.ErrNoHalfClose) || !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("CloseWrite: %v, want ErrNoHalfClose", err)
		}
		sent, err := send(c, some)
		if err != nil {
			t.Error(err)
		}
		n.must(t, do{Do: "write", Size: some})
		if _, err := receive(io.LimitReader(c, some)); err != nil {
			t.Error(err)
		}
		c.CloseWith(4000, "now it ends")
		if got := n.await(t, "end").checksum(); got != sent {
			t.Errorf("ws received %v, want %v", got, sent)
		}
		if e := n.await(t, "close"); e.Code != 4000 {
			t.Errorf("ws saw close code %d: CloseWrite sent a Close frame", e.Code)
		}
	})
}
