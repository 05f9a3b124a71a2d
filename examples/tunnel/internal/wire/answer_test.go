package wire_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
)

func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		name, text, bytes string
		refused           wire.Code // OK means granted
	}{
		{"granted", "", "\x00\x00\x00", wire.OK},
		{"granted, and where", "127.0.0.1:7", "\x00\x00\x0b127.0.0.1:7", wire.OK},
		{"denied", "no", "\x01\x00\x02no", wire.Denied},
		{"refused", "no", "\x02\x00\x02no", wire.Refused},
		{"unreachable", "no", "\x03\x00\x02no", wire.Unreachable},
		{"timed out", "no", "\x04\x00\x02no", wire.TimedOut},
		{"not found", "no", "\x05\x00\x02no", wire.NotFound},
		{"busy", "no", "\x06\x00\x02no", wire.Busy},
		{"malformed", "no", "\x07\x00\x02no", wire.Malformed},
		{"failed, without a word", "", "\x08\x00\x00", wire.Failed},
		{"a code of the future", "no", "\xfe\x00\x02no", 0xfe},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var w oneWrite
			write := func() error { return wire.WriteGrant(&w, tt.text) }
			if tt.refused != wire.OK {
				write = func() error { return wire.WriteRefusal(&w, &wire.Refusal{Code: tt.refused, Text: tt.text}) }
			}
			if err := write(); err != nil || w.String() != tt.bytes {
				t.Errorf("written %q, %v, want %q", &w, err, tt.bytes)
			}
			r := strings.NewReader(tt.bytes + "data")
			text, err := wire.ReadAnswer(r)
			if refusal, ok := errors.AsType[*wire.Refusal](err); ok {
				text = refusal.Text
				if refusal.Code != tt.refused {
					t.Errorf("the code is %d, want %d", refusal.Code, tt.refused)
				}
			} else if err != nil || tt.refused != wire.OK {
				t.Errorf("the error is %v", err)
			}
			if text != tt.text {
				t.Errorf("the text is %q, want %q", text, tt.text)
			}
			wantRest(t, r)
		})
	}
}

// A reason is cut rather than not given.
func TestLongRefusal(t *testing.T) {
	var w oneWrite
	text := strings.Repeat("x", 5000)
	if err := wire.WriteRefusal(&w, &wire.Refusal{Code: wire.Failed, Text: text}); err != nil {
		t.Fatal(err)
	}
	_, err := wire.ReadAnswer(&w)
	if refusal, ok := errors.AsType[*wire.Refusal](err); !ok || refusal.Text != text[:4096] {
		t.Errorf("the other end reads %.50v", err)
	}
	if err := wire.WriteGrant(&w, text); err == nil {
		t.Error("a grant was cut")
	}
}

func TestRefuse(t *testing.T) {
	errno := func(e syscall.Errno) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", e)}
	}
	_, noFile := os.Stat(filepath.Join(t.TempDir(), "missing"))
	expired, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	_, late := new(net.Dialer).DialContext(expired, "tcp", "127.0.0.1:1")
	for _, tt := range []struct {
		name string
		err  error
		code wire.Code
	}{
		{"a closed port", dialClosed(t), wire.Refused},
		{"a port that is taken", listenTwice(t), wire.Busy},
		{"no such host", &net.DNSError{Err: "no such host", Name: "h", IsNotFound: true}, wire.NotFound},
		{"a resolver that is slow", &net.DNSError{Err: "timeout", Name: "h", IsTimeout: true}, wire.TimedOut},
		{"a resolver that fails", &net.DNSError{Err: "SERVFAIL", Name: "h", IsTemporary: true}, wire.Failed},
		{"no such socket", noFile, wire.NotFound},
		{"no route to the host", errno(syscall.EHOSTUNREACH), wire.Unreachable},
		{"no route to the network", errno(syscall.ENETUNREACH), wire.Unreachable},
		{"a host that does not answer", errno(syscall.ETIMEDOUT), wire.TimedOut},
		{"a dial that was late", late, wire.TimedOut},
		{"a context that was late", fmt.Errorf("why: %w", context.DeadlineExceeded), wire.TimedOut},
		{"anything else", errors.New("why"), wire.Failed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := wire.Refuse(tt.err)
			if got.Code != tt.code || got.Text != tt.err.Error() {
				t.Errorf("%v is %d %q, want code %d", tt.err, got.Code, got.Text, tt.code)
			}
		})
	}
	refusal := &wire.Refusal{Code: wire.Denied, Text: "no"}
	if got := wire.Refuse(fmt.Errorf("about it: %w", refusal)); got != refusal {
		t.Errorf("a refusal became %v", got)
	}
}

// dialClosed returns the error of a dial to where nobody listens.
func dialClosed(t *testing.T) error {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err == nil {
		c.Close()
		t.Fatal("somebody listens there")
	}
	return err
}

// listenTwice returns the error of listening where somebody listens.
func listenTwice(t *testing.T) error {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	again, err := net.Listen("tcp", l.Addr().String())
	if err == nil {
		again.Close()
		t.Fatal("two can listen there")
	}
	return err
}
