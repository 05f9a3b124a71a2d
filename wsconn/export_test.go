package wsconn

import (
	"net"
	"time"

	"github.com/wsstream/wsstream/frames"
)

// PairOptions says how NewTestConn sets a connection up without a handshake.
type PairOptions struct {
	NoHalfClose  bool
	CloseTimeout time.Duration // zero is the default
	Stream       ConnOptions
	MaxMessage   int64
	MaxFragments int
	Buffered     []byte
}

// NewTestSocket starts one end on a transport, as if a handshake had been done.
func NewTestSocket(conn net.Conn, role frames.Role, o PairOptions) *Socket {
	return newSocket(upgraded{
		conn:         conn,
		buffered:     o.Buffered,
		role:         role,
		stream:       streamTerms{agreed: !o.NoHalfClose, halfClose: !o.NoHalfClose},
		maxMessage:   o.MaxMessage,
		maxFragments: o.MaxFragments,
		closeTimeout: orDefault(o.CloseTimeout, defaultCloseTimeout),
	})
}

// NewTestConn is NewConn over NewTestSocket.
func NewTestConn(conn net.Conn, role frames.Role, o PairOptions) *Conn {
	return NewConn(NewTestSocket(conn, role, o), &o.Stream)
}

// BelowTLSConn is belowTLS.
func BelowTLSConn(conn net.Conn) net.Conn { return belowTLS(conn) }
