package frames_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/frames"
)

// TestCloseCodes looks at every code there can be: in the API and in a frame.
func TestCloseCodes(t *testing.T) {
	sendable := func(c int) bool {
		return c >= 1000 && c <= 1003 || c >= 1007 && c <= 1014 || c >= 3000 && c <= 4999
	}
	for c := range 1 << 16 {
		code := frames.CloseCode(c)
		if code.Sendable() != sendable(c) {
			t.Errorf("%v: Sendable is %v", code, code.Sendable())
		}
		got, reason, err := frames.ParseClosePayload([]byte{byte(c >> 8), byte(c), 'o', 'k'})
		if sendable(c) {
			if got != code || reason != "ok" || err != nil {
				t.Errorf("%v: parsed as %v, %q, %v", code, got, reason, err)
			}
			continue
		}
		wantViolation(t, err, frames.CloseProtocolError, "7.4")
		if got != 0 || reason != "" {
			t.Errorf("%v: %v, %q with an error", code, got, reason)
		}
	}
}

func TestCloseCodeString(t *testing.T) {
	tests := map[frames.CloseCode]string{
		0:                              "0",
		999:                            "999",
		frames.CloseNormalClosure:      "1000 (normal closure)",
		frames.CloseGoingAway:          "1001 (going away)",
		frames.CloseProtocolError:      "1002 (protocol error)",
		frames.CloseUnsupportedData:    "1003 (unsupported data)",
		1004:                           "1004",
		frames.CloseNoStatusReceived:   "1005 (no status received)",
		frames.CloseAbnormalClosure:    "1006 (abnormal closure)",
		frames.CloseInvalidPayload:     "1007 (invalid payload data)",
		frames.ClosePolicyViolation:    "1008 (policy violation)",
		frames.CloseMessageTooBig:      "1009 (message too big)",
		frames.CloseMandatoryExtension: "1010 (mandatory extension)",
		frames.CloseInternalError:      "1011 (internal error)",
		frames.CloseServiceRestart:     "1012 (service restart)",
		frames.CloseTryAgainLater:      "1013 (try again later)",
		frames.CloseBadGateway:         "1014 (bad gateway)",
		frames.CloseTLSHandshake:       "1015 (TLS handshake)",
		1016:                           "1016",
		4999:                           "4999",
		65535:                          "65535",
	}
	for code, want := range tests {
		if code.String() != want {
			t.Errorf("%d is %q, want %q", code, code, want)
		}
	}
}

func TestAppendClosePayload(t *testing.T) {
	long := strings.Repeat("r", frames.MaxCloseReason)
	tests := []struct {
		code   frames.CloseCode
		reason string
		want   string // after "x"
		hint   string // in the error's text, "" if there is none
	}{
		{1005, "", "", ""},
		{1000, "", "\x03\xe8", ""},
		{1001, "bye", "\x03\xe9bye", ""},
		{1014, "", "\x03\xf6", ""},
		{3000, "ünï", "\x0b\xb8ünï", ""},
		{4999, long, "\x13\x87" + long, ""},
		{4999, long + "r", "", "shorten it to 123"},
		{1000, "\xff", "", "strings.ToValidUTF8"},
		{1000, "cut \xe2\x82", "", "strings.ToValidUTF8"},
		{1005, "why", "", "use 1000"},
		{0, "", "", "use 1000–1003"},
		{999, "", "", "use 1000–1003"},
		{1004, "", "", "use 1000–1003"},
		{1006, "", "", "use 1000–1003"},
		{1015, "", "", "use 1000–1003"},
		{1016, "", "", "use 1000–1003"},
		{2999, "", "", "use 1000–1003"},
		{5000, "", "", "use 1000–1003"},
		{65535, "", "", "use 1000–1003"},
	}
	for _, tt := range tests {
		got, err := frames.AppendClosePayload([]byte("x"), tt.code, tt.reason)
		if string(got) != "x"+tt.want {
			t.Errorf("%v, %q is %q", tt.code, tt.reason, got)
		}
		if tt.hint != "" {
			if err == nil || !strings.Contains(err.Error(), tt.hint) {
				t.Errorf("%v, %q: error %v does not say %q", tt.code, tt.reason, err, tt.hint)
			}
			continue
		}
		if err != nil {
			t.Errorf("%v, %q: %v", tt.code, tt.reason, err)
		}
		code, reason, err := frames.ParseClosePayload(got[1:])
		if code != tt.code || reason != tt.reason || err != nil {
			t.Errorf("%q came back as %v, %q, %v", got, code, reason, err)
		}
	}
}

func TestParseClosePayloadRefuses(t *testing.T) {
	tests := []struct {
		payload string
		code    frames.CloseCode
		section string
	}{
		{"\x03", frames.CloseProtocolError, "5.5.1"},
		{"\x00\x00", frames.CloseProtocolError, "7.4"},
		{"\x03\xe7", frames.CloseProtocolError, "7.4"},
		{"\x03\xed", frames.CloseProtocolError, "7.4"},
		{"\x13\x88\xff", frames.CloseProtocolError, "7.4"}, // the code comes first
		{"\x03\xe8\xff", frames.CloseInvalidPayload, "5.5.1"},
		{"\x03\xe8ok\xed\xa0\x80", frames.CloseInvalidPayload, "5.5.1"},
		{"\x03\xe8cut \xe2\x82", frames.CloseInvalidPayload, "5.5.1"},
	}
	for _, tt := range tests {
		code, reason, err := frames.ParseClosePayload([]byte(tt.payload))
		wantViolation(t, err, tt.code, tt.section)
		if code != 0 || reason != "" {
			t.Errorf("%q: %v, %q with an error", tt.payload, code, reason)
		}
	}
}

func TestCloseErrorText(t *testing.T) {
	tests := []struct {
		err  error
		want string
	}{
		{&frames.CloseError{Code: 1001, Reason: `"bye"` + "\n"}, `websocket: closed by the peer: 1001 (going away): "\"bye\"\n"`},
		{&frames.CloseError{Code: frames.CloseNoStatusReceived}, `websocket: closed by the peer: 1005 (no status received)`},
	}
	for _, tt := range tests {
		if tt.err.Error() != tt.want {
			t.Errorf("got %s, want %s", tt.err, tt.want)
		}
		if !errors.As(tt.err, new(*frames.CloseError)) {
			t.Error("not a *CloseError")
		}
	}
}
