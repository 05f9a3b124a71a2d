package wsconn

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/wsstream/wsstream/frames"
)

// control takes a control frame that the reader has received.
func (s *Socket) control(op frames.Opcode, payload []byte) {
	switch op {
	case frames.Ping:
		pong := newControl(frames.Pong, payload)
		aside(func() { s.writer.enqueue(pong) })
		if s.hooks != nil && s.hooks.onPing != nil {
			s.hooks.onPing(s, bytes.Clone(payload))
		}
	case frames.Pong:
		if s.hooks != nil && s.hooks.onPong != nil {
			s.hooks.onPong(s, bytes.Clone(payload))
		}
		s.pings.answered(payload)
	case frames.Close:
		s.peerClosed(s.machine.CloseReceived())
	}
}

// aside runs f on a stack of its own and waits for it. A write would make that of
// whoever reads grow, and an idle connection would keep it so.
func aside(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

// peerClosed ends reading, and writing too unless the peer only half-closed:
// then the stream ends when this end closes as well, and until then pings and
// pongs go on.
func (s *Socket) peerClosed(ce *CloseError) {
	clean := s.machine.AtBorder() &&
		(ce.Code == frames.CloseNormalClosure || ce.Code == frames.CloseNoStatusReceived)
	switch {
	case !clean:
		s.reader.fail(ce)
	case !s.stream().halfClose:
		s.reader.fail(io.EOF)
		s.endWriting(ce, ce.Code, "")
	default:
		if ce.Code == frames.CloseNormalClosure {
			s.writer.fail(ce)
			if s.writer.used.Load() {
				s.closing.settle(fmt.Errorf("the peer stopped reading before it had seen this end's Close, what was written last may be unread: %w", ce))
			}
		}
		s.reader.end(io.EOF)
	}
	if !s.stream().halfClose && s.machine.Role() == frames.Server {
		go s.hangUp()
	}
}

// peerEnded is called when the application has taken all that the peer sent
// before a clean end. Only now a peer that knows half-close may be told so.
func (s *Socket) peerEnded() {
	s.closing.peerEnded.Store(true)
	if s.stream().halfClose && s.machine.CloseReceived().Code == frames.CloseNormalClosure {
		s.sendClose(frames.CloseNormalClosure, "")
	}
}

// readFailed is called with what has ended reading the transport. After most
// of it there is nothing to write for either.
func (s *Socket) readFailed(err error) {
	s.watch.stop()
	s.pings.fail(err)
	switch err := err.(type) {
	case *CloseError:
		s.endWriting(err, err.Code, "")
	case *frames.Error:
		s.endWriting(err, err.Code, fitReason(err.Text))
	default:
		switch {
		case err == io.EOF:
		case err == errTruncated && s.machine.CloseReceived() != nil && s.writer.closeSent.Load():
			// Both ends had said their last word: the peer's transport ended
			// because it has heard ours.
			s.closing.settle(nil)
		default:
			s.writer.fail(err)
		}
	}
}

// endWriting makes err the end of writing, and says why to the peer.
func (s *Socket) endWriting(err error, code frames.CloseCode, reason string) {
	s.writer.fail(err)
	s.sendClose(code, reason)
}

// sendClose queues the Close frame; only the first one is ever sent. Between
// two ends that know half-close, code 1000 means that this end has stopped
// reading, and no code that it has not, or has read to the end.
func (s *Socket) sendClose(code frames.CloseCode, reason string) error {
	if s.stream().halfClose && code == frames.CloseNormalClosure && s.closing.peerEnded.Load() {
		code, reason = frames.CloseNoStatusReceived, ""
	}
	payload, err := frames.AppendClosePayload(nil, code, reason)
	if err != nil {
		return err
	}
	s.writer.enqueue(newControl(frames.Close, payload))
	return nil
}

// fitReason makes any text a reason that a Close frame can carry.
func fitReason(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= frames.MaxCloseReason {
		return text
	}
	cut := frames.MaxCloseReason
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut]
}
