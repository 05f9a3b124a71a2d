package wsconn

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/wait"
)

// reader is the receiving half of a socket: it turns the transport's bytes into
// payload and hands control frames to its owner. Its methods are called with
// the lock held.
type reader struct {
	s    *Socket
	in   inlet
	lock wait.Lock // of whoever reads
	poll poller

	turns   atomic.Uint32 // how often the application has read the transport
	dry     atomic.Bool   // all that had arrived has been read
	purpose purpose       // of whoever holds the lock
	op      frames.Opcode // of the message that the last payload belongs to
	rsv     frames.RSV    // of that message, too
	stream  bool          // it is for a Conn, which does not ask where messages end

	aheadBytes atomic.Int32 // of what was read ahead
	bufs       *sync.Pool   // where the buffer comes from
	buf        *buffer      // nil while nothing is in it
	r, w       int          // the bytes not yet looked at are buf[r:w]
	direct     *direct      // nil before the first
	inflation  *inflation   // nil where compression was not agreed
	ended      *ended       // nil while reading goes on
}

// prefill puts bytes into the buffer that the handshake read too many.
func (r *reader) prefill(b []byte) {
	r.put(b)
	r.s.count.bytesRead.Add(int64(len(b)))
}

// put fills a new buffer.
func (r *reader) put(b []byte) {
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
// rest of a message or, if block is false, when nothing is buffered.
func (r *reader) payload(p []byte, block bool) (n int, end bool, err error) {
	if r.ahead().empty() {
		return r.receive(p, block)
	}
	return r.takeAhead(p)
}

// takeAhead is payload of what was read ahead.
func (r *reader) takeAhead(p []byte) (n int, end bool, err error) {
	n, r.op, r.rsv, end = r.ahead().take(p, r.buf.b)
	r.aheadBytes.Add(-int32(n))
	if r.rsv == 0 {
		r.settle()
	} else {
		r.recycle() // it is taken once it is inflated
	}
	return n, end, nil
}

// receive is payload past what was read ahead.
func (r *reader) receive(p []byte, block bool) (n int, end bool, err error) {
	for r.ended.err() == nil {
		switch {
		case r.s.machine.Remaining() > 0 && r.r < r.w:
			n, end = r.take(p)
			r.recycle()
			if n > 0 || end {
				r.op, r.rsv, _ = r.s.machine.Message()
				return n, end, nil
			}
		case r.s.machine.Remaining() == 0 && r.header():
			r.recycle()
			if r.messageEnd() {
				r.op, r.rsv, _ = r.s.machine.Message()
				return 0, true, nil
			}
		case r.ended.err() == nil:
			if !block {
				return 0, false, nil
			}
			if r.directly(p) {
				if n, end, err = r.receiveDirect(p); n > 0 || err != nil {
					return n, end, err
				}
				continue
			}
			if err := r.fill(); err != nil {
				return 0, false, err
			}
		}
	}
	return 0, false, r.ended.err()
}

// settle sees to what is due when the last payload has been taken.
func (r *reader) settle() {
	if !r.ahead().empty() || r.inflation.busy() {
		return
	}
	r.recycle()
	if r.ended.err() == io.EOF && !r.s.closing.peerEnded.Load() {
		r.s.peerEnded()
	}
}

// header parses the next header, if the buffer holds all of it.
func (r *reader) header() bool {
	if r.r == r.w {
		return false
	}
	h, n, err := frames.ParseHeader(r.buf.b[r.r:r.w])
	if err == nil && n > 0 {
		r.r += n
		r.s.count.framesRead.Add(1)
		err = r.s.machine.Header(h)
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
	src = src[:min(int64(len(src)), r.s.machine.Remaining())]
	dst := src
	if !r.s.machine.Frame().Opcode.IsControl() {
		src = src[:min(len(src), len(p))]
		dst, n = p[:len(src)], len(src)
	}
	r.r += len(src)
	if err := r.s.machine.Payload(dst, src); err != nil {
		r.fail(err)
		return 0, false
	}
	if r.s.machine.Remaining() > 0 {
		return n, false
	}
	r.endFrame()
	return n, r.messageEnd()
}

// endFrame hands a control frame that is complete to the owner, for whom it may
// end reading.
func (r *reader) endFrame() {
	if f := r.s.machine.Frame(); f.Opcode.IsControl() {
		r.s.count.controlRead.Add(int64(f.Size()) + f.Length)
		r.s.control(f.Opcode, r.s.machine.Control())
	}
}

// messageEnd reports whether the frame just completed ends a data message.
func (r *reader) messageEnd() bool {
	f := r.s.machine.Frame()
	return r.ended.over() == nil && r.s.machine.Remaining() == 0 && f.Fin && !f.Opcode.IsControl()
}

// fill reads more bytes from the transport, waiting for them until the deadline
// of whoever reads. Only a deadline leaves the reader usable.
func (r *reader) fill() error {
	r.recycle()
	if r.buf != nil {
		r.compact()
	}
	if err := r.in.enter(r.purpose); err != nil {
		return err
	}
	if r.purpose == forApplication {
		r.turns.Add(1)
	}
	var n int
	var err error
	if r.fetches() {
		n, err = r.readFetch()
	} else {
		n, err = r.poll.read(r)
	}
	r.in.leave()
	if n > 0 {
		r.s.count.bytesRead.Add(int64(n))
		if r.w += r.direct.take(n); r.w < len(r.buf.b) {
			r.dry.Store(true)
		}
		return nil
	}
	return r.unread(err)
}

// unread returns why nothing was read.
func (r *reader) unread(err error) error {
	r.recycle()
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		r.dry.Store(true)
		return err
	}
	return r.lose(truncation(err))
}

// readHolding reads from a transport that wants a buffer to wait with: a large one
// only after more has come than the small one holds.
func (r *reader) readHolding() (int, error) {
	n, err := r.s.t.Read(r.space())
	r.bufs = idleBuffers
	if n >= idleSize {
		r.bufs = recordBuffers
	}
	return n, err
}

func (r *reader) space() []byte {
	switch {
	case r.buf != nil:
	case r.direct.wanted():
		r.buf = smallBuffers.Get().(*buffer)
	default:
		r.buf = r.bufs.Get().(*buffer)
	}
	return r.buf.b[r.w:]
}

// buffered returns how many bytes are here already.
func (r *reader) buffered() int { return r.ahead().size() + r.w - r.r }

// recycle gives the buffer back if nothing is left in it.
func (r *reader) recycle() {
	if r.buf != nil && r.r == r.w && r.buf.ahead.empty() {
		r.buf.release()
		r.buf, r.r, r.w = nil, 0, 0
	}
}
