package mux_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// wireFrame is a frame as it is on the wire, of which tests know by themselves:
// the body of one of data has been passed over.
type wireFrame struct {
	kind           byte
	flags          uint16
	stream, length uint32
}

// The kinds and flags of yamux.
const (
	wireData, wireWindow, wirePing, wireGoAway = 0, 1, 2, 3
	wireSYN, wireACK, wireFIN, wireRST         = 1, 2, 4, 8
)

func (f wireFrame) String() string {
	return fmt.Sprintf("kind %d flags %04b stream %d length %d", f.kind, f.flags, f.stream, f.length)
}

// bytes is the frame without a body.
func (f wireFrame) bytes() []byte {
	b := []byte{0, f.kind}
	b = binary.BigEndian.AppendUint16(b, f.flags)
	b = binary.BigEndian.AppendUint32(b, f.stream)
	return binary.BigEndian.AppendUint32(b, f.length)
}

// readWire puts out the frames that come from r, until it ends.
func readWire(r io.Reader) <-chan wireFrame {
	frames := make(chan wireFrame, 1<<10)
	go func() {
		defer close(frames)
		var head [12]byte
		for {
			if _, err := io.ReadFull(r, head[:]); err != nil {
				return
			}
			f := wireFrame{
				kind:   head[1],
				flags:  binary.BigEndian.Uint16(head[2:]),
				stream: binary.BigEndian.Uint32(head[4:]),
				length: binary.BigEndian.Uint32(head[8:]),
			}
			if f.kind == wireData {
				if _, err := io.CopyN(io.Discard, r, int64(f.length)); err != nil {
					return
				}
			}
			frames <- f
		}
	}()
	return frames
}

// nextOf is the next frame of a kind for a stream, past all others.
func nextOf(tb testing.TB, frames <-chan wireFrame, kind byte, stream uint32) wireFrame {
	tb.Helper()
	for {
		f := testnet.Take(tb, fmt.Sprintf("a frame of kind %d for stream %d", kind, stream), frames)
		if f == (wireFrame{}) {
			tb.Fatalf("no frame of kind %d for stream %d has come before the end", kind, stream)
		}
		if f.kind == kind && f.stream == stream {
			return f
		}
	}
}
