package mux

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The wire format of yamux: every frame has a header of twelve bytes, and one
// that carries data so many bytes behind it.

// headerSize is that of a header.
const headerSize = 12

// initialWindow is how much each end of a new stream may send at first.
const initialWindow = 256 << 10

// kind is what a frame is for.
type kind uint8

const (
	kindData   kind = iota // carries length bytes
	kindWindow             // length more may be sent
	kindPing               // length identifies it
	kindGoAway             // length is the reason
)

// flags change the state of a stream, or tell a Ping (syn) from its answer
// (ack).
type flags uint16

const (
	syn flags = 1 << iota // a new stream
	ack                   // a new stream is known here, too
	fin                   // nothing more will be sent
	rst                   // the stream is gone
)

// goAwayNormal is the reason of an end that only opens no more streams.
const goAwayNormal = 0

// header is what stands before each frame.
type header struct {
	kind   kind
	flags  flags
	stream uint32
	length uint32
}

// append appends the header as it goes on the wire.
func (h header) append(b []byte) []byte {
	b = append(b, 0, byte(h.kind))
	b = binary.BigEndian.AppendUint16(b, uint16(h.flags))
	b = binary.BigEndian.AppendUint32(b, h.stream)
	return binary.BigEndian.AppendUint32(b, h.length)
}

// errFrameTooLarge is for a body that no int of this machine can count.
var errFrameTooLarge = errors.New("a frame of more than 2 GiB")

// parseHeader reads the header that b begins with.
func parseHeader(b []byte) (header, error) {
	h := header{
		kind:   kind(b[1]),
		flags:  flags(binary.BigEndian.Uint16(b[2:])),
		stream: binary.BigEndian.Uint32(b[4:]),
		length: binary.BigEndian.Uint32(b[8:]),
	}
	switch {
	case b[0] != 0:
		return h, fmt.Errorf("version %d of the protocol, which is not known", b[0])
	case h.kind > kindGoAway:
		return h, fmt.Errorf("a frame of type %d, which is not known", b[1])
	case h.kind == kindData && h.length > 1<<31-1:
		return h, errFrameTooLarge
	}
	return h, nil
}
