package frames

import "fmt"

// Opcode says what a frame carries (RFC 6455 section 5.2). It has four bits on
// the wire; the values without a name here are reserved, and [Machine] refuses
// them in both directions.
type Opcode byte

// The opcodes of RFC 6455 section 11.8.
const (
	Continuation Opcode = 0x0 // the next fragment of the message that is open
	Text         Opcode = 0x1 // the first frame of a message of UTF-8 text
	Binary       Opcode = 0x2 // the first frame of a message of bytes
	Close        Opcode = 0x8 // the last frame of its sender
	Ping         Opcode = 0x9 // asks for a Pong with the same payload
	Pong         Opcode = 0xA // answers a Ping, or is a sign of life of its own
)

// IsControl reports whether op marks a control frame: one that is whole in
// itself and may lie between the fragments of a message. As RFC 6455 section
// 5.5 has it, that is so for every opcode whose top bit is set, the reserved
// ones included.
func (op Opcode) IsControl() bool { return op&0x8 != 0 }

// known reports whether op is one of those the RFC has given a meaning.
func (op Opcode) known() bool { return op <= Binary || op >= Close && op <= Pong }

// String returns the name of the opcode in lower case, or "opcode 0x3" for one
// that is reserved.
func (op Opcode) String() string {
	switch op {
	case Continuation:
		return "continuation"
	case Text:
		return "text"
	case Binary:
		return "binary"
	case Close:
		return "close"
	case Ping:
		return "ping"
	case Pong:
		return "pong"
	}
	return fmt.Sprintf("opcode %#x", byte(op))
}
