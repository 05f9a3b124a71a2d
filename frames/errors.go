package frames

import (
	"errors"
	"fmt"
	"strconv"
)

// Error is a violation of the protocol, or of a limit, by the peer. Its text
// names the rule, so that a log line is enough to look it up. It is a value to
// read: several connections may hold the same one.
type Error struct {
	Code CloseCode // to answer with: 1002, 1007, 1008 or 1009
	Rule string    // the section that was broken: "RFC 6455 section 5.5"
	Text string    // what the peer did
}

// Error returns the text with the rule behind it.
func (e *Error) Error() string { return "websocket: " + e.Text + " (" + e.Rule + ")" }

// violation returns the error for a breach of a section of RFC 6455.
func violation(code CloseCode, section, format string, args ...any) *Error {
	return &Error{Code: code, Rule: "RFC 6455 section " + section, Text: fmt.Sprintf(format, args...)}
}

// CloseError is what the peer said in its Close frame (RFC 6455 section 5.5.1).
// It is an error type so that a reader can be handed it, and says nothing about
// whose fault the end was: the peer may just be done.
type CloseError struct {
	Code   CloseCode // [CloseNoStatusReceived] if the frame had no payload
	Reason string    // valid UTF-8 of at most [MaxCloseReason] bytes, often empty
}

// Error returns a text with the code and, in quotes, the reason. The word
// "closed" is in it because there is code, hashicorp/yamux for one, that
// tells the end of a connection from a failure by this word.
func (e *CloseError) Error() string {
	s := "websocket: closed by the peer: " + e.Code.String()
	if e.Reason != "" {
		s += ": " + strconv.Quote(e.Reason)
	}
	return s
}

// Errors of [Machine.Send]: what this end may not send, here and now. They are
// mistakes of the caller and leave the Machine as it was.
var (
	// ErrSentClose: the Close frame is the last one (RFC 6455 section 5.5.1),
	// but for pings and pongs if half-close was agreed.
	ErrSentClose = errors.New("frames: closed for sending: a Close frame has been sent")

	// ErrMessageOpen: the message before lacks its final frame; go on with
	// Continuation (RFC 6455 section 5.4).
	ErrMessageOpen = errors.New("frames: a new message while one is open: send Continuation until fin")

	// ErrNoMessage: there is nothing to continue; begin with Text or Binary
	// (RFC 6455 section 5.4).
	ErrNoMessage = errors.New("frames: a continuation while no message is open: begin with Text or Binary")

	// ErrControlFragment: a control frame is whole in itself; pass fin (RFC
	// 6455 section 5.5).
	ErrControlFragment = errors.New("frames: a control frame cannot be fragmented: send it with fin")

	// ErrOpcode: the opcode is reserved (RFC 6455 section 5.2).
	ErrOpcode = errors.New("frames: a reserved opcode")

	// ErrRSV: a bit that no extension was agreed for, or one on another frame
	// than the first of a message (RFC 6455 section 5.2).
	ErrRSV = errors.New("frames: an RSV bit that was not agreed, or not on the first frame of a message")
)
