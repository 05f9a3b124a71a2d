package mux

import (
	"fmt"
	"math"
	"time"
)

// The books of the session: what each stream may send and has got, and what
// yamux gets to know of what comes.

// queue puts what it may of p on its way, and returns how much: 0 with a nil
// error if the stream has to wait. See outbound.wakeNext.
func (s *Session) queue(st *Stream, p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	turn := st.turn
	st.turn = false
	defer s.out.wakeNext()
	if err := st.writeCut(); err != nil {
		s.out.leave(st)
		return 0, err
	}
	n := int(min(int64(len(p)), int64(s.frameSize), st.sendWindow))
	switch {
	case n == 0:
		if len(p) > 0 {
			s.count.stalls++
		}
		return 0, nil
	case !s.out.hasRoom(), len(s.out.waiting) > 0 && !turn:
		s.out.await(st)
		return 0, nil
	}
	s.out.data(header{kind: kindData, stream: st.id, length: uint32(n)}, p[:n])
	st.sendWindow -= int64(n)
	s.count.bytesWritten += int64(n)
	return n, nil
}

// take moves at most n bytes for the application into out: none with a nil
// error if the stream has to wait.
func (s *Session) take(st *Stream, out []piece, n int) ([]piece, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := st.readCut()
	size := 0
	if err == nil {
		out, size = st.inbox.take(out, n)
	}
	if size > 0 {
		s.consumed(st, size)
	} else if err == nil {
		err = st.readEnd()
	}
	if err != nil || !st.inbox.empty() {
		notify(st.readable) // others may wait for the same
	}
	return out, err
}

// The methods below are called with the mutex held.

// consumed takes note that the application has got n bytes.
func (s *Session) consumed(st *Stream, n int) {
	s.count.bytesRead += int64(n)
	if st.gone || st.closed {
		return
	}
	full := s.budget.full()
	st.window.read(int64(n), &s.budget)
	s.grant(st)
	s.relieve(full)
	if st.window.buffered == 0 {
		s.drained(st)
	}
}

// grant lets the peer send more, if it is time to.
func (s *Session) grant(st *Stream) {
	if st.finReceived || st.reset || !st.window.due(s.probes.shortest) {
		return
	}
	size := st.window.size
	more := st.window.grant(int64(s.window), &s.budget, time.Now(), s.probes.shortest)
	if more == 0 {
		return
	}
	s.out.ahead(header{kind: kindWindow, stream: st.id, length: uint32(more)})
	if st.window.size > size && len(s.probes.waiting) == 0 {
		s.ping() // the round trip may not be what it was
	}
}

// relieve gives the windows that were withheld while the session held too much,
// once it does not any more.
func (s *Session) relieve(wasFull bool) {
	if !wasFull || s.budget.full() {
		return
	}
	for _, st := range s.streams {
		s.grant(st)
	}
}

// drained sees to what had to wait until the reader has everything.
func (s *Session) drained(st *Stream) {
	if st.resetLater || st.finSent && st.finReceived {
		s.forget(st)
	}
}

// drop sees to what has come for a stream that was just closed, and what
// becomes of the peer's end of it.
func (s *Session) drop(st *Stream) {
	switch {
	case st.gone:
	case st.reset, st.resetLater, st.finReceived, s.over() != nil:
		s.forget(st)
	default:
		// A peer that waits for room goes on, to be told that nobody reads.
		full := s.budget.full()
		st.inbox.drop()
		st.window.read(st.window.buffered, &s.budget)
		s.grant(st)
		s.relieve(full)
		if st.idle != nil {
			st.idle.Stop()
		}
		if s.closeTimeout > 0 {
			st.expireWithout(s.closeTimeout)
		}
	}
}

// reset resets a stream of which the peer may not know yet.
func (s *Session) reset(st *Stream) {
	if st.gone {
		st.reset = true
		return
	}
	// Behind what was written, which a stream that is closed here still owes.
	s.out.inOrder(header{kind: kindWindow, flags: rst, stream: st.id})
	s.cut(st)
	s.forget(st)
}

// cut ends a stream for those who use it.
func (s *Session) cut(st *Stream) {
	st.reset = true
	st.wake()
}

// forget takes a stream out of the books. Yamux, unless it forgets the stream by
// itself, is told so with what a peer could have sent.
func (s *Session) forget(st *Stream) {
	if st.gone {
		return
	}
	st.gone = true
	st.ended = st.finReceived && st.window.buffered == 0 && s.over() == nil
	delete(s.streams, st.id)
	full := s.budget.full()
	st.inbox.drop()
	st.window.release(&s.budget)
	s.relieve(full)
	if st.idle != nil {
		st.idle.Stop()
	}
	s.left(st)
	if s.over() == nil && !(st.finSent && st.finReceived) {
		s.inject = st.goodbye(s.inject)
		s.link.kick()
	}
	if len(s.streams) == 0 {
		notify(s.empty)
	}
}

// left gives back what the stream had of limits.
func (s *Session) left(st *Stream) {
	if !st.ours {
		s.theirs--
		return
	}
	if !st.acked {
		<-s.opening
	}
}

// goodbye appends the frames that make yamux forget a stream. It keeps an
// opened one in another list until that is acknowledged.
func (st *Stream) goodbye(b []byte) []byte {
	f := rst
	if st.ours && !st.acked {
		f |= ack
	}
	return header{kind: kindWindow, flags: f, stream: st.id}.append(b)
}

// taker returns the stream that takes data, or has the peer reset.
func (s *Session) taker(id uint32) *Stream {
	st := s.streams[id]
	if st != nil && !st.closed && !st.reset {
		return st
	}
	if st != nil {
		s.reset(st)
	} else if !s.out.flooded() {
		// Behind what is queued, which may be the last words of that stream.
		s.out.inOrder(header{kind: kindWindow, flags: rst, stream: id})
	}
	return nil
}

// receiveData takes data for a stream, which lies in c. It returns false if
// nobody wants it any more.
func (s *Session) receiveData(id uint32, c *chunk, b []byte) (taken bool, err error) {
	st := s.streams[id]
	if st == nil || st.closed || st.reset {
		if st != nil {
			s.reset(st) // closed in the middle of the frame
		}
		return false, nil
	}
	if st.finReceived {
		return false, &ProtocolError{fmt.Sprintf("data on stream %d after its end", id)}
	}
	var now time.Time // only the first time: the clock costs more than the rest
	if st.window.measured.IsZero() {
		now = time.Now()
	}
	if !st.window.received(int64(len(b)), &s.budget, now) {
		return false, &ProtocolError{fmt.Sprintf("more data on stream %d than its window allows", id)}
	}
	st.come += int64(len(b))
	st.inbox.add(c, b)
	notify(st.readable)
	return true, nil
}

// widen takes note that the peer takes n bytes more.
func (st *Stream) widen(n uint32) error {
	st.sendWindow += int64(n)
	if st.sendWindow > math.MaxUint32 {
		return &ProtocolError{fmt.Sprintf("a window of stream %d that is too large", st.id)}
	}
	notify(st.writable)
	return nil
}
