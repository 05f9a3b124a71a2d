package wsconn

import (
	"errors"
	"io"

	"github.com/wsstream/wsstream/frames"
)

// relay copies through pooled buffers until the end of what once reads: a large one
// while it is used, and a small one while little or nothing comes, since a relay
// that waits for its source keeps its buffer. once is one read and its write.
func relay(once func(p []byte) (read, written int, err error)) (n int64, err error) {
	for pool := smallBuffers; err == nil; {
		buf := pool.Get().(*buffer)
		read, written, onceErr := once(buf.b)
		n, err = n+int64(written), onceErr
		pool = smallBuffers
		if read >= smallSize-frames.MaxHeaderSize {
			pool = largeBuffers
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
		written, err = writeAll(dst, p[:read])
		if err != nil {
			return read, written, err
		}
	}
	return read, written, readErr
}

// writeAll writes p. The error is never io.EOF, and not nil if not all was written.
func writeAll(dst io.Writer, p []byte) (n int, err error) {
	n, err = dst.Write(p)
	switch {
	case err == io.EOF:
		return n, errWriteEOF
	case err == nil && n != len(p):
		return n, io.ErrShortWrite
	}
	return n, err
}

// errWriteEOF stands for the io.EOF of a destination, which would look like the
// end of the source.
var errWriteEOF = errors.New("the destination of a copy returned io.EOF")
