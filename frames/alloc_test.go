package frames_test

import (
	"testing"

	"github.com/wsstream/wsstream/frames"
)

// TestHotPathsDoNotAllocate covers what is done for every frame, in both
// directions and for both ways of masking.
func TestHotPathsDoNotAllocate(t *testing.T) {
	small, large := make([]byte, 100), make([]byte, 32<<10)
	dst := make([]byte, 0, frames.MaxHeaderSize)
	h := frames.Header{Fin: true, Opcode: frames.Text, Masked: true, Key: key}
	server := frames.NewMachine(frames.Rules{Role: frames.Server, MaxMessage: 1 << 20, MaxFragments: 100})
	receive := func(op frames.Opcode, fin bool, payload []byte) {
		h.Opcode, h.Fin, h.Length = op, fin, int64(len(payload))
		dst = frames.AppendHeader(dst[:0], h)
		got, n, err := frames.ParseHeader(dst)
		if n != h.Size() || err != nil {
			t.Fatal(n, err)
		}
		if err := server.Header(got); err != nil {
			t.Fatal(err)
		}
		// The zeros are masked first, so that they are text after it.
		frames.Mask(payload, payload, key, 0)
		if err := server.Payload(payload, payload); err != nil {
			t.Fatal(err)
		}
	}
	allocs := testing.AllocsPerRun(200, func() {
		receive(frames.Text, false, large)
		receive(frames.Ping, true, small)
		receive(frames.Continuation, false, nil)
		receive(frames.Continuation, true, small)
		if len(server.Control()) != 0 || !server.AtBorder() {
			t.Fatal("not the end of a message")
		}
		if _, err := server.Send(frames.Pong, 0, true); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations for four frames", allocs)
	}
}

// BenchmarkReceive is the way of one frame from the client through a server's
// Machine, without the copy from a socket.
func BenchmarkReceive(b *testing.B) {
	for _, op := range []frames.Opcode{frames.Binary, frames.Text} {
		b.Run(op.String(), func(b *testing.B) {
			payload := make([]byte, 32<<10)
			m := frames.NewMachine(frames.Rules{Role: frames.Server})
			raw := rawHeader(byte(op)|0x80, true, frames.Key{}, uint64(len(payload)))
			b.SetBytes(int64(len(payload)))
			b.ReportAllocs()
			for b.Loop() {
				h, _, err := frames.ParseHeader(raw)
				if err == nil {
					err = m.Header(h)
				}
				if err == nil {
					err = m.Payload(payload, payload)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
