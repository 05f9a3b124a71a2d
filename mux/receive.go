package mux

import (
	"fmt"
)

// The methods below are called with the mutex held.

// receiveControl takes a frame that carries no data, and returns what yamux is
// to know of it.
func (s *Session) receiveControl(h header) (forYamux []byte, err error) {
	switch h.kind {
	case kindPing:
		s.receivePing(h)
		return nil, nil
	case kindGoAway:
		return s.receiveGoAway(h)
	}
	pass := header{kind: kindWindow, stream: h.stream}
	if h.flags&syn != 0 {
		opened, err := s.receiveOpen(h.stream)
		if !opened {
			return nil, err
		}
		pass.flags |= syn
	}
	st := s.streams[h.stream]
	if st == nil {
		return nil, nil // it is gone, and the peer will find out
	}
	if h.flags&rst == 0 { // in a reset libp2p has a code there
		err = st.widen(h.length)
	}
	if err == nil {
		f, e := st.receiveFlags(h.flags)
		pass.flags, err = pass.flags|f, e
	}
	if pass.flags == 0 {
		return nil, err
	}
	return pass.append(nil), err
}

// receiveOpen takes a new stream, unless there are too many.
func (s *Session) receiveOpen(id uint32) (opened bool, err error) {
	if id == 0 || id%2 == s.parity || s.streams[id] != nil || s.born[id] != nil {
		return false, &ProtocolError{fmt.Sprintf("a new stream with the number %d, which is taken", id)}
	}
	if s.draining || s.closed || s.maxStreams > 0 && s.theirs >= s.maxStreams || s.pending >= s.backlog || s.out.flooded() {
		s.count.refused++
		if !s.out.flooded() {
			s.out.ahead(header{kind: kindWindow, flags: rst, stream: id})
		}
		return false, nil
	}
	s.theirs++
	s.pending++
	st := newStream(s, id, false)
	s.streams[id], s.born[id] = st, st
	return true, nil
}

// receiveFlags takes what the peer says of a stream, and returns what yamux is
// to know of it now.
func (st *Stream) receiveFlags(f flags) (pass flags, err error) {
	s := st.s
	if f&ack != 0 && st.ours && !st.acked {
		st.acked = true
		<-s.opening
		pass |= ack
	}
	if f&fin != 0 {
		if st.finReceived {
			return 0, &ProtocolError{fmt.Sprintf("two ends of stream %d", st.id)}
		}
		st.finReceived = true
		notify(st.readable)
		pass |= fin
		if (st.closed || st.finSent) && (st.closed || st.window.buffered == 0) {
			s.forget(st)
		}
	}
	if f&rst == 0 || st.reset || st.gone {
		return pass, nil
	}
	st.refused = st.ours && !st.acked // who takes a stream says so first
	if st.finReceived && st.window.buffered > 0 && !st.closed {
		// Its reader is to have all of it, and the end, before yamux throws
		// away what has not been read.
		st.resetLater = true
		notify(st.writable)
		return pass, nil
	}
	if !st.finReceived {
		s.cut(st)
	}
	st.resetLater = true
	notify(st.writable)
	s.forget(st)
	return pass, nil
}

// receiveGoAway takes the peer's word that it takes no more streams, or gives
// the session up.
func (s *Session) receiveGoAway(h header) ([]byte, error) {
	if h.length != goAwayNormal {
		return nil, &ProtocolError{fmt.Sprintf("it ends the session with code %d: it says that this end broke the protocol, or that it failed", h.length)}
	}
	if !s.refused {
		s.refused = true
		close(s.leaving)
	}
	return nil, nil
}
