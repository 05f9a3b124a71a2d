package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
)

// rawTCP is what the others are measured by. It has messages, too: their lengths
// before them, and none is compressed.
func rawTCP() library {
	return library{
		name:  "raw TCP",
		can:   func(t terms) bool { return t.Deflated == nil && !t.TLS },
		dial:  dialTCP(rawTCPConn),
		serve: bare(rawTCPConn),
	}
}

// dialTCP makes a connection of what was dialed.
func dialTCP(use func(net.Conn, terms) (conn, error)) func(context.Context, string, terms) (conn, error) {
	return func(ctx context.Context, addr string, t terms) (conn, error) {
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, err
		}
		return use(c, t)
	}
}

func rawTCPConn(c net.Conn, t terms) (conn, error) {
	if t.Stream {
		return streamConn{c, t.Buffer}, nil
	}
	return &prefixed{Conn: c}, nil
}

// prefixed are messages with their lengths before them.
type prefixed struct{ net.Conn }

func (c *prefixed) Send(p []byte) error {
	return borrow(func(b *bytes.Buffer) error {
		b.Write(binary.BigEndian.AppendUint32(b.AvailableBuffer(), uint32(len(p))))
		b.Write(p)
		_, err := c.Write(b.Bytes())
		return err
	})
}

func (c *prefixed) Serve(handle func([]byte) error) error {
	br := bufio.NewReaderSize(c.Conn, 64<<10)
	for {
		length, err := br.Peek(4)
		if err != nil {
			return err
		}
		n := int(binary.BigEndian.Uint32(length))
		if _, err := br.Discard(4); err != nil {
			return err
		}
		err = borrow(func(b *bytes.Buffer) error {
			b.Grow(n)
			p := b.AvailableBuffer()[:n]
			if _, err := io.ReadFull(br, p); err != nil {
				return err
			}
			return handle(p)
		})
		if err != nil {
			return err
		}
	}
}
