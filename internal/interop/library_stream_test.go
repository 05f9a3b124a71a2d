package interop

import (
	"errors"
	"io"
	"testing"

	"github.com/wsstream/wsstream/frames"
)

// A stream there and back, as messages of our default size, which has to suit
// the default limits of the library.
func TestLibraryEcho(t *testing.T) {
	const size = bulk
	eachLibrary(t, func(t *testing.T, lib library, side side) {
		c, f := meetLibrary(t, lib, side, stream, subprotocols{})
		ctx := bounded(t)
		echoed := make(chan error, 1)
		go func() { echoed <- echo(ctx, f) }()

		type result struct {
			checksum
			err error
		}
		sending := make(chan result, 1)
		go func() {
			sum, err := send(c, size)
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

		c.Close()
		if ce, ok := errors.AsType[*frames.CloseError](<-echoed); !ok || ce.Code != frames.CloseNormalClosure {
			t.Errorf("%s saw %v, want code 1000", lib.name, ce)
		}
		if err := c.WaitClosed(ctx); err != nil {
			t.Error(err)
		}
	})
}

// A cut between two messages, and one inside of a message: whatever arrived
// before, it does not look like the end.
func TestLibraryCut(t *testing.T) {
	eachLibrary(t, func(t *testing.T, lib library, side side) {
		t.Run("between messages", func(t *testing.T) {
			c, f := meetLibrary(t, lib, side, stream, subprotocols{})
			if err := f.Write(bounded(t), frames.Binary, pattern(1<<10)); err != nil {
				t.Fatal(err)
			}
			f.Cut()
			_, err := receive(c)
			wantTruncated(t, err)
		})
		t.Run("inside a message", func(t *testing.T) {
			c, f := meetLibrary(t, lib, side, stream, subprotocols{})
			if err := f.WriteHalf(bounded(t), pattern(64<<10)); err != nil {
				t.Fatal(err)
			}
			f.Cut()
			_, err := receive(c)
			wantTruncated(t, err)
			_, again := c.Read(make([]byte, 1))
			wantTruncated(t, again)
		})
	})
}
