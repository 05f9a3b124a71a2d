package wsconn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wsstream/wsstream/frames"
)

// closeWrite ends this end's direction of a stream.
func (s *Socket) closeWrite() error {
	if !s.stream.halfClose {
		return ErrNoHalfClose
	}
	select {
	case <-s.closing.local:
		return errLocalClose
	default:
	}
	s.writer.fail(errLocalClose)
	if err := s.writer.failure(); err != errLocalClose {
		return err
	}
	return s.sendClose(frames.CloseNoStatusReceived, "")
}

// closeWith begins the closing handshake and leaves the rest to linger. A code
// that cannot be sent is an error, but the connection is closed all the same:
// who calls this on an error path does not look.
func (s *Socket) closeWith(code frames.CloseCode, reason string) (err error) {
	if !code.Sendable() && (code != frames.CloseNoStatusReceived || reason != "") {
		err = fmt.Errorf("code %v cannot be sent in a Close frame, 1011 was sent instead", code)
		code = frames.CloseInternalError
	}
	if !s.closing.begin() {
		return nil
	}
	s.t.SetReadDeadline(past)
	s.t.out.moveDeadline(past)
	s.sendClose(code, fitReason(reason))
	go s.linger()
	return s.opError("close", err)
}

// linger finishes the closing handshake in the background, for at most
// CloseTimeout from now: what was accepted is sent, the peer's Close is waited
// for, and what it sends until then is thrown away. Closing a descriptor with
// unread input would make the kernel destroy what is in flight to the peer.
func (s *Socket) linger() {
	bound := time.AfterFunc(s.closeTimeout, func() { s.cut(closeTimeoutError{}, false) })
	defer bound.Stop()
	s.reader.lock <- struct{}{} // the holder was woken; the lock is never given back
	s.t.SetReadDeadline(time.Time{})
	scratch := largeBuffers.Get().(*buffer)
	defer scratch.release()
	for s.reader.err == nil {
		s.reader.payload(scratch.b, true)
	}
	err := s.reader.err
	violation := errors.As(err, new(*frames.Error))
	if violation || s.machine.CloseReceived() != nil {
		s.writer.lock <- struct{}{} // what a cut left has been sent; never given back either
		s.writer.flushControls()    // the Close frame, if the last holder did not see it any more
		s.t.out.drain()
		s.t.closeWrite()
		if !violation {
			err = nil
		}
		if !s.stream.halfClose {
			s.closing.settle(err)
		}
		if violation || s.stream.halfClose || s.machine.Role() == frames.Client {
			s.awaitEOF(scratch.b)
		}
	}
	s.cut(err, false)
}

// awaitEOF waits for the other end to close the transport. A client leaves that
// to the server, so that the wait for stray segments (TIME_WAIT) is not its own
// (RFC 6455 section 7.1.1). Whoever broke the protocol gets time to read our
// Close. And with half-close the peer's Close may have come long before ours,
// so that only the end of its transport says that it has read everything.
func (s *Socket) awaitEOF(scratch []byte) {
	for {
		if _, err := s.t.Read(scratch); err != nil {
			return
		}
	}
}

// cut ends the transport and with it everything that still waits.
func (s *Socket) cut(err error, reset bool) {
	if !s.closing.end(err) {
		return
	}
	s.t.cut(reset)
	close(s.closing.done)
	if after := s.closing.after; after != nil {
		after()
	}
}

func (s *Socket) terminate() error {
	s.closing.begin()
	s.cut(errTerminated, true)
	return nil
}

// waitClosed waits until the transport has been cut.
func (s *Socket) waitClosed(ctx context.Context) error {
	select {
	case <-s.closing.done:
		return s.opError("close", s.closing.err)
	case <-ctx.Done():
		return s.opError("close", context.Cause(ctx))
	}
}
