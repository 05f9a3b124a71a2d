package wsconn

import (
	"io"
	"os"
)

// WriteTo writes the stream to dst, until it ends: [io.Copy] uses it.
//
// On Linux a client spares the process large messages from one TCP connection to
// another one: they are spliced. Then dst is a [*net.TCPConn], or has a method
// PlainTCP() *net.TCPConn, which says that to write to that is now the same. Nil
// says that it is not.
func (c *Conn) WriteTo(dst io.Writer) (n int64, err error) {
	if c.text != nil || c.s.reader.inflation != nil {
		return relay(func(p []byte) (read, written int, err error) { return relayOnce(dst, c, p) })
	}
	splice, last := c.spliceTo(dst), 0
	for err == nil {
		var written int
		if written, err = splice(last); written == 0 && err == nil {
			last, written, err = c.lendOnce(dst)
		}
		n += int64(written)
	}
	if err == io.EOF {
		err = nil
	}
	return n, err
}

// lendOnce is relayOnce from a stream without a buffer.
func (c *Conn) lendOnce(dst io.Writer) (read, written int, err error) {
	part, err := c.borrow()
	if err != nil {
		return 0, 0, err
	}
	defer part.release()
	written, err = writeAll(dst, part.p)
	return len(part.p), written, err
}

// loan is what came next on a stream, where it lies.
type loan struct {
	p   []byte
	buf *buffer // that p is in; nil if it is in none
}

func (l loan) release() {
	if l.buf != nil {
		l.buf.release()
	}
}

// borrow is Read without a copy. What it returns is to be released.
func (c *Conn) borrow() (loan, error) {
	s := c.s
	if err := s.lockReader(s.waitReader); err != nil {
		return loan{}, s.opError("read", err)
	}
	defer s.unlockReader()
	if p := s.takeBegun(); len(p) > 0 {
		return loan{p: p}, nil
	}
	if s.reader.in.deadline.Passed() {
		return loan{}, s.opError("read", os.ErrDeadlineExceeded)
	}
	l, err := s.reader.lend()
	if err != nil {
		err = c.readEnd(err)
	}
	return l, err
}

// lend gives away what has been received, as soon as there is some, with the buffer
// that it lies in. It is decoded there, as the read-ahead does that.
func (r *reader) lend() (loan, error) {
	for r.ahead().size() == 0 {
		switch {
		case r.ended.err() != nil:
			r.ahead().clear() // of the ends of messages
			r.settle()
			return loan{}, r.ended.err()
		case r.step():
		case !r.ahead().empty():
			r.ahead().clear()
		case r.ended.err() == nil: // also after the step
			if err := r.fill(); err != nil {
				return loan{}, err
			}
		}
	}
	for r.ended.err() == nil && r.step() {
	}
	a := r.ahead()
	l := loan{r.buf.b[a.from:a.to], r.buf}
	a.clear()
	rest := r.buf.b[r.r:r.w]
	r.buf, r.r, r.w = nil, 0, 0
	r.put(rest)
	r.aheadBytes.Add(-int32(len(l.p)))
	r.settle()
	return l, nil
}
