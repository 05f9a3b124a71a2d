package wsconn

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// RejectError is the answer with which [AcceptOptions.Authorize] refuses a
// client. It may lie inside of an error that says more, for the server's log:
// the client sees nothing but these fields.
type RejectError struct {
	// Status is the HTTP status: 400 to 599, or 300 to 399 with a Location,
	// for clients that follow it, as browsers do not. Zero means 403.
	Status int

	// Header goes out with the answer: WWW-Authenticate, Location, Set-Cookie.
	// What says how the answer is sent (Connection, Content-Length and such)
	// is left out of it.
	Header http.Header

	// Body is sent as it is, as plain text unless Header has a Content-Type.
	Body string
}

// Error returns the status and how the body begins.
func (e *RejectError) Error() string {
	text := fmt.Sprintf("rejected with %d %s", e.status(), http.StatusText(e.status()))
	if line, _, _ := strings.Cut(e.Body, "\n"); line != "" {
		text += fmt.Sprintf(", %.100q", line)
	}
	return text
}

func (e *RejectError) status() int {
	if e.Status == 0 {
		return http.StatusForbidden
	}
	return e.Status
}

// rejected makes the refusal out of an error of AcceptOptions.Authorize.
func rejected(err error) *HandshakeError {
	e := refuse(http.StatusForbidden, "not authorized")
	e.Err = err
	reject, ok := errors.AsType[*RejectError](err)
	if !ok || reject == nil {
		return e
	}
	e.Status, e.Header, e.Body = reject.status(), reject.Header, []byte(reject.Body)
	if wrong := e.checkAnswer("RejectError"); wrong != nil {
		return misuse(fmt.Errorf("%w, in the answer of AcceptOptions.Authorize: %w", wrong, err))
	}
	return e
}
