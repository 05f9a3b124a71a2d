package testnet

import "errors"

// ErrInjected is the error of [ReadError], [WriteError] and [ShortWrite]. It
// comes inside a [*net.OpError], as the errors of sockets do.
var ErrInjected = errors.New("testnet: injected fault")

// Op is which operations of a connection a [Fault] counts.
type Op int

// The operations of a connection.
const (
	Read Op = 1 << iota
	Write
	Any = Read | Write
)

// Kind is what goes wrong.
type Kind int

// The kinds of fault. Each happens once, at the Nth operation that counts;
// afterwards the connection goes on if it still can, so that code which must
// remember a failure cannot rely on the transport to repeat it.
const (
	None       Kind = iota
	ReadError       // the Nth Read fails with [ErrInjected]
	WriteError      // the Nth Write fails with [ErrInjected], nothing is sent
	ShortWrite      // as WriteError, but half of it is sent
	Stall           // the operation waits for its deadline or for Close
	StallHalf       // the Nth Write sends half of it, and then is a Stall
	Reset           // both ends see ECONNRESET ([Abort])
	Hook            // Fault.Hook is called, then the operation goes on
	CutFIN          // after exactly Fault.Bytes bytes the direction ends
	CutRST          // after exactly Fault.Bytes bytes both ends see ECONNRESET
)

// Fault says what goes wrong with a connection, and when. The zero value is no
// fault.
type Fault struct {
	Kind Kind

	// N is at which operation, counted from 1. Zero never comes. The cuts do
	// not use it.
	N int

	// Op is which operations count; zero means Any. ReadError counts Reads
	// whatever it says, and WriteError, ShortWrite and StallHalf Writes. For
	// the cuts it is the direction, as seen from the wrapped end: Read or
	// Write. A CutFIN of Read is a peer that ends its stream there, one of
	// Write ends the stream to the peer and fails later Writes with EPIPE.
	Op Op

	// Bytes is where the cuts happen. A CutRST of Write may take along bytes
	// that the peer has not read yet: that is the nature of a reset. A cut
	// counts exactly while no two Reads, and no two Writes, run at the same
	// time.
	Bytes int64

	// Hook is called by the operation itself, before it does anything.
	Hook func()

	// Slice is the most bytes that one Read returns. Zero means no limit. It
	// goes together with any Kind.
	Slice int

	// DeadlineKillsWrite makes the transport one as crypto/tls is: once a
	// deadline has failed a Write, all later Writes fail with the same error.
	// WriteSurvivesDeadline then says false.
	DeadlineKillsWrite bool
}

// counts says which operations bring the fault nearer.
func (f *Fault) counts() Op {
	switch {
	case f.Kind == ReadError:
		return Read
	case f.Kind == WriteError, f.Kind == ShortWrite, f.Kind == StallHalf:
		return Write
	case f.Op == 0:
		return Any
	}
	return f.Op
}

func (f *Fault) cuts() bool { return f.Kind == CutFIN || f.Kind == CutRST }
