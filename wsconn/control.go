package wsconn

import (
	"errors"
	"io"

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
