package mux

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
)

// ErrReset is the error of a stream that was reset, by the peer or by this end:
// what was under way may be lost.
var ErrReset = errors.New("the stream was reset, what was under way may be lost")

// ErrRefused is the [ErrReset] of a stream of this end that the peer has reset
// without having acknowledged it: it has as many as it wants, or takes no more. A
// peer of this package, or of hashicorp/yamux, acknowledges a stream before its
// application gets that, so nothing of what was written has reached it, and all of
// it may be written to another stream. Peers that acknowledge with their first own
// frame, as those of libp2p in Rust and JavaScript, may have read some.
var ErrRefused = fmt.Errorf("the peer has not taken the stream: %w", ErrReset)

// ErrDraining is the error of [Session.Open] when either end opens no more
// streams: open them on another session.
var ErrDraining = errors.New("the session is being drained, no more streams are opened on it")

// SessionError is the error of a session that was lost, and of its streams that
// had not ended by then. It is never io.EOF, nor net.ErrClosed: what a stream
// has delivered may be cut short.
type SessionError struct {
	Remote net.Addr // of the connection
	// Cause is what ended the session: the connection's error, such as a
	// [*wsconn.KeepAliveError] or a [*wsconn.CloseError], or what the peer did
	// wrong.
	Cause error
}

// Error says what ended the session.
func (e *SessionError) Error() string {
	return fmt.Sprintf("the session with %v was lost: %v", e.Remote, e.Cause)
}

// Unwrap returns the cause.
func (e *SessionError) Unwrap() error { return e.Cause }

// Timeout reports whether the cause was one, for [net.Error].
func (e *SessionError) Timeout() bool {
	t, ok := errors.AsType[net.Error](e.Cause)
	return ok && t.Timeout()
}

// Temporary returns false, for [net.Error]: the session is gone.
func (e *SessionError) Temporary() bool { return false }

// ProtocolError is the cause of a session that was lost because the peer does
// not speak yamux, or breaks its rules.
type ProtocolError struct{ Text string }

// Error says what the peer did.
func (e *ProtocolError) Error() string { return "the peer broke the protocol: " + e.Text }

// ErrEnded is the cause of a [SessionError] when the connection has ended in
// order: the peer has closed the session. A stream that it had not ended may be
// cut short, so this is not io.EOF in any sense.
var ErrEnded = fmt.Errorf("the peer has ended the session: %w", io.ErrUnexpectedEOF)

// sessionCause makes a cause of an error of the connection. What much code
// takes for the ordinary end of a stream becomes an error that is not.
func sessionCause(err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return ErrEnded
	case errors.Is(err, net.ErrClosed), errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("the connection failed beneath the session (%v): %w", err, io.ErrUnexpectedEOF)
	}
	return err
}
