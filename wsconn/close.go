package wsconn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/wait"
)

// closeWrite ends this end's direction of a stream.
func (s *Socket) closeWrite() error {
	if !s.stream().halfClose {
		return ErrNoHalfClose
	}
	if s.closing.local.Given() {
		return errLocalClose
	}
	if !s.text().seal() {
		return errTextCut
	}
	s.writer.fail(errLocalClose)
	if err := s.writer.failure(); err != errLocalClose {
		return err
	}
	return s.sendClose(frames.CloseNoStatusReceived, "")
}

// endStream is closeWrite for a stream that nobody can complete any more.
func (s *Socket) endStream() {
	if s.closeWrite() == errTextCut {
		s.endWriting(errTextCut, frames.CloseInternalError, errTextCut.Error())
	}
}

// Close closes the connection with code 1000: see [Conn.Close].
func (s *Socket) Close() error { return s.CloseWith(frames.CloseNormalClosure, "") }

// CloseWith closes the connection with a code and a reason: see
// [Conn.CloseWith].
func (s *Socket) CloseWith(code frames.CloseCode, reason string) (err error) {
	switch {
	case code == frames.CloseNoStatusReceived && reason == "":
		if s.stream().halfClose {
			code = frames.CloseNormalClosure // without a code it would be a half-close
		}
	case !code.Sendable():
		// The connection is closed all the same: who calls this on an error
		// path does not look at its error.
		err = fmt.Errorf("code %v cannot be sent in a Close frame, 1011 was sent instead", code)
		code = frames.CloseInternalError
	}
	if !s.closing.begin() {
		return nil
	}
	if s.text().abandon() && (code == frames.CloseNormalClosure || code == frames.CloseNoStatusReceived) {
		code, reason = frames.CloseInternalError, errTextCut.Error() // else it would look complete
	}
	s.watch.stop()
	s.reader.in.end()
	s.t.out.moveDeadline(wait.Past)
	s.sendClose(code, fitReason(reason))
	go s.linger()
	return s.opError("close", err)
}

// Terminate cuts the transport without a word: see [Conn.Terminate].
func (s *Socket) Terminate() error {
	s.closing.begin()
	s.cut(errTerminated, true)
	return nil
}

// WaitClosed waits for the end of what Close began: see [Conn.WaitClosed].
func (s *Socket) WaitClosed(ctx context.Context) error {
	select {
	case <-s.closing.done.Done():
		return s.opError("close", s.closing.outcome())
	case <-ctx.Done():
		return s.opError("close", context.Cause(ctx))
	}
}

// linger finishes the closing handshake in the background, for at most
// CloseTimeout from now: what was accepted is sent, the peer's Close is waited
// for, and what it sends until then is thrown away. Closing a descriptor with
// unread input would make the kernel destroy what is in flight to the peer.
func (s *Socket) linger() {
	bound := time.AfterFunc(s.common.Value().closeTimeout, func() { s.cut(closeTimeoutError{}, false) })
	defer bound.Stop()
	s.reader.lock.Lock() // the holder was woken; the lock is never given back
	s.reader.purpose = forLinger
	s.reader.forget()
	s.reader.inflation.drop()
	scratch := largeBuffers.Get().(*buffer)
	defer scratch.release()
	for s.reader.ended.err() == nil {
		s.reader.receive(scratch.b, true)
	}
	err := s.reader.ended.err()
	if s.machine.CloseReceived() != nil || errors.As(err, new(*frames.Error)) {
		err = s.finish(scratch.b)
	}
	s.cut(err, false)
}

// finish ends the transport in order, after the last frame of the peer, and
// returns how the closing handshake went.
func (s *Socket) finish(scratch []byte) error {
	s.writer.lock.Lock() // never given back either
	sent := s.writer.flush()
	said := s.t.closeWrite()
	violation := errors.As(s.reader.ended.over(), new(*frames.Error))
	switch {
	case violation:
		// Who broke the protocol gets time to read our Close.
		s.closing.settle(s.reader.ended.over())
		s.awaitEOF(scratch)
	case sent != nil:
		return sent
	case s.stream().halfClose && s.reader.ended.lost() != nil:
		// Before the peer can have seen our Close, or that is settled.
		return s.reader.ended.lost()
	case s.stream().halfClose:
		// The peer's Close may have come long before ours: only the end of its
		// transport says that it has read everything. If neither end can say
		// so, the client waits for the server's cut. ENOTCONN is that the
		// transport has gone, after whatever the peer said: a proxy may end
		// both directions at once.
		switch {
		case said == nil, said == errCannotSay && s.machine.Role() == frames.Client, errors.Is(said, syscall.ENOTCONN):
			return s.awaitEOF(scratch)
		case said != errCannotSay:
			return truncation(said)
		}
	case s.machine.Role() == frames.Client:
		// The server closes first, so that the wait for stray segments
		// (TIME_WAIT) is its own (RFC 6455 section 7.1.1).
		s.closing.settle(nil)
		s.awaitEOF(scratch)
	}
	return nil
}

// hangUp ends the transport of a server once the peer's Close has been answered:
// the client waits for that (RFC 6455 section 7.1.1), whether the application
// here has seen the end already or not. What it has not read yet is kept.
func (s *Socket) hangUp() {
	bound := time.AfterFunc(s.common.Value().closeTimeout, func() { s.cut(closeTimeoutError{}, false) })
	defer bound.Stop()
	if !s.writer.lock.LockUnless(&s.closing.done) {
		return // by the linger, which keeps the lock
	}
	err := s.writer.flush()
	s.writer.release()
	if err == nil {
		s.t.closeWrite()
	}
	s.cut(err, false)
}

// awaitEOF waits for the other end to close its transport.
func (s *Socket) awaitEOF(scratch []byte) error {
	s.reader.in.enter(forLinger)
	for {
		switch err := s.reader.discard(scratch); err {
		case nil:
		case io.EOF:
			return nil
		default:
			return truncation(err)
		}
	}
}

// cut ends the transport and with it everything that still waits. err is how
// the closing handshake went, if that is not known yet.
func (s *Socket) cut(err error, reset bool) {
	if !s.closing.end(err) {
		return
	}
	s.watch.stop()
	s.t.cut(reset)
	s.closing.done.Give()
	s.releaseCompression()
	if after := s.closing.after; after != nil {
		after()
	}
}
