package main

import (
	"bytes"
	"io"
	"sync"
)

// buffers are for one message each, so that nobody allocates for them and an idle
// connection has none.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// borrow hands out a buffer, which is empty.
func borrow(use func(*bytes.Buffer) error) error {
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	return use(b)
}

// serveReaders reads messages from the readers that a library hands out.
func serveReaders(next func() (io.Reader, error), handle func([]byte) error) error {
	for {
		r, err := next()
		if err != nil {
			return err
		}
		err = borrow(func(b *bytes.Buffer) error {
			if _, err := b.ReadFrom(r); err != nil {
				return err
			}
			return handle(b.Bytes())
		})
		if err != nil {
			return err
		}
	}
}

// serveStream reads a stream.
func serveStream(r io.Reader, size int, handle func([]byte) error) error {
	p := make([]byte, size)
	for {
		n, err := r.Read(p)
		if err != nil {
			return err
		}
		if err := handle(p[:n]); err != nil {
			return err
		}
	}
}

// streamConn is a connection of a library whose streams are read and written as
// all are.
type streamConn struct {
	io.ReadWriteCloser
	size int // of what it reads with
}

func (c streamConn) Send(p []byte) error {
	_, err := c.Write(p)
	return err
}

func (c streamConn) Serve(handle func([]byte) error) error {
	return serveStream(c.ReadWriteCloser, c.size, handle)
}
