package wsconn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
)

// HandshakeError says why a connection did not come to be. [Dial] and
// [DialSocket] return it for whatever failed before the handshake was
// finished: options and URLs that make no sense, the dial, TLS, the answer.
// [Accept] and [AcceptSocket] return it for requests that they refuse (RFC
// 6455 section 4.2.2), after they have answered them.
//
// It wraps its cause where there is one: the error of the dial or of TLS, the
// context's error, [context.DeadlineExceeded] if HandshakeTimeout was over. A
// [*ProxyError] tells what a proxy did.
type HandshakeError struct {
	// URL is what was dialed, the last one if there were redirects, without
	// its userinfo. It is empty on the side that accepts.
	URL string

	// RemoteAddr is the address of the client, on the side that accepts.
	RemoteAddr string

	// Status is the HTTP status of the answer, received or sent. It is 0 if
	// there was none. It is 101 at a client if the server agreed to a
	// handshake that was not the one it had been asked for.
	Status int

	// Header is the header of the answer, if there was one. On the side that
	// accepts it is what the refusal sets, on top of what was set on the
	// ResponseWriter.
	Header http.Header

	// Body is how the body of the answer begins, at a client: at most 4 KiB,
	// and what arrived within a second. On the side that accepts it is the
	// body that is sent.
	Body []byte

	// Reason says what happened and, where there is a cure, what it is.
	Reason string

	// Err is the cause, or nil.
	Err error
}

// Error says with which peer the handshake failed, and why.
func (e *HandshakeError) Error() string {
	var b strings.Builder
	if e.URL != "" {
		fmt.Fprintf(&b, "wsconn: dial %s: %s", e.URL, e.Reason)
	} else {
		fmt.Fprintf(&b, "wsconn: accept from %s: %s", e.RemoteAddr, e.Reason)
	}
	cause := e.Err
	if p, ok := cause.(*ProxyError); ok {
		cause = p.Err // what the proxy said is in the reason
	}
	if cause != nil {
		fmt.Fprintf(&b, ": %v", cause)
	}
	if e.URL == "" && e.Status != 0 {
		fmt.Fprintf(&b, " (answered with %d %s)", e.Status, http.StatusText(e.Status))
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *HandshakeError) Unwrap() error { return e.Err }

// Timeout reports whether time ran out: the context's, HandshakeTimeout, or
// the network's own. With Temporary it makes the error a [net.Error].
func (e *HandshakeError) Timeout() bool {
	cause, ok := errors.AsType[net.Error](e.Err)
	return ok && cause.Timeout() || errors.Is(e.Err, context.DeadlineExceeded)
}

// Temporary is there for [net.Error] and reports what Timeout does.
func (e *HandshakeError) Temporary() bool { return e.Timeout() }

// refusalReason says what a server answered instead of 101, in its own words
// if it has some, and what may help.
func refusalReason(e *HandshakeError) string {
	text := fmt.Sprintf("the server answered %d %s", e.Status, http.StatusText(e.Status))
	switch location := e.Header.Get("Location"); {
	case e.isRedirect():
		text += fmt.Sprintf(" to %.100q: DialOptions.Redirects is how many are followed", redactURL(location))
	case e.Status == http.StatusUnauthorized:
		text += ": set Authorization in DialOptions.Header, or user:password in the URL"
	case e.Status == http.StatusUpgradeRequired && e.Header.Get("Sec-Websocket-Version") != "":
		text += fmt.Sprintf(": it speaks version %.20s, see DialOptions.Version", e.Header.Get("Sec-Websocket-Version"))
	}
	line, _, _ := strings.Cut(string(e.Body), "\n")
	if line = strings.TrimSpace(line); line != "" {
		text += fmt.Sprintf(", with the text %.100q", line)
	}
	return text
}
