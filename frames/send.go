package frames

// sender is the sending half of a Machine.
type sender struct {
	open   bool // a data message lacks its final frame
	closed bool // a Close frame has been sent
}

// Send returns the header for the next outbound frame, and takes it as sent.
// Length, and for a client a fresh Key, are left to the caller, who also keeps a
// control frame to [MaxControlPayload] bytes; Masked is set by the role of
// this end.
//
// A message begins with Text or Binary and goes on with Continuation until fin;
// only its first frame may carry RSV bits. Control frames may come in between. A
// Close frame may, too, but tells the peer that the message will never be
// whole. After it nothing more may be sent, or only pings and pongs if half-close
// was agreed.
//
// What is not allowed (RFC 6455 sections 5.2, 5.4 and 5.5) is one of the errors
// [ErrSentClose], [ErrMessageOpen], [ErrNoMessage], [ErrControlFragment],
// [ErrOpcode] and [ErrRSV], and changes nothing.
func (m *Machine) Send(op Opcode, rsv RSV, fin bool) (Header, error) {
	if err := m.checkSend(op, rsv, fin); err != nil {
		return Header{}, err
	}
	if op == Close {
		m.out.closed = true
	}
	if !op.IsControl() {
		m.out.open = !fin
	}
	return Header{Fin: fin, RSV: rsv, Opcode: op, Masked: m.rules.Role == Client}, nil
}

func (m *Machine) checkSend(op Opcode, rsv RSV, fin bool) error {
	allowed := m.rules.RSV
	if op == Continuation || op.IsControl() {
		allowed = 0
	}
	switch {
	case !op.known():
		return ErrOpcode
	case m.out.closed && !(m.rules.HalfClose && (op == Ping || op == Pong)):
		return ErrSentClose
	case op.IsControl() && !fin:
		return ErrControlFragment
	case op == Continuation && !m.out.open:
		return ErrNoMessage
	case (op == Text || op == Binary) && m.out.open:
		return ErrMessageOpen
	case rsv&^allowed != 0:
		return ErrRSV
	}
	return nil
}

// CloseSent reports whether [Machine.Send] has let a Close frame pass.
func (m *Machine) CloseSent() bool { return m.out.closed }
