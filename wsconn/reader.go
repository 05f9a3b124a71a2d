package wsconn

import (
	"errors"
	"os"
	"sync"

	"github.com/wsstream/wsstream/frames"
)

// reader is the receiving half of a socket: it turns the transport's bytes into
// payload and hands control frames to its owner. Its methods are called with
// the lock held.
type reader struct {
	t       *transport
	machine *frames.Machine // its receiving half
	control func(op frames.Opcode, payload []byte)
	failed  func(err error) // called once, with what ended reading
	lock    chan struct{}   // holds a token while somebody reads
	poll    poller

	bufs *sync.Pool // where the buffer comes from
	buf  *buffer    // nil while r == w
	r, w int        // the unread bytes are buf[r:w]
	err  error      // what ended reading; every later call returns it
}

// prefill puts bytes into the buffer that the handshake read too many.
func (r *reader) prefill(b []byte) {
	if len(b) == 0 {
		return
	}
	if room := r.space(); len(b) > len(room) {
		r.buf.release()
		r.buf = &buffer{b: make([]byte, len(b))}
	}
	r.w = copy(r.buf.b, b)
}

// payload reads the next bytes of the message in progress, or of the next one.
// end says that they are its last; n is 0 without an error only for an empty
// rest of a message or, if wait is false, when nothing is buffered.
func (r *reader) payload(p []byte, wait bool) (n int, end bool, err error) {
	for r.err == nil {
		switch {
		case r.machine.Remaining() > 0 && r.r < r.w:
			n, end = r.take(p)
			if n > 0 || end {
				r.recycle()
				return n, end, nil
			}
		case r.machine.Remaining() == 0 && r.header():
			if r.messageEnd() {
				r.recycle()
				return 0, true, nil
			}
		case r.err == nil:
			if !wait {
				return 0, false, nil
			}
			if err := r.fill(); err != nil {
				return 0, false, err
			}
		}
	}
	return 0, false, r.err
}

// fail ends reading for good; only the first reason counts.
func (r *reader) fail(err error) {
	if r.err != nil {
		return
	}
	r.err = err
	r.r = r.w // nobody will read that
	r.recycle()
	r.failed(err)
}

// header parses the next header, if the buffer holds all of it.
func (r *reader) header() bool {
	if r.r == r.w {
		return false
	}
	h, n, err := frames.ParseHeader(r.buf.b[r.r:r.w])
	if err == nil && n > 0 {
		r.r += n
		err = r.machine.Header(h)
	}
	switch {
	case err != nil:
		r.fail(err)
	case n > 0 && h.Length == 0:
		r.endFrame()
	}
	return n > 0
}

// take moves payload from the buffer into p; payload of control frames into the
// machine. end is as for payload.
func (r *reader) take(p []byte) (n int, end bool) {
	src := r.buf.b[r.r:r.w]
	src = src[:min(int64(len(src)), r.machine.Remaining())]
	dst := src
	if !r.machine.Frame().Opcode.IsControl() {
		src = src[:min(len(src), len(p))]
		dst, n = p[:len(src)], len(src)
	}
	r.r += len(src)
	if err := r.machine.Payload(dst, src); err != nil {
		r.fail(err)
		return 0, false
	}
	if r.machine.Remaining() > 0 {
		return n, false
	}
	r.endFrame()
	return n, r.messageEnd()
}

// endFrame hands a control frame that is complete to the owner, for whom it may
// end reading.
func (r *reader) endFrame() {
	if f := r.machine.Frame(); f.Opcode.IsControl() {
		r.control(f.Opcode, r.machine.Control())
	}
}

// messageEnd reports whether the frame just completed ends a data message.
func (r *reader) messageEnd() bool {
	f := r.machine.Frame()
	return r.err == nil && r.machine.Remaining() == 0 && f.Fin && !f.Opcode.IsControl()
}

// fill reads more bytes from the transport, waiting for them until the read
// deadline. Only a deadline leaves the reader usable.
func (r *reader) fill() error {
	if r.r > 0 && r.r < r.w && r.w == len(r.buf.b) {
		r.w = copy(r.buf.b, r.buf.b[r.r:r.w])
		r.r = 0
	}
	if r.r == r.w {
		r.recycle()
	}
	n, err := r.poll.read(r)
	r.w += n
	if n > 0 || err == nil {
		return nil
	}
	r.recycle()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	r.fail(truncation(err))
	return r.err
}

func (r *reader) space() []byte {
	if r.buf == nil {
		r.buf = r.bufs.Get().(*buffer)
	}
	return r.buf.b[r.w:]
}

// recycle gives the buffer back if nothing is left in it.
func (r *reader) recycle() {
	if r.buf != nil && r.r == r.w {
		r.buf.release()
		r.buf, r.r, r.w = nil, 0, 0
	}
}
