package mux

import (
	"net"
	"time"
)

// CloseWrite ends this end's direction of the stream, behind everything that
// was written: the peer's Read returns io.EOF. Reading goes on.
func (st *Stream) CloseWrite() error {
	s := st.s
	s.mu.Lock()
	err := st.writeError()
	if err == nil {
		st.end()
	}
	s.mu.Unlock()
	if err != nil {
		return st.opError("close", err)
	}
	st.ys.Close()
	return nil
}

// Close ends both directions, and returns nil, also when called again. What was
// written still arrives, and then io.EOF. Blocked calls return [net.ErrClosed].
// What the peer sends from then on is answered with a reset, so that it learns
// that nobody reads it.
func (st *Stream) Close() error {
	s := st.s
	s.mu.Lock()
	if st.closed {
		s.mu.Unlock()
		return nil
	}
	open := st.writeError() == nil
	if open {
		st.end()
	}
	st.closed = true
	st.wake()
	s.drop(st)
	s.mu.Unlock()
	if open {
		st.ys.Close()
	}
	return nil
}

// Reset ends both directions at once: both ends' Read and Write return
// [ErrReset], and what is under way may be lost. It returns [net.ErrClosed] if
// the stream has been closed.
func (st *Stream) Reset() error {
	st.s.mu.Lock()
	defer st.s.mu.Unlock()
	if st.closed {
		return st.opError("close", net.ErrClosed)
	}
	if !st.reset {
		st.s.reset(st)
	}
	return nil
}

// The methods below are called with the session's mutex held.

// end says this end's last word, and watches that the peer does not take for
// ever to do so. That word is not left to yamux, which says it later: a reset
// could get between.
func (st *Stream) end() {
	st.finSent = true
	st.s.out.inOrder(header{kind: kindWindow, flags: fin, stream: st.id})
	notify(st.writable)
	if idle := st.s.halfCloseTimeout; idle > 0 && !st.finReceived {
		st.expireWithout(idle)
	}
}

// expireWithout resets the stream when nothing has come on it for a time.
func (st *Stream) expireWithout(idle time.Duration) {
	come := st.come
	st.idle = time.AfterFunc(idle, func() {
		st.s.mu.Lock()
		defer st.s.mu.Unlock()
		switch {
		case st.gone || st.reset || st.finReceived && !st.closed || st.s.over() != nil:
		case st.come != come && !st.closed:
			st.expireWithout(idle)
		default:
			st.s.reset(st)
		}
	})
}
