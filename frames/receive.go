package frames

import "fmt"

// receiver is the receiving half of a Machine.
type receiver struct {
	err *Error // the first violation, which is the last word

	frame     Header // the current frame
	remaining int64  // payload bytes of it still to come

	size   int64  // payload bytes the frames of a data message announced; may wrap if there is no limit
	frames int64  // how many they are
	open   bool   // it lacks its end
	op     Opcode // its type, kept after its end
	rsv    RSV    // the bits of its first frame, kept after its end
	text   UTF8   // complete between messages, since anything else is a violation

	closed  *CloseError
	control []byte // the payload of the last control frame that had one; most are small
}

// Header begins the next inbound frame. It is called with what [ParseHeader]
// returned, when [Machine.Remaining] is 0, else it panics. A frame without a
// payload is complete when Header returns, with all that this entails.
//
// The error is an [*Error]: [CloseProtocolError] for a frame that RFC 6455
// sections 5.1, 5.2, 5.4 or 5.5 forbid here and now, [CloseMessageTooBig] and
// [ClosePolicyViolation] for the limits of [Rules], which are applied to what
// the header announces, before any payload, and [CloseInvalidPayload] for a text
// message that ends inside a rune. It is final: every later Header and Payload
// returns the same one.
//
// After a Close frame every further frame is an error; if half-close was
// agreed, pings and pongs are not.
func (m *Machine) Header(h Header) error {
	in := &m.in
	if in.err != nil {
		return in.err
	}
	if in.remaining > 0 {
		panic(fmt.Sprintf("frames: Header with %d payload bytes of the frame before still to come", in.remaining))
	}
	if err := m.check(h); err != nil {
		return in.fail(err)
	}
	in.begin(h)
	if h.Length == 0 {
		return in.complete()
	}
	return nil
}

// Payload takes the next payload bytes of the current frame as they came from
// the wire, at most [Machine.Remaining], else it panics, and writes them to dst
// in the clear. dst and src are used as by [Mask]: dst must be as long as src,
// and be src itself or not overlap it. A payload may come in any number of
// pieces of any length.
//
// The error is an [*Error], and final: [CloseInvalidPayload] for text that no
// further byte can make valid, or that ends inside a rune (RFC 6455 section
// 8.1), and what [ParseClosePayload] says of a Close frame.
func (m *Machine) Payload(dst, src []byte) error {
	in := &m.in
	switch {
	case in.err != nil:
		return in.err
	case len(src) == 0:
		return nil
	case int64(len(src)) > in.remaining:
		panic(fmt.Sprintf("frames: Payload of %d bytes with %d still to come", len(src), in.remaining))
	}
	dst = dst[:len(src)]
	offset := in.frame.Length - in.remaining
	if in.frame.Masked {
		Mask(dst, src, in.frame.Key, offset)
	} else {
		copy(dst, src)
	}
	in.remaining -= int64(len(src))
	if in.frame.Opcode.IsControl() {
		in.control = append(in.control[:offset], dst...)
	} else if in.checksText() && !in.text.Valid(dst) {
		return in.fail(errText)
	}
	if in.remaining == 0 {
		return in.complete()
	}
	return nil
}

// Passed takes note of the next n payload bytes of the current frame, which went
// on without being looked at. That is for the payload of a data frame that is not
// masked, and of which nothing has to be checked: for any other one, and for more
// than [Machine.Remaining], it panics. The error is that of a violation before.
func (m *Machine) Passed(n int64) error {
	in := &m.in
	switch {
	case in.err != nil:
		return in.err
	case n == 0:
		return nil
	case n < 0 || n > in.remaining:
		panic(fmt.Sprintf("frames: Passed %d bytes with %d still to come", n, in.remaining))
	case in.frame.Masked, in.frame.Opcode.IsControl(), in.checksText():
		panic(fmt.Sprintf("frames: Passed payload of a frame that has to be looked at (%v, masked: %v)", in.frame.Opcode, in.frame.Masked))
	}
	if in.remaining -= n; in.remaining == 0 {
		return in.complete()
	}
	return nil
}

// begin takes note of a frame that has been found in order.
func (in *receiver) begin(h Header) {
	in.frame, in.remaining = h, h.Length
	if h.Opcode.IsControl() {
		return
	}
	if h.Opcode != Continuation {
		in.open, in.op, in.rsv = true, h.Opcode, h.RSV
		in.size, in.frames = 0, 0
	}
	in.frames++
	in.size += h.Length
}

// complete ends the current frame: its payload is here.
func (in *receiver) complete() error {
	switch {
	case in.frame.Opcode == Close:
		code, reason, err := ParseClosePayload(in.control[:in.frame.Length])
		if err != nil {
			return in.fail(err.(*Error))
		}
		in.closed = &CloseError{Code: code, Reason: reason}
	case in.frame.Opcode.IsControl(), !in.frame.Fin:
	case in.checksText() && !in.text.Complete():
		return in.fail(errTextEnd)
	default:
		in.open = false
	}
	return nil
}

func (in *receiver) fail(err *Error) error {
	in.err = err
	return err
}

// checksText reports whether the data message being received is text that is
// on the wire as the application will see it.
func (in *receiver) checksText() bool { return in.op == Text && in.rsv == 0 }

// Remaining returns how many payload bytes of the current frame are still to
// come; 0 means that the next thing is a header.
func (m *Machine) Remaining() int64 { return m.in.remaining }

// Frame returns the header of the current frame: the one last accepted by
// [Machine.Header].
func (m *Machine) Frame() Header { return m.in.frame }

// Message describes the data message being received: its type, Text or Binary,
// and the RSV bits of its first frame. open is true from its first header until
// its last frame is complete; then the description stays until the next
// message begins. Before the first message, op is Continuation.
func (m *Machine) Message() (op Opcode, rsv RSV, open bool) {
	return m.in.op, m.in.rsv, m.in.open
}

// Control returns the payload of the current control frame in the clear, as far
// as it has come: all of it, once [Machine.Remaining] is 0. It is empty for a
// data frame. The slice is valid until the next [Machine.Header].
func (m *Machine) Control() []byte {
	if !m.in.frame.Opcode.IsControl() {
		return nil
	}
	return m.in.control[:m.in.frame.Length-m.in.remaining]
}

// CloseReceived returns what the peer said in its Close frame, or nil if none
// has been completely received.
func (m *Machine) CloseReceived() *CloseError { return m.in.closed }

// AtBorder reports whether the inbound side is between two messages, with no
// frame in progress and no violation: the only place where an end loses
// nothing. A Close frame received inside an unfinished message leaves it false
// for good. So the peer has said all it had to say if, and only if,
// CloseReceived is not nil and AtBorder is true.
func (m *Machine) AtBorder() bool {
	return !m.in.open && m.in.remaining == 0 && m.in.err == nil
}
