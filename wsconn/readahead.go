package wsconn

import "github.com/wsstream/wsstream/frames"

// maxAhead is how many pieces of messages the read-ahead of a [Socket] holds.
// Its bytes are bounded by the buffer that they lie in.
const maxAhead = 1024

// ahead is payload that was received while nobody read. It lies decoded in the
// reader's buffer, before what has not been looked at yet. That of no buffer is
// nil.
type ahead struct {
	from, to int // in the buffer
	pieces   []piece
}

// ahead returns what has been read ahead.
func (r *reader) ahead() *ahead {
	if r.buf == nil {
		return nil
	}
	return &r.buf.ahead
}

// piece is a part of a message, or its end if it has no bytes.
type piece struct {
	op  frames.Opcode
	rsv frames.RSV
	n   int
	end bool
}

func (a *ahead) empty() bool { return a == nil || len(a.pieces) == 0 }

// size returns how many bytes it is. It may be not empty without any.
func (a *ahead) size() int {
	if a == nil {
		return 0
	}
	return a.to - a.from
}

// full reports whether it holds as many pieces as it may.
func (a *ahead) full() bool { return a != nil && len(a.pieces) >= maxAhead }

// clear forgets everything, but for the room for pieces.
func (a *ahead) clear() {
	if a != nil {
		a.from, a.to, a.pieces = 0, 0, a.pieces[:0]
	}
}

// add takes note of n more bytes of the message in progress, for a stream or not.
func (a *ahead) add(op frames.Opcode, rsv frames.RSV, n int, end, stream bool) {
	a.to += n
	if last := len(a.pieces) - 1; last >= 0 && a.pieces[last].goesOn(rsv, stream) {
		a.pieces[last].n += n
		a.pieces[last].end = end
		return
	}
	if n > 0 || end {
		a.pieces = append(a.pieces, piece{op, rsv, n, end})
	}
}

// goesOn reports whether what comes behind a piece belongs to it. A stream wants
// to know where messages end only of compressed ones.
func (p piece) goesOn(rsv frames.RSV, stream bool) bool {
	return !p.end || stream && p.rsv == 0 && rsv == 0
}

// take moves payload of one message from buf into p. end is as for
// reader.payload.
func (a *ahead) take(p, buf []byte) (n int, op frames.Opcode, rsv frames.RSV, end bool) {
	first := &a.pieces[0]
	n = copy(p, buf[a.from:a.from+first.n])
	a.from += n
	first.n -= n
	op, rsv = first.op, first.rsv
	if first.n == 0 {
		end = first.end
		if a.pieces = a.pieces[1:]; len(a.pieces) == 0 {
			*a = ahead{}
		}
	}
	return n, op, rsv, end
}

// attend makes sure that somebody reads: control frames are answered, and the
// end of the connection is seen, also while the application does something
// else. It never waits.
func (s *Socket) attend() {
	if !s.reader.lock.TryLock() {
		return // somebody does
	}
	if s.closing.local.Given() || s.reader.ended.over() != nil {
		s.reader.lock.Unlock()
		return
	}
	go s.readAhead()
}

// readAhead reads until the application wants to, its buffer is full or the
// connection has ended. It holds the reader's lock.
func (s *Socket) readAhead() {
	s.reader.purpose = forReadAhead
	for s.reader.advance() {
	}
	s.unlockReader()
}

// advance takes one step of the read-ahead: a header, a piece of payload, or
// bytes from the transport, for which it waits. After the peer's half-close
// there is no payload any more, but pings and pongs go on. It returns false if
// it cannot go on.
func (r *reader) advance() bool {
	return r.step() || r.ended.over() == nil && !r.ahead().full() && r.hasRoom() && r.fill() == nil
}

// step is advance in what is in the buffer.
func (r *reader) step() bool {
	switch {
	case r.ended.over() != nil, r.ahead().full():
		return false
	case r.s.machine.Remaining() > 0 && r.r < r.w:
		r.decode()
	case r.s.machine.Remaining() == 0 && r.header():
		if r.messageEnd() {
			r.aheadOf(0, true)
		}
	default:
		return false
	}
	return true
}

// decode takes payload out of the undecoded part of the buffer. That of data
// frames is decoded where it lies and moved to what was read ahead before.
func (r *reader) decode() {
	if r.s.machine.Frame().Opcode.IsControl() {
		r.take(nil)
		r.recycle()
		return
	}
	src := r.buf.b[r.r:r.w]
	src = src[:min(int64(len(src)), r.s.machine.Remaining())]
	a := r.ahead()
	if a.empty() {
		a.from, a.to = r.r, r.r
	}
	r.r += len(src)
	if err := r.s.machine.Payload(src, src); err != nil {
		r.fail(err)
		return
	}
	if to := r.buf.b[a.to:]; &to[0] != &src[0] {
		copy(to, src)
	}
	r.aheadOf(len(src), r.messageEnd())
}

func (r *reader) aheadOf(n int, end bool) {
	op, rsv, _ := r.s.machine.Message()
	r.ahead().add(op, rsv, n, end, r.stream)
	r.aheadBytes.Add(int32(n))
}

// forget throws away what was read ahead.
func (r *reader) forget() {
	if a := r.ahead(); a != nil {
		*a = ahead{}
	}
	r.aheadBytes.Store(0)
}

// hasRoom reports whether another read has somewhere to put what it reads.
func (r *reader) hasRoom() bool {
	if r.buf == nil {
		return true
	}
	r.compact()
	return r.w < len(r.buf.b) || r.grow()
}

// grow moves everything into a larger buffer, if it lies in a smaller one than
// the read-ahead may use.
func (r *reader) grow() bool {
	large := largeBuffers.Get().(*buffer)
	if len(large.b) <= len(r.buf.b) {
		large.release()
		return false
	}
	copy(large.b, r.buf.b[:r.w])
	large.ahead, r.buf.ahead = r.buf.ahead, ahead{}
	r.buf.release()
	r.buf = large
	return true
}

// compact moves what is in the buffer to its beginning, if it has reached the
// end.
func (r *reader) compact() {
	if r.w < len(r.buf.b) {
		return
	}
	b, a := r.buf.b, &r.buf.ahead
	n := copy(b, b[a.from:a.to])
	a.from, a.to = 0, n
	r.w = n + copy(b[n:], b[r.r:r.w])
	r.r = n
}
