package wsconn

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
)

func TestHandshakeErrorTexts(t *testing.T) {
	for _, tt := range []struct {
		err  HandshakeError
		want string
	}{
		{HandshakeError{URL: "ws://h/", Status: 404, Reason: "why"}, "wsconn: dial ws://h/: why"},
		{HandshakeError{URL: "ws://h/", Reason: "why", Err: io.EOF}, "wsconn: dial ws://h/: why: EOF"},
		{HandshakeError{RemoteAddr: "1.2.3.4:5", Status: 403, Reason: "why"}, "wsconn: accept from 1.2.3.4:5: why (answered with 403 Forbidden)"},
		{HandshakeError{RemoteAddr: "1.2.3.4:5", Reason: "why", Err: io.EOF}, "wsconn: accept from 1.2.3.4:5: why: EOF"},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

func TestHandshakeErrorTimeout(t *testing.T) {
	for _, tt := range []struct {
		cause error
		want  bool
	}{
		{nil, false},
		{io.EOF, false},
		{context.Canceled, false},
		{context.DeadlineExceeded, true},
		{os.ErrDeadlineExceeded, true},
		{&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, true},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, false},
		{&net.DNSError{IsTimeout: true}, true},
	} {
		e := &HandshakeError{Err: tt.cause}
		if e.Timeout() != tt.want || e.Temporary() != tt.want || e.Unwrap() != tt.cause {
			t.Errorf("%v: Timeout is %v", tt.cause, e.Timeout())
		}
	}
}

func TestRedactURL(t *testing.T) {
	for in, want := range map[string]string{
		"":                         "",
		"ws://h/":                  "ws://h/",
		"ws://user:pass@h/":        "ws://h/",
		"ws://user:p@ss@h:x/":      "ws://h:x/",
		"ws://user:p/ss@h/":        "ws://h/",
		"ws+unix:/s@t:/p":          "...@t:/p",
		"ws+unix://user:pass@/s:/": "ws+unix:///s:/",
		"/path@x":                  "/path@x",
		"user:pass@h/":             "...@h/",
		"ws:/user:pass@h/":         "...@h/",
		"//user:pass@h/":           "...@h/",
	} {
		if got := redactURL(in); got != want {
			t.Errorf("redactURL(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestRefusalReasonIsBounded(t *testing.T) {
	long := string(make([]byte, 1<<20))
	e := &HandshakeError{Status: 302, Header: http.Header{"Location": {long}}, Body: []byte(long)}
	if n := len(refusalReason(e)); n > 2000 {
		t.Errorf("%d bytes of text", n)
	}
}
