package main

import (
	"bytes"
	"net"

	"github.com/wsstream/wsstream/deflate"
)

// engine is this library's compression alone, with nothing of WebSocket around it
// but the lengths of messages.
func engine() library {
	return library{
		name:   "package deflate alone",
		ours:   true,
		can:    func(t terms) bool { return t.Deflated != nil && !t.TLS },
		dial:   dialTCP(engineConn),
		serve:  bare(engineConn),
		levels: wsstream().levels,
	}
}

func engineConn(c net.Conn, t terms) (conn, error) {
	o := deflateOptions(t.Deflated)
	return &deflating{
		prefixed:     prefixed{c},
		compressor:   deflate.NewCompressor(o, !t.Deflated.Takeover, t.Deflated.Bits),
		decompressor: deflate.NewDecompressor(o, !t.Deflated.Takeover, t.Deflated.Bits, 0),
	}, nil
}

// What the first byte of a message says of the rest.
const (
	isPlain byte = iota
	isSmaller
)

type deflating struct {
	prefixed
	compressor   *deflate.Compressor
	decompressor *deflate.Decompressor
}

func (c *deflating) Send(p []byte) error {
	return borrow(func(b *bytes.Buffer) error {
		b.Grow(1 + len(p))
		small, ok := c.compressor.Append(append(b.AvailableBuffer(), isSmaller), p)
		if !ok {
			small = append(append(small[:0], isPlain), p...)
		}
		return c.prefixed.Send(small)
	})
}

func (c *deflating) Serve(handle func([]byte) error) error {
	return c.prefixed.Serve(func(small []byte) error {
		if small[0] == isPlain {
			return handle(small[1:])
		}
		return borrow(func(b *bytes.Buffer) error {
			c.decompressor.Open(small[1:])
			p, err := c.decompressor.AppendAll(b.AvailableBuffer())
			if err != nil {
				return err
			}
			*b = *bytes.NewBuffer(p) // has grown, and is kept
			return handle(p)
		})
	})
}

func (c *deflating) Close() error {
	c.compressor.Release()
	return c.prefixed.Close()
}
