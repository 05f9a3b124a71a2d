package wsconn

import (
	"net"
	"time"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/option"
)

// PairOptions says how NewTestConn sets a connection up without a handshake.
type PairOptions struct {
	NoHalfClose  bool
	CloseTimeout time.Duration // zero is the default
	Stream       ConnOptions
	MaxMessage   int64
	MaxFragments int
	Buffered     []byte
	KeepAlive    KeepAlive
	PeerTimeout  time.Duration // as the peer says it
	OnPing       func(*Socket, []byte)
	OnPong       func(*Socket, []byte)
	Jitter       float64          // of each interval, from 0 to 1
	Compression  *deflate.Options // of both ends; nil is none
}

// NewTestSocket starts one end on a transport, as if a handshake had been done.
func NewTestSocket(conn net.Conn, role frames.Role, o PairOptions) *Socket {
	return newSocket(upgraded{
		conn:        conn,
		compression: pairCompression(o.Compression),
		buffered:    o.Buffered,
		role:        role,
		stream:      streamTerms{agreed: !o.NoHalfClose, halfClose: !o.NoHalfClose, peerTimeout: o.PeerTimeout},
		settings: settings{
			maxMessage:   o.MaxMessage,
			maxFragments: o.MaxFragments,
			closeTimeout: option.Or(o.CloseTimeout, defaultCloseTimeout),
			keepAlive:    o.KeepAlive.withDefaults(),
			onPing:       o.OnPing,
			onPong:       o.OnPong,
			jitter:       func() float64 { return o.Jitter },
		},
	})
}

// pairCompression is what two ends with the same options agree on.
func pairCompression(o *deflate.Options) compression {
	offers, _ := parseExtensions([]string{compressionOr(o, false).Offer()})
	c, _ := acceptCompression(o, offers)
	return c
}

// NewTestConn is NewConn over NewTestSocket.
func NewTestConn(conn net.Conn, role frames.Role, o PairOptions) *Conn {
	return NewConn(NewTestSocket(conn, role, o), &o.Stream)
}

// BelowTLSConn is belowTLS.
func BelowTLSConn(conn net.Conn) net.Conn { return belowTLS(conn) }

// QueueBytes returns how much waits for each socket of a server.
func (srv *Server) QueueBytes() (all []int) {
	for _, q := range srv.all() {
		q.mu.Lock()
		all = append(all, q.bytes)
		q.mu.Unlock()
	}
	return all
}

// Compressions returns for how many windows a message has been compressed.
func (m *Prepared) Compressions() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.compressed)
}
