package frames

// Violations whose text needs no detail of the frame.
var (
	errUnmasked   = violation(CloseProtocolError, "5.1", "a client sent a frame that is not masked")
	errMasked     = violation(CloseProtocolError, "5.1", "a server sent a masked frame")
	errAfterClose = violation(CloseProtocolError, "5.5.1", "a frame after the Close frame")
	errText       = violation(CloseInvalidPayload, "8.1", "a text message that is not UTF-8")
	errTextEnd    = violation(CloseInvalidPayload, "8.1", "a text message that ends inside a rune")
)

// check returns the rule that h breaks, in the order of the sections, or nil.
// It changes nothing.
func (m *Machine) check(h Header) *Error {
	if err := m.checkMask(h); err != nil {
		return err
	}
	if h.Length < 0 {
		return errLengthSign
	}
	if !h.Opcode.known() {
		return violation(CloseProtocolError, "5.2", "a frame with reserved %v", h.Opcode)
	}
	if err := m.checkRSV(h); err != nil {
		return err
	}
	if h.Opcode.IsControl() {
		return m.checkControl(h)
	}
	return m.checkData(h)
}

// checkMask: section 5.1. A client masks every frame, a server none.
func (m *Machine) checkMask(h Header) *Error {
	switch {
	case m.rules.Role == Server && !h.Masked:
		return errUnmasked
	case m.rules.Role == Client && h.Masked:
		return errMasked
	}
	return nil
}

// checkRSV: section 5.2. A bit may be set only where an agreed extension gives
// it a meaning.
func (m *Machine) checkRSV(h Header) *Error {
	allowed := m.rules.RSV
	if h.Opcode == Continuation || h.Opcode.IsControl() {
		allowed = 0
	}
	if bad := h.RSV &^ allowed; bad != 0 {
		return violation(CloseProtocolError, "5.2", "a %v frame with RSV bits %#x", h.Opcode, byte(bad))
	}
	return nil
}

// checkControl: section 5.5, and 5.5.1 for what may follow a Close frame.
func (m *Machine) checkControl(h Header) *Error {
	switch {
	case !h.Fin:
		return violation(CloseProtocolError, "5.5", "a fragmented %v frame", h.Opcode)
	case h.Length > MaxControlPayload:
		return violation(CloseProtocolError, "5.5", "a %v frame of %d bytes", h.Opcode, h.Length)
	case m.in.closed != nil && (h.Opcode == Close || !m.rules.HalfClose):
		return errAfterClose
	}
	return nil
}

// checkData: section 5.4, 5.5.1, and the limits, for which section 10.4 allows.
func (m *Machine) checkData(h Header) *Error {
	in := &m.in
	switch {
	case m.in.closed != nil:
		return errAfterClose
	case h.Opcode == Continuation && !in.open:
		return violation(CloseProtocolError, "5.4", "a continuation frame while no message is open")
	case h.Opcode != Continuation && in.open:
		return violation(CloseProtocolError, "5.4", "a new %v message inside an unfinished one", h.Opcode)
	}
	size, frames, rsv := in.size, in.frames, in.rsv
	if h.Opcode != Continuation {
		size, frames, rsv = 0, 0, h.RSV
	}
	if limit := m.rules.MaxFragments; limit > 0 && frames >= int64(limit) {
		return violation(ClosePolicyViolation, "10.4", "a message of more than %d frames", limit)
	}
	// Within a limit size is never above it, so the difference cannot
	// overflow, as the sum could: a frame may announce 2^63-1 bytes.
	if limit := m.rules.MaxMessage; limit > 0 && rsv == 0 && h.Length > limit-size {
		return violation(CloseMessageTooBig, "10.4", "a message of more than %d bytes", limit)
	}
	return nil
}
