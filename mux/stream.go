package mux

import (
	"cmp"
	"io"
	"net"
	"os"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/wsstream/wsstream/internal/wait"
)

// Stream is one of the streams of a session: a [net.Conn] with half-close. Its
// methods may be called by several goroutines at the same time.
type Stream struct {
	s  *Session
	id uint32
	ys *yamux.Stream // knows how it opens and ends, and nothing of its data

	readable chan struct{} // has something when a reader should look again
	writing  wait.Lock     // of whoever writes
	writable chan struct{} // has something when a writer should look again
	reads    wait.Deadline
	writes   wait.Deadline

	streamState // guarded by the session's mutex
}

// streamState is how far a stream has come.
type streamState struct {
	window     window // for what comes
	inbox      inbox
	sendWindow int64 // what may be sent

	ours    bool // opened by this end
	acked   bool // known to the peer
	inQueue bool // waits for room to write
	turn    bool // and has got some

	finSent     bool // this end has said its last word
	finReceived bool // the peer has
	closed      bool // by the application: what comes is for nobody
	reset       bool // by either end
	refused     bool // by the peer, which has not taken it
	resetLater  bool // the peer has reset it after its end, which the reader is to see first
	gone        bool // out of the session's books
	ended       bool // and all of it has been read, so that nothing can cut it short

	idle *time.Timer // ends a stream that only this end has closed
	come int64       // bytes received, for that
}

var _ net.Conn = (*Stream)(nil)

func newStream(s *Session, id uint32, ours bool) *Stream {
	return &Stream{
		s:        s,
		id:       id,
		readable: make(chan struct{}, 1),
		writable: make(chan struct{}, 1),
		streamState: streamState{
			window:     newWindow(),
			sendWindow: initialWindow,
			ours:       ours,
		},
	}
}

// ID returns the number of the stream, which both ends of the session know.
func (st *Stream) ID() uint32 { return st.id }

// Session returns the session that the stream belongs to.
func (st *Stream) Session() *Session { return st.s }

// LocalAddr returns the connection's local address.
func (st *Stream) LocalAddr() net.Addr { return st.s.conn.LocalAddr() }

// RemoteAddr returns the connection's remote address.
func (st *Stream) RemoteAddr() net.Addr { return st.s.conn.RemoteAddr() }

// Read reads the next bytes of the stream. It returns io.EOF only if the peer
// has ended it, [ErrReset] after a reset by either end, which may have lost
// something, and a [*SessionError] if the session was lost before the end.
// After a local Close it returns [net.ErrClosed].
func (st *Stream) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		var few [8]piece
		taken, err := st.s.take(st, few[:0], len(p))
		for _, piece := range taken {
			n += copy(p[n:], piece.b)
			piece.c.release()
		}
		if n > 0 || err != nil {
			return n, st.opError("read", err)
		}
		st.reads.Wait(st.readable, nil) // take finds out why it ended
	}
}

// readCut returns why a Read ends whatever has come. It is called with the
// session's mutex held.
func (st *Stream) readCut() error {
	switch {
	case st.closed || st.s.closed && !st.ended:
		return net.ErrClosed
	case st.reset:
		return st.resetError()
	case st.reads.Passed():
		return os.ErrDeadlineExceeded
	}
	return nil
}

// readEnd returns why nothing more comes. It is called with the session's mutex
// held.
func (st *Stream) readEnd() error {
	if st.finReceived {
		return io.EOF
	}
	if st.s.lost != nil {
		return st.s.lost
	}
	return nil
}

// Write sends p, in frames of at most [Config.FrameSize] bytes and in turn with
// other streams. It returns when all of it is on its way: the session sends it,
// whatever becomes of the deadline.
//
// When the write deadline comes first, n counts what is on its way. It waits
// while the peer has not read what was sent before ([Config.Window]). After
// CloseWrite or Close the error is [net.ErrClosed], after a reset [ErrReset],
// and a [*SessionError] if the session was lost.
func (st *Stream) Write(p []byte) (n int, err error) {
	if !st.writes.Lock(&st.writing, nil) {
		st.s.mu.Lock()
		defer st.s.mu.Unlock()
		return 0, st.opError("write", cmp.Or(st.writeError(), os.ErrDeadlineExceeded))
	}
	defer st.writing.Unlock()
	for {
		m, err := st.s.queue(st, p[n:])
		n += m
		switch {
		case err != nil:
			return n, st.opError("write", err)
		case n == len(p):
			return n, nil
		case m > 0:
			continue
		}
		st.writes.Wait(st.writable, nil) // queue finds out why it ended
	}
}

// writeCut returns why a Write has to end now. It is called with the session's
// mutex held.
func (st *Stream) writeCut() error {
	if err := st.writeError(); err != nil {
		return err
	}
	if st.writes.Passed() {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// writeError returns why nothing can be written. It is called with the
// session's mutex held.
func (st *Stream) writeError() error {
	switch {
	case st.closed, st.finSent, st.s.closed:
		return net.ErrClosed
	case st.reset, st.resetLater:
		return st.resetError()
	}
	if st.s.lost != nil {
		return st.s.lost
	}
	return nil
}

// resetError says what a reset of the stream means. It is called with the session's
// mutex held.
func (st *Stream) resetError() error {
	if st.refused {
		return ErrRefused
	}
	return ErrReset
}

// wake makes those who wait look again.
func (st *Stream) wake() {
	notify(st.readable)
	notify(st.writable)
}

// SetDeadline sets the read and the write deadline. A deadline ends the calls in
// progress and later ones with an error that is a [net.Error] and wraps
// [os.ErrDeadlineExceeded]; the zero time takes it away.
func (st *Stream) SetDeadline(t time.Time) error {
	if err := st.SetReadDeadline(t); err != nil {
		return err
	}
	return st.SetWriteDeadline(t)
}

// SetReadDeadline sets the deadline for Read: see [Stream.SetDeadline].
func (st *Stream) SetReadDeadline(t time.Time) error {
	st.s.mu.Lock()
	defer st.s.mu.Unlock()
	if st.closed || st.s.closed {
		return st.opError("set", net.ErrClosed)
	}
	st.reads.Set(t)
	return nil
}

// SetWriteDeadline sets the deadline for Write: see [Stream.SetDeadline].
func (st *Stream) SetWriteDeadline(t time.Time) error {
	st.s.mu.Lock()
	defer st.s.mu.Unlock()
	if st.closed || st.s.closed {
		return st.opError("set", net.ErrClosed)
	}
	st.writes.Set(t)
	return nil
}

// opError gives an error the form that net's own connections use. io.EOF stays
// bare, as the contract of io.Reader asks.
func (st *Stream) opError(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: "mux", Source: st.LocalAddr(), Addr: st.RemoteAddr(), Err: err}
}
