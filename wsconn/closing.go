package wsconn

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/wsstream/wsstream/frames"
)

// closing is how far a socket has come on its way to its end.
type closing struct {
	mu    sync.Mutex
	begun bool
	local chan struct{} // closed when this end closes or terminates
	ended bool
	done  chan struct{} // closed when the transport has been cut
	err   error         // what WaitClosed returns; set before done
	after func()        // called after the cut; nil without one
}

func (c *closing) init() {
	c.local = make(chan struct{})
	c.done = make(chan struct{})
}

// begin marks the local close. It returns false if that was done before.
func (c *closing) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begun {
		return false
	}
	c.begun = true
	close(c.local)
	return true
}

// end marks the cut. It returns false if that was done before.
func (c *closing) end(err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return false
	}
	c.ended, c.err = true, err
	return true
}

// onEnd has f called after the cut, at once if that is over.
func (c *closing) onEnd(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		go f()
		return
	}
	c.after = f
}

// unlessBegun runs f, which must not wait, if this end has not closed: from
// then on deadlines belong to the linger.
func (c *closing) unlessBegun(f func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begun {
		return errLocalClose
	}
	return f()
}

func (s *Socket) setReadDeadline(t time.Time) error {
	return s.closing.unlessBegun(func() error { return s.t.SetReadDeadline(t) })
}

func (s *Socket) setWriteDeadline(t time.Time) error {
	return s.closing.unlessBegun(func() error { return s.t.out.moveDeadline(t) })
}

// control takes a control frame that the reader has received.
func (s *Socket) control(op frames.Opcode, payload []byte) {
	switch op {
	case frames.Ping:
		s.writer.enqueue(newControl(frames.Pong, payload))
	case frames.Close:
		s.peerClosed(s.machine.CloseReceived())
	}
}

// peerClosed ends reading, and writing too unless the peer only half-closed:
// then the stream ends when this end closes as well.
func (s *Socket) peerClosed(ce *CloseError) {
	clean := s.machine.AtBorder() &&
		(ce.Code == frames.CloseNormalClosure || ce.Code == frames.CloseNoStatusReceived)
	s.reader.err = ce
	if clean {
		s.reader.err = io.EOF
	}
	if clean && s.stream.halfClose {
		return
	}
	s.writer.fail(ce)
	s.sendClose(ce.Code, "")
}

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
	return s.sendClose(frames.CloseNormalClosure, "")
}

// sendClose queues the Close frame; only the first one is ever sent.
func (s *Socket) sendClose(code frames.CloseCode, reason string) error {
	payload, err := frames.AppendClosePayload(nil, code, reason)
	if err != nil {
		return err
	}
	s.writer.enqueue(newControl(frames.Close, payload))
	return nil
}

// readError is called with every error of the reader, and says what the caller
// of a read method shall see.
func (s *Socket) readError(err error) error {
	select {
	case <-s.closing.local:
		return errLocalClose
	default:
	}
	var violation *frames.Error
	switch {
	case s.reader.err == nil, errors.Is(err, io.EOF), errors.As(err, new(*CloseError)):
	case errors.As(err, &violation):
		s.writer.fail(err)
		reason := violation.Text
		if len(reason) > frames.MaxCloseReason {
			reason = ""
		}
		s.sendClose(violation.Code, reason)
	default:
		s.writer.fail(err)
	}
	return err
}

// closeWith begins the closing handshake and leaves the rest to linger.
func (s *Socket) closeWith(code frames.CloseCode, reason string) error {
	payload, err := frames.AppendClosePayload(nil, code, reason)
	if err != nil {
		return s.opError("close", err)
	}
	if !s.closing.begin() {
		return nil
	}
	s.t.SetReadDeadline(past)
	s.t.out.moveDeadline(past)
	s.writer.enqueue(newControl(frames.Close, payload))
	go s.linger()
	return nil
}

// lockReader takes the reader's lock. Its holder is bound by the same deadline.
func (s *Socket) lockReader() error {
	select {
	case s.reader.lock <- struct{}{}:
	case <-s.closing.local:
		return errLocalClose
	}
	select {
	case <-s.closing.local:
		<-s.reader.lock
		return errLocalClose
	default:
		return nil
	}
}

func (s *Socket) unlockReader() { <-s.reader.lock }

// linger finishes the closing handshake in the background, for at most
// CloseTimeout from now: what was accepted is sent, the peer's Close is waited
// for, and what it sends until then is thrown away. Closing a descriptor with
// unread input would make the kernel destroy what is in flight to the peer.
func (s *Socket) linger() {
	bound := time.AfterFunc(s.closeTimeout, func() { s.cut(errCloseTimeout, false) })
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
		s.writer.lock <- struct{}{} // everything has been sent; never given back either
		s.t.closeWrite()
		if violation || s.machine.Role() == frames.Client {
			s.awaitEOF(scratch.b)
		}
		err = nil
	}
	s.cut(err, false)
}

// awaitEOF lets the other end close the transport first: a server does, so
// that the wait for stray segments (TIME_WAIT) is its own (RFC 6455 section
// 7.1.1), and whoever broke the protocol gets time to read our Close.
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
