package interop

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// A stream there and back, as messages of our default size, which has to suit
// the default limits of the peer.
func TestStreamEcho(t *testing.T) {
	eachPeer(t, func(t *testing.T, p peer, side side) {
		plainAndCompressed(t, p, side, func(t *testing.T, speak ends) {
			c, f := meet(t, p, side, stream, speak)
			testStreamEcho(t, p, c, f, speak.ours.compression != nil)
		})
	})
}

func testStreamEcho(t *testing.T, p peer, c *wsconn.Conn, f foreign, compressed bool) {
	size, text := int64(16<<20), []byte(nil)
	if compressed {
		size, text = 1<<20, jsonLines(1<<18+7)
	}
	ctx := testnet.Bounded(t)
	echoed := echo(t, ctx, f)
	type result struct {
		checksum
		err error
	}
	sending := make(chan result, 1)
	go func() {
		sum, err := sendAgain(c, text, size)
		sending <- result{sum, err}
	}()
	got, err := receive(io.LimitReader(c, size))
	if err != nil {
		t.Error(err)
	}
	sent := <-sending
	if sent.err != nil {
		t.Error(sent.err)
	}
	if got != sent.checksum {
		t.Errorf("%v came back, want %v", got, sent.checksum)
	}
	if stats := c.Stats(); text != nil && (stats.BytesRead > size/2 || stats.BytesWritten > size/2) {
		t.Errorf("%d bytes came and %d went for %d of text in each direction", stats.BytesRead, stats.BytesWritten, size)
	}

	c.Close()
	if ce, ok := errors.AsType[*frames.CloseError](<-echoed); !ok || ce.Code != frames.CloseNormalClosure {
		t.Errorf("%s saw %v, want code 1000", p.name, ce)
	}
	if err := c.WaitClosed(ctx); err != nil {
		t.Error(err)
	}
}

// echo makes the peer's end send every message back until Read fails, and then
// end the transport, as applications of these libraries do.
func echo(t *testing.T, ctx context.Context, f foreign) <-chan error {
	t.Helper()
	if f, ok := f.(interface{ Echo(context.Context) error }); ok {
		if err := f.Echo(ctx); err != nil {
			t.Fatal(err)
		}
	}
	ended := make(chan error, 1)
	go func() {
		defer f.Cut()
		for {
			typ, p, err := f.Read(ctx)
			if err == nil {
				err = f.Write(ctx, typ, p)
			}
			if err != nil {
				ended <- err
				return
			}
		}
	}()
	return ended
}
