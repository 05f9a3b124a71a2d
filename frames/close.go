package frames

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// CloseCode is the status code of a Close frame (RFC 6455 section 7.4).
type CloseCode uint16

// The codes of RFC 6455 section 7.4.1 and of IANA's registry. Those from 3000
// to 3999 are registered there by libraries, those from 4000 to 4999 belong to
// the application.
const (
	CloseNormalClosure      CloseCode = 1000 // what the connection was for is done
	CloseGoingAway          CloseCode = 1001 // a server stops, a page is left
	CloseProtocolError      CloseCode = 1002
	CloseUnsupportedData    CloseCode = 1003 // a type of message the application cannot take
	CloseNoStatusReceived   CloseCode = 1005 // never sent: the Close frame had no code
	CloseAbnormalClosure    CloseCode = 1006 // never sent: there was no Close frame
	CloseInvalidPayload     CloseCode = 1007 // text that is not UTF-8
	ClosePolicyViolation    CloseCode = 1008
	CloseMessageTooBig      CloseCode = 1009
	CloseMandatoryExtension CloseCode = 1010 // the server did not agree to an extension
	CloseInternalError      CloseCode = 1011
	CloseServiceRestart     CloseCode = 1012
	CloseTryAgainLater      CloseCode = 1013
	CloseBadGateway         CloseCode = 1014
	CloseTLSHandshake       CloseCode = 1015 // never sent: TLS failed
)

// MaxCloseReason is the largest reason of a Close frame, in bytes: what the
// code leaves of [MaxControlPayload].
const MaxCloseReason = MaxControlPayload - 2

// Sendable reports whether c may stand in a Close frame (RFC 6455 section
// 7.4): 1000–1003, 1007–1014 and 3000–4999. The others are reserved, or are
// names for an end without a code, which a frame would make a lie.
func (c CloseCode) Sendable() bool {
	switch {
	case c >= CloseNormalClosure && c <= CloseUnsupportedData:
		return true
	case c >= CloseInvalidPayload && c <= CloseBadGateway:
		return true
	}
	return c >= 3000 && c <= 4999
}

// String returns the number, followed by its meaning if it has one here:
// "1001 (going away)".
func (c CloseCode) String() string {
	s := strconv.Itoa(int(c))
	if t := c.text(); t != "" {
		s += " (" + t + ")"
	}
	return s
}

func (c CloseCode) text() string {
	switch c {
	case CloseNormalClosure:
		return "normal closure"
	case CloseGoingAway:
		return "going away"
	case CloseProtocolError:
		return "protocol error"
	case CloseUnsupportedData:
		return "unsupported data"
	case CloseNoStatusReceived:
		return "no status received"
	case CloseAbnormalClosure:
		return "abnormal closure"
	case CloseInvalidPayload:
		return "invalid payload data"
	case ClosePolicyViolation:
		return "policy violation"
	case CloseMessageTooBig:
		return "message too big"
	case CloseMandatoryExtension:
		return "mandatory extension"
	case CloseInternalError:
		return "internal error"
	case CloseServiceRestart:
		return "service restart"
	case CloseTryAgainLater:
		return "try again later"
	case CloseBadGateway:
		return "bad gateway"
	case CloseTLSHandshake:
		return "TLS handshake"
	}
	return ""
}

// AppendClosePayload appends the payload of a Close frame to dst and returns
// the extended slice (RFC 6455 section 5.5.1). [CloseNoStatusReceived] stands
// for a frame without a payload, as it does in [ParseClosePayload], and takes no
// reason.
//
// If the code may not be sent, or the reason is longer than [MaxCloseReason]
// bytes or is not valid UTF-8, it returns dst as it was and an error that says
// what would do. A reason is never cut: where to do that, between runes, is the
// caller's choice.
func AppendClosePayload(dst []byte, code CloseCode, reason string) ([]byte, error) {
	if code == CloseNoStatusReceived {
		if reason != "" {
			return dst, errors.New("frames: a close reason needs a code: use 1000, or leave the reason empty")
		}
		return dst, nil
	}
	if !code.Sendable() {
		return dst, fmt.Errorf("frames: close code %v cannot be sent: use 1000–1003, 1007–1014 or 3000–4999", code)
	}
	if len(reason) > MaxCloseReason {
		return dst, fmt.Errorf("frames: a close reason of %d bytes: shorten it to %d", len(reason), MaxCloseReason)
	}
	if !utf8.ValidString(reason) {
		return dst, errors.New("frames: a close reason that is not valid UTF-8: pass it through strings.ToValidUTF8")
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(code))
	return append(dst, reason...), nil
}

// ParseClosePayload reads the unmasked payload of a Close frame (RFC 6455
// section 5.5.1). An empty one means [CloseNoStatusReceived].
//
// The error is an [*Error]: [CloseProtocolError] for a payload of one byte or
// a code that may not be sent (section 7.4), [CloseInvalidPayload] for a reason
// that is not UTF-8.
func ParseClosePayload(p []byte) (CloseCode, string, error) {
	switch len(p) {
	case 0:
		return CloseNoStatusReceived, "", nil
	case 1:
		return 0, "", violation(CloseProtocolError, "5.5.1", "a Close frame with half a status code")
	}
	code := CloseCode(binary.BigEndian.Uint16(p))
	if !code.Sendable() {
		return 0, "", violation(CloseProtocolError, "7.4", "a Close frame with code %v, which cannot be sent", code)
	}
	if !utf8.Valid(p[2:]) {
		return 0, "", violation(CloseInvalidPayload, "5.5.1", "a Close frame with a reason that is not UTF-8")
	}
	return code, string(p[2:]), nil
}
