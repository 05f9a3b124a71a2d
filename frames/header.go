package frames

import "encoding/binary"

// MaxHeaderSize is the size of the longest frame header: two bytes, a 64-bit
// length and a masking key. A buffer of this many bytes always suffices for
// [AppendHeader], and [ParseHeader] never asks for more.
const MaxHeaderSize = 14

// MaxControlPayload is the largest payload of a control frame (RFC 6455
// section 5.5).
const MaxControlPayload = 125

// RSV is the set of the three bits that RFC 6455 section 5.2 reserves for
// extensions, where they lie in the first byte of a header.
type RSV byte

// The reserved bits. RSV1 is that of permessage-deflate (RFC 7692 section 6).
const (
	RSV1 RSV = 0x40
	RSV2 RSV = 0x20
	RSV3 RSV = 0x10
)

// Key is the masking key of a frame (RFC 6455 section 5.3). A client has to
// draw a new one, that nobody can predict, for every frame it sends; this
// package draws none.
type Key [4]byte

// Header is what stands before the payload of a frame (RFC 6455 section 5.2).
// It is a plain value: whether the protocol allows such a frame here and now
// is for a [Machine] to say.
type Header struct {
	Fin    bool   // the last frame of its message
	RSV    RSV    // extension bits
	Opcode Opcode // what the frame carries
	Masked bool   // Key is on the wire, and the payload is masked with it
	Key    Key    // of no meaning unless Masked
	Length int64  // bytes of payload
}

// The layout of the two bytes that every header begins with, and the values of
// the seven-bit length that announce a longer one.
const (
	finBit     = 0x80
	rsvBits    = 0x70
	opcodeBits = 0x0f
	maskBit    = 0x80
	lengthBits = 0x7f

	length16 = 126
	length64 = 127
)

// Size returns the number of bytes that [AppendHeader] writes for h: 2 to 14.
func (h Header) Size() int {
	n := 2
	// Unsigned, so that a negative Length counts as the 64-bit pattern that
	// AppendHeader writes for it.
	switch l := uint64(h.Length); {
	case l > 0xffff:
		n += 8
	case l > MaxControlPayload:
		n += 2
	}
	if h.Masked {
		n += len(h.Key)
	}
	return n
}

// AppendHeader appends h to dst as it goes on the wire, with the length in the
// shortest of its three forms, which is the only one that RFC 6455 section 5.2
// allows, and returns the extended slice. It does not allocate if dst has room
// for [Header.Size] bytes.
//
// Bits of RSV and Opcode that have no place in a header are dropped. A negative
// Length is a mistake of the caller; what is written then is a header that
// every parser refuses.
func AppendHeader(dst []byte, h Header) []byte {
	var mask byte
	if h.Masked {
		mask = maskBit
	}
	b0 := byte(h.RSV)&rsvBits | byte(h.Opcode)&opcodeBits
	if h.Fin {
		b0 |= finBit
	}
	switch l := uint64(h.Length); {
	case l > 0xffff:
		dst = append(dst, b0, mask|length64)
		dst = binary.BigEndian.AppendUint64(dst, l)
	case l > MaxControlPayload:
		dst = append(dst, b0, mask|length16, byte(l>>8), byte(l))
	default:
		dst = append(dst, b0, mask|byte(l))
	}
	if h.Masked {
		dst = append(dst, h.Key[:]...)
	}
	return dst
}

// ParseHeader reads the header that b begins with and returns it with its size
// n. If b holds only a part of it, n is 0 and err is nil: call again, from the
// same first byte, when there is more; [MaxHeaderSize] bytes are always enough.
//
// The error is an [*Error] with [CloseProtocolError] if the length is not in
// its shortest form or has its top bit set (RFC 6455 section 5.2). It comes as
// soon as the bytes at hand show it, even if the header is not complete yet:
// a peer that sends the half of a bad header and waits is answered, too.
// Every other rule needs to know who sends and what came before; it is checked
// by [Machine.Header].
//
// ParseHeader does not allocate, does not keep b, and may be called from
// several goroutines.
func ParseHeader(b []byte) (h Header, n int, err error) {
	if len(b) < 2 {
		return Header{}, 0, nil
	}
	length, n, err := parseLength(b)
	if n == 0 {
		return Header{}, 0, err
	}
	h = Header{
		Fin:    b[0]&finBit != 0,
		RSV:    RSV(b[0] & rsvBits),
		Opcode: Opcode(b[0] & opcodeBits),
		Masked: b[1]&maskBit != 0,
		Length: length,
	}
	if h.Masked {
		if len(b) < n+len(h.Key) {
			return Header{}, 0, nil
		}
		n += copy(h.Key[:], b[n:])
	}
	return h, n, nil
}

// parseLength returns the payload length and where it ends in b, which has at
// least two bytes; n is 0 if it is incomplete or wrong.
func parseLength(b []byte) (length int64, n int, err error) {
	l := int64(b[1] & lengthBits)
	switch l {
	case length16:
		if len(b) < 4 {
			return 0, 0, nil
		}
		l = int64(binary.BigEndian.Uint16(b[2:]))
		if l <= MaxControlPayload {
			return 0, 0, errLengthForm
		}
		return l, 4, nil
	case length64:
		return parseLength64(b)
	}
	return l, 2, nil
}

func parseLength64(b []byte) (length int64, n int, err error) {
	if len(b) > 2 && b[2]&0x80 != 0 {
		return 0, 0, errLengthSign
	}
	if len(b) < 8 {
		return 0, 0, nil
	}
	// With the upper six bytes zero, the value would have fit in sixteen bits,
	// whatever the last two are.
	if binary.BigEndian.Uint64(b)<<16 == 0 {
		return 0, 0, errLengthForm
	}
	if len(b) < 10 {
		return 0, 0, nil
	}
	return int64(binary.BigEndian.Uint64(b[2:])), 10, nil
}

var (
	errLengthForm = violation(CloseProtocolError, "5.2", "the payload length is not in its shortest form")
	errLengthSign = violation(CloseProtocolError, "5.2", "the top bit of the payload length is set")
)
