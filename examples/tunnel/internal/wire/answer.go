package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
)

// Code is what has become of a request.
type Code byte

const (
	// OK grants it.
	OK Code = iota
	// Denied is for what the other end does not allow.
	Denied
	// Refused is for a target that refuses connections.
	Refused
	// Unreachable is for a host or a network that cannot be reached.
	Unreachable
	// TimedOut is for a target that has not answered.
	TimedOut
	// NotFound is for a host name that does not exist, or a socket.
	NotFound
	// Busy is for an address that is listened at already.
	Busy
	// Malformed is for a request that cannot be understood.
	Malformed
	// Failed is for everything else.
	Failed
)

// Refusal is the error of a request that was not granted.
type Refusal struct {
	Code Code
	Text string // what happened, and what to do
}

// Error returns the text.
func (e *Refusal) Error() string { return e.Text }

// Refuse makes a refusal of an error, as of a dial or of a listen. One that is
// a refusal already stays as it is.
func Refuse(err error) *Refusal {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r
	}
	return &Refusal{code(err), err.Error()}
}

func code(err error) Code {
	dns, isDNS := errors.AsType[*net.DNSError](err)
	switch {
	case isDNS && dns.IsNotFound, errors.Is(err, os.ErrNotExist):
		return NotFound
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return Unreachable
	case errors.Is(err, syscall.EADDRINUSE):
		return Busy
	case errors.Is(err, context.DeadlineExceeded), timeout(err):
		return TimedOut
	}
	return Failed
}

func timeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// WriteGrant answers that a request is granted. Text is for Listen: where.
func WriteGrant(w io.Writer, text string) error {
	return writeText(w, byte(OK), text)
}

// WriteRefusal answers that a request is not granted.
func WriteRefusal(w io.Writer, r *Refusal) error {
	return writeText(w, byte(r.Code), r.Text[:min(len(r.Text), maxText)])
}

// ReadAnswer reads an answer, and nothing beyond it. The error is a *Refusal if
// the request was not granted, and else why there is no answer.
func ReadAnswer(r io.Reader) (text string, err error) {
	first, text, err := readText(r)
	switch {
	case err != nil:
		return "", fmt.Errorf("the other end has not answered: %w", err)
	case Code(first) == OK:
		return text, nil
	}
	return "", &Refusal{Code(first), text}
}
