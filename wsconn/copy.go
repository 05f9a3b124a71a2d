package wsconn

import "io"

// ReadFrom writes what it reads from src, until src ends: [io.Copy] uses it.
// It does not close anything.
func (c *Conn) ReadFrom(src io.Reader) (n int64, err error) {
	return relay(c, src)
}

// WriteTo writes the stream to dst, until it ends: [io.Copy] uses it.
func (c *Conn) WriteTo(dst io.Writer) (n int64, err error) {
	return relay(dst, c)
}

// relay copies through a pooled buffer.
func relay(dst io.Writer, src io.Reader) (int64, error) {
	buf := largeBuffers.Get().(*buffer)
	defer buf.release()
	return io.CopyBuffer(writerOnly{dst}, readerOnly{src}, buf.b[:batchSize])
}

// writerOnly and readerOnly keep io.CopyBuffer to its buffer: it would call
// ReadFrom or WriteTo again, here or in the net package, which has no pool.
type writerOnly struct{ io.Writer }

type readerOnly struct{ io.Reader }
