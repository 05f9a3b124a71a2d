package wsconn

import (
	"errors"
	"io"
)

// ReadFrom writes what it reads from src, until src ends: [io.Copy] uses it.
// It does not close anything.
func (c *Conn) ReadFrom(src io.Reader) (n int64, err error) { return relay(c, src) }

// WriteTo writes the stream to dst, until it ends: [io.Copy] uses it.
func (c *Conn) WriteTo(dst io.Writer) (n int64, err error) { return relay(dst, c) }

// relay copies through pooled buffers: a large one while it is used, and a
// small one while little or nothing comes, since a relay that waits for its
// source keeps its buffer.
func relay(dst io.Writer, src io.Reader) (n int64, err error) {
	for pool := smallBuffers; err == nil; {
		buf := pool.Get().(*buffer)
		read, written, onceErr := relayOnce(dst, src, buf.b)
		n, err = n+int64(written), onceErr
		switch {
		case read == len(buf.b):
			pool = largeBuffers
		case read <= smallSize:
			pool = smallBuffers
		}
		buf.release()
	}
	if err == io.EOF {
		err = nil
	}
	return n, err
}

// relayOnce is one Read and its Write. The error is io.EOF at the end of src,
// and never if it is dst's.
func relayOnce(dst io.Writer, src io.Reader, p []byte) (read, written int, err error) {
	read, readErr := src.Read(p)
	if read > 0 {
		written, err = dst.Write(p[:read])
		switch {
		case err == io.EOF:
			return read, written, errWriteEOF
		case err != nil:
			return read, written, err
		case written != read:
			return read, written, io.ErrShortWrite
		}
	}
	return read, written, readErr
}

// errWriteEOF stands for the io.EOF of a destination, which would look like the
// end of the source.
var errWriteEOF = errors.New("the destination of a copy returned io.EOF")
