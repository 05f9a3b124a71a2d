package wsconn

import (
	"errors"
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
		s.reader.err = ce
		s.writer.fail(ce)
		s.sendClose(ce.Code, "")
		return
	}
	s.reader.err = io.EOF
	s.closing.peerEnded.Store(true)
	switch {
	case s.stream.halfClose && ce.Code == frames.CloseNoStatusReceived:
		return
	case s.stream.halfClose && s.writer.failure() == errLocalClose:
		// We had said that our stream is complete, and the peer has stopped
		// reading without having seen that.
		s.closing.settle(ce)
	}
	s.writer.fail(ce)
	s.sendClose(ce.Code, "")
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
		s.sendClose(violation.Code, fitReason(violation.Text))
	default:
		s.writer.fail(err)
	}
	return err
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
