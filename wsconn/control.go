package wsconn

import (
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
	if !clean {
		s.reader.fail(ce)
		return
	}
	s.closing.peerEnded.Store(true)
	s.reader.fail(io.EOF)
	if s.stream.halfClose {
		if ce.Code == frames.CloseNoStatusReceived {
			return
		}
		if s.writer.used.Load() {
			s.closing.settle(fmt.Errorf("the peer stopped reading before it had seen this end's Close, what was written last may be unread: %w", ce))
		}
	}
	s.endWriting(ce, ce.Code, "")
}

// readFailed is called with what has ended reading. After most of it there is
// nothing to write for either.
func (s *Socket) readFailed(err error) {
	switch err := err.(type) {
	case *CloseError:
		s.endWriting(err, err.Code, "")
	case *frames.Error:
		s.endWriting(err, err.Code, fitReason(err.Text))
	default:
		if err != io.EOF {
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
	if s.stream.halfClose && code == frames.CloseNormalClosure && s.closing.peerEnded.Load() {
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
