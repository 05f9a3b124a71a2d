package wsconn

// State is how far a socket is in its life. A socket whose handshake is not
// finished is not there yet, so there is no state for it.
type State int

const (
	// Open: messages can be read and written.
	Open State = iota
	// Closing: one of the ends has closed, or the connection has failed.
	Closing
	// Closed: the transport has been cut, see [Socket.WaitClosed].
	Closed
)

// String returns the name of the state.
func (s State) String() string {
	switch s {
	case Open:
		return "open"
	case Closing:
		return "closing"
	}
	return "closed"
}

// State returns the state of the socket, which may be another one by the time
// it is looked at: a write to an open socket can fail.
func (s *Socket) State() State {
	switch {
	case s.closing.done.Given():
		return Closed
	case s.closing.local.Given(), s.writer.failure() != nil:
		return Closing
	}
	return Open
}
