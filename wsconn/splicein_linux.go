package wsconn

import (
	"errors"
	"io"
	"os"
	"syscall"

	"github.com/wsstream/wsstream/frames"
)

// spliceIn passes the payload of large frames on to a TCP connection.
type spliceIn struct {
	c      *Conn
	dst    io.Writer
	to     rawTCP
	off    bool // it is refused here
	inside bool // the last bytes were of a frame that is spliced

	try   func(fd uintptr) bool
	most  int   // bytes for it to move
	n     int   // how many it has moved
	err   error // what has come instead
	plain bool  // it has to be done the plain way
	pipe  *pipe // with those bytes; nil without
}

// spliceTo returns the bypass of WriteTo, for a stream of bytes that nobody
// compresses.
func (c *Conn) spliceTo(dst io.Writer) bypass {
	if c.s.machine.Role() != frames.Client || !c.s.t.splices() {
		return noBypass
	}
	x := &spliceIn{c: c, dst: dst}
	x.try = x.tryFill
	return x.pass
}

// splices reports whether the bytes of frames are those of a TCP connection.
func (t *transport) splices() bool { return t.exact() && t.out.vectored() }

// spliceWorth is what has to come at once for it to be worth a look whether a large
// frame does.
const spliceWorth = 1 << 10

// pass is a bypass.
func (x *spliceIn) pass(last int) (n int, err error) {
	if x.off || last < spliceWorth || !x.to.is(plainTCP(x.dst)) {
		return 0, nil
	}
	err = x.receive()
	p := x.pipe
	if p == nil {
		return 0, err
	}
	x.pipe = nil
	n, err = p.writeTo(x.to.raw)
	pipes.put(p)
	return n, x.to.opError("write", err)
}

// receive reads into a pipe what comes next, if it belongs there. Only then there
// is one.
func (x *spliceIn) receive() error {
	s := x.c.s
	if err := s.lockReader(s.waitReader); err != nil {
		return s.opError("read", err)
	}
	defer s.unlockReader()
	err := x.receiveLocked(&s.reader)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return s.opError("read", s.readError(err))
	}
	return nil // what has ended reading Read says
}

func (x *spliceIn) receiveLocked(r *reader) error {
	if x.inside && r.atFrame() {
		if err := r.readHeader(); err != nil {
			return err
		}
	}
	if x.inside = r.splices(); !x.inside {
		return nil
	}
	return x.fill(r)
}

// atFrame reports whether the next byte from the transport begins a frame.
func (r *reader) atFrame() bool {
	return r.ended.err() == nil && r.ahead().empty() && r.r == r.w && r.s.machine.Remaining() == 0
}

// splices reports whether the next byte from the transport is the application's,
// in a large frame and as it is.
func (r *reader) splices() bool {
	f := r.s.machine.Frame()
	op, _, _ := r.s.machine.Message()
	return r.ended.err() == nil && r.ahead().empty() && r.r == r.w &&
		r.s.machine.Remaining() > 0 && f.Length >= spliceLeast && !f.Masked && op == frames.Binary
}

// headerBuffers hold what a frame without a mask has before its payload, and
// nothing of that.
var headerBuffers = newBufferPool(frames.MaxHeaderSize - 4)

// readHeader reads the next header, and of a large frame nothing more.
func (r *reader) readHeader() (err error) {
	bufs := r.bufs
	r.bufs = headerBuffers
	defer func() { r.bufs = bufs }()
	for err == nil && r.ended.err() == nil && !r.header() {
		r.hasRoom() // a header that is longer is none that a server sends
		err = r.fill()
	}
	r.recycle()
	return err
}

// fill is reader.fill into a pipe.
func (x *spliceIn) fill(r *reader) error {
	if err := r.in.enter(r.purpose); err != nil {
		return err
	}
	r.turns.Add(1)
	x.most = int(min(r.s.machine.Remaining(), spliceMost))
	x.n, x.err, x.plain = 0, nil, false
	err := r.s.t.out.raw.Read(x.try)
	r.in.leave()
	switch {
	case err != nil:
	case x.err != nil:
		err = os.NewSyscallError("splice", x.err)
	case x.plain:
		return nil
	case x.n == 0:
		err = io.EOF
	}
	if err != nil {
		return r.unread(err)
	}
	r.s.count.bytesRead.Add(int64(x.n))
	if x.n < x.most {
		r.dry.Store(true)
	}
	return r.s.machine.Passed(int64(x.n))
}

// tryFill is for RawConn.Read. While nothing comes there is no pipe.
func (x *spliceIn) tryFill(fd uintptr) bool {
	p, err := pipes.get()
	if x.off, x.plain = err != nil, p == nil; x.plain {
		return true
	}
	if x.n, x.err = p.fill(fd, x.most); x.n > 0 {
		x.pipe = p
		return true
	}
	pipes.put(p)
	if refused(x.err) {
		x.off, x.plain, x.err = true, true, nil
	}
	return x.err != syscall.EAGAIN
}
