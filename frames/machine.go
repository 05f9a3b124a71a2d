package frames

// Role is the part that this end of a connection plays (RFC 6455 section 1.2).
// It decides who masks: a client every frame it sends, a server none (section
// 5.1).
type Role byte

// The two ends of a connection.
const (
	Client Role = iota // the end that dialed
	Server             // the end that accepted
)

// Rules are what a [Machine] has to know of its connection: what the handshake
// agreed, and the limits of this end.
type Rules struct {
	// Role is the role of this end.
	Role Role

	// RSV is the set of bits that agreed extensions may set on the first frame
	// of a data message. A message that has one of them belongs to its
	// extension: what lies on the wire is not the text or the size that the
	// application will see, so neither UTF-8 nor MaxMessage is checked here.
	RSV RSV

	// HalfClose says that both ends agreed to go on after one of them has sent
	// its Close frame: the other one may still send data, and both of them
	// pings and pongs. RFC 6455 has no such thing (section 5.5.1); it is for an
	// extension to agree.
	HalfClose bool

	// MaxMessage is the largest message to receive, in bytes of payload over
	// all its frames; a frame that would exceed it is refused with
	// [CloseMessageTooBig] before any of its payload. Zero means no limit.
	MaxMessage int64

	// MaxFragments is the largest number of frames to receive in one message,
	// empty ones included. One more is refused with [ClosePolicyViolation], not
	// with CloseMessageTooBig: the message may be tiny, it is the work per
	// frame that this limit bounds, and a peer that hears "too big" would
	// be led to change the wrong thing. Zero means no limit.
	MaxFragments int
}

// Machine is what one end of a connection remembers between frames, and the
// judge of what may come next: RFC 6455 sections 5.1, 5.2, 5.4, 5.5 and 8.1. It
// is told of everything and does nothing itself.
//
// It has two halves that share nothing that changes. The receiving half
// ([Machine.Header], [Machine.Payload], [Machine.Passed] and what reports on them) serves one
// goroutine at a time, the sending half ([Machine.Send], [Machine.CloseSent])
// another, and [Machine.Role] any. A Machine must not be copied once it is in
// use.
type Machine struct {
	rules Rules
	in    receiver
	out   sender
}

// NewMachine returns a Machine for a connection whose handshake is done and on
// which no frame has passed yet. It is a value, to be a field of something.
func NewMachine(rules Rules) Machine { return Machine{rules: rules} }

// Role returns the role of this end.
func (m *Machine) Role() Role { return m.rules.Role }

// SetLimits changes [Rules.MaxMessage] and [Rules.MaxFragments] from the next
// [Machine.Header] on; what a message that is open has had already counts. It
// belongs to the receiving half.
func (m *Machine) SetLimits(maxMessage int64, maxFragments int) {
	m.rules.MaxMessage, m.rules.MaxFragments = maxMessage, maxFragments
}
