package wsconn

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/wsstream/wsstream/frames"
)

// spliceOut makes messages of what has come from a TCP connection.
type spliceOut struct {
	c    *Conn
	src  io.Reader
	from rawTCP
	off  bool  // it does not pay here, or is refused
	pipe *pipe // with what has been pulled; nil without
	try  func(fd uintptr) bool
}

// spliceFrom returns the bypass of ReadFrom, for a stream of bytes that nobody
// compresses.
func (c *Conn) spliceFrom(src io.Reader) bypass {
	if c.spliceSize == 0 || !c.s.t.splices() {
		return noBypass
	}
	x := &spliceOut{c: c, src: src}
	x.try = x.pull
	return x.pass
}

// pass is a bypass. It looks only after a Read that may have left something.
func (x *spliceOut) pass(last int) (n int, err error) {
	if x.off || last < batchSize || !x.from.is(plainTCP(x.src)) {
		return 0, nil
	}
	// Read says what is wrong.
	if x.from.raw.Read(x.try) != nil || x.pipe == nil {
		return 0, nil
	}
	p := x.pipe
	x.pipe = nil
	size := p.n
	// The pieces in which it came fill a pipe too early.
	x.off = size < spliceLeast
	err = x.c.s.writer.writePipe(p)
	pipes.put(p)
	if err != nil {
		return 0, x.c.s.opError("write", err)
	}
	return size, nil
}

// pull moves what has come into a pipe, if it is much. It is for RawConn.Read, but
// never waits. It takes no more than has come: a call that finds nothing would be
// told of a reset, which the system tells only once.
func (x *spliceOut) pull(fd uintptr) bool {
	came, err := unix.IoctlGetUint32(int(fd), unix.SIOCINQ)
	ready := int(min(came, uint32(x.c.spliceSize)))
	if err != nil || ready < spliceLeast {
		return true
	}
	p, err := pipes.get()
	if p == nil {
		x.off = err != nil
		return true
	}
	for n := 1; n > 0 && err == nil && p.n < ready; {
		n, err = p.fill(fd, ready-p.n)
	}
	if p.n > 0 {
		x.pipe = p
		return true
	}
	pipes.put(p)
	x.off = refused(err)
	return true
}

// writePipe sends what is in a pipe as a message. One that a deadline cut is on its
// way.
func (w *writer) writePipe(p *pipe) error {
	if err := w.acquire(); err != nil {
		return err
	}
	defer w.release()
	w.used.Store(true)
	h, err := w.s.machine.Send(frames.Binary, 0, true)
	if err != nil {
		return w.broken(sendError(err))
	}
	h.Length = int64(p.n)
	p.head = frames.AppendHeader(p.header[:0], h)
	size := len(p.head) + p.n
	if err := w.s.t.out.writePipe(p); err != nil {
		return w.broken(err)
	}
	w.s.count.bytesWritten.Add(int64(size))
	w.s.count.framesWritten.Add(1)
	return nil
}

// writePipe is Write of what a pipe holds. Nothing is kept before it: that is
// what a border is for.
func (o *outlet) writePipe(p *pipe) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return o.err
	}
	if err := o.apply(o.deadline.Get()); err != nil {
		return err
	}
	if p.n >= widened {
		o.widen()
	}
	o.waiting = true
	o.mu.Unlock()
	_, err := p.writeTo(o.raw)
	o.mu.Lock()
	o.waiting = false
	if errors.Is(err, os.ErrDeadlineExceeded) {
		var rest []byte
		if rest, err = p.bytes(); err == nil {
			o.keep(rest)
		}
	}
	o.err = err
	return err
}
