package frames_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/frames"
)

func randomBytes(rng *rand.Rand, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(rng.Uint32())
	}
	return p
}

func mustPanic(t *testing.T, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Error("did not panic")
		}
	}()
	f()
}

// wantViolation fails the test unless err is an *Error with this code and this
// section of RFC 6455.
func wantViolation(t *testing.T, err error, code frames.CloseCode, section string) {
	t.Helper()
	var e *frames.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %v, want %v of section %s", err, code, section)
	}
	if e.Code != code || e.Rule != "RFC 6455 section "+section {
		t.Errorf("error is %v, %q; want %v, section %s", e.Code, e, code, section)
	}
	if e.Text == "" || !strings.Contains(e.Error(), e.Text) || !strings.Contains(e.Error(), e.Rule) {
		t.Errorf("text %q lacks the fault or the rule", e)
	}
}

// frame builds the bytes of a frame by hand, without the code under test: b0 is
// the first byte, and a key other than zero masks. The length is in its
// shortest form.
func frame(b0 byte, key frames.Key, payload string) []byte {
	raw := rawHeader(b0, key != frames.Key{}, key, uint64(len(payload)))
	for i := range len(payload) {
		raw = append(raw, payload[i]^key[i%4])
	}
	return raw
}

// rawHeader builds the bytes of a header by hand.
func rawHeader(b0 byte, masked bool, key frames.Key, length uint64) []byte {
	form, extra := byte(length), 0
	if length > 125 {
		form, extra = 126, 2
	}
	if length > 65535 {
		form, extra = 127, 8
	}
	if masked {
		form |= 0x80
	}
	raw := []byte{b0, form}
	for i := extra - 1; i >= 0; i-- {
		raw = append(raw, byte(length>>(8*i)))
	}
	if masked {
		raw = append(raw, key[:]...)
	}
	return raw
}

// join concatenates frames to what a connection carries.
func join(frames ...[]byte) []byte {
	var all []byte
	for _, f := range frames {
		all = append(all, f...)
	}
	return all
}
