package wsconn

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// The defaults of the options, in one place. The table in the package comment
// repeats them for readers, and a test holds the two together.
const (
	defaultHandshakeTimeout = 30 * time.Second
	defaultCloseTimeout     = 10 * time.Second
	defaultMaxMessage       = 16 << 20
	defaultMaxFragments     = 128 << 10
	defaultMessageSize      = 32 << 10
	defaultBacklog          = 128
	defaultBacklogWait      = 5 * time.Second

	defaultKeepAliveInterval = 15 * time.Second
	defaultKeepAliveTimeout  = 10 * time.Second
)

// DialOptions says how [Dial] and [DialSocket] connect. Nil means all
// defaults. Its fields are read once, at the call, and may be shared by calls
// at the same time.
type DialOptions struct {
	// Subprotocols are offered to the server, the most wanted first (RFC 6455
	// section 4.1, item 10). A server that picks none is accepted; one that
	// picks another one is refused.
	Subprotocols []string

	// Header is sent with the handshake. "Host" replaces the host of the URL,
	// and "Origin" is sent as given (as Sec-WebSocket-Origin for version 8).
	// The headers that make the handshake what it is cannot be set here.
	Header http.Header

	// TLSConfig is for wss and https. It is cloned; NextProtos is set to
	// http/1.1, since a WebSocket cannot start on HTTP/2 here, and ServerName
	// to the host of the URL if it is empty.
	TLSConfig *tls.Config

	// DialContext opens the transport, as net.Dialer's does, which is the
	// default. For ws+unix the network is "unix" and the address a path.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)

	// HandshakeTimeout bounds everything from resolving the name to the
	// server's answer, redirects included. Zero means 30 seconds, negative no
	// bound but the context's.
	HandshakeTimeout time.Duration

	// Redirects is how many redirects are followed. Zero means none: a
	// redirect is then a [*HandshakeError]. Credentials (Authorization,
	// Cookie, userinfo) are dropped when a redirect leads to another host or
	// port, or from wss to ws. One to a Unix socket is refused.
	Redirects int

	// Version is the value of Sec-WebSocket-Version: 13 (RFC 6455), the
	// meaning of zero, or 8 (the last drafts before it).
	Version int

	// MaxMessage is the largest message, in bytes, that [Socket.ReadMessage]
	// returns; a larger one closes the connection with code 1009. Zero means
	// 16 MiB, negative no limit. A [Conn] never holds a message and has no
	// such limit.
	MaxMessage int64

	// MaxFragments is the largest number of frames in one message that
	// [Socket.ReadMessage] reads, empty ones included. Zero means 131,072,
	// negative no limit. It does not apply to a [Conn].
	MaxFragments int

	// CloseTimeout bounds what goes on in the background after Close: see
	// [Conn.Close]. Zero means 10 seconds, negative cuts the transport at once.
	CloseTimeout time.Duration

	// KeepAlive says how soon a peer that is gone is noticed.
	KeepAlive KeepAlive

	// TCPUserTimeout sets TCP_USER_TIMEOUT, on Linux, on a transport that is
	// TCP: how long what was sent may stay unacknowledged before the system
	// gives the connection up. Zero, or negative, leaves it as it is. KeepAlive
	// does better: the system counts a peer whose receive window is closed
	// among the dead, so one whose application does not read for so long is
	// cut although it is well.
	TCPUserTimeout time.Duration

	// OnPing and OnPong are called for each Ping and Pong frame that has
	// arrived, with its payload, which is the callee's. A Ping is answered
	// without them. Nothing is read while they run: they must be quick, and
	// must not call what reads or waits for the peer.
	OnPing, OnPong func(s *Socket, payload []byte)

	// Stream is for [Dial]: the options of the [Conn].
	Stream ConnOptions
}

// AcceptOptions says how [Accept], [AcceptSocket] and a [Listener] answer a
// handshake. Nil means all defaults. Its fields are read once, at the call,
// and may be shared by calls at the same time.
type AcceptOptions struct {
	// Subprotocols are those that the server speaks, the most wanted first.
	// The first one that the client offers too is picked. If there is none,
	// or the client offers none, the connection has no subprotocol.
	Subprotocols []string

	// Origins widens the same-origin check: a request of a browser is
	// accepted if its Origin has the scheme-less host of the request, or
	// matches one of these patterns. A pattern is a host ("example.com"), a
	// host with a port, or either behind a scheme ("https://example.com");
	// "*" stands for one or more labels or a port. The pattern "*" alone
	// turns the check off. Requests without an Origin do not come from a
	// page, and are accepted.
	Origins []string

	// These are as in [DialOptions].
	MaxMessage     int64
	MaxFragments   int
	CloseTimeout   time.Duration
	KeepAlive      KeepAlive
	TCPUserTimeout time.Duration
	OnPing, OnPong func(s *Socket, payload []byte)

	// Value takes from the request what the application wants to know later
	// (who is this?): what it returns is the connection's Value. It is called
	// once the request has been found good, before the answer. The request
	// itself is not kept.
	Value func(r *http.Request) any

	// Stream is for [Accept] and [Listener]: the options of the [Conn].
	Stream ConnOptions

	// Backlog is how many connections a [Listener] holds that nobody has
	// accepted yet. Zero means 128, negative 1.
	Backlog int

	// BacklogWait is how long a request waits for room in the backlog of a
	// [Listener] before it is refused with 503. Zero means 5 seconds,
	// negative refuses at once.
	BacklogWait time.Duration

	// Addr is what [Listener.Addr] returns, usually the address of the HTTP
	// server's own listener.
	Addr net.Addr
}

// ConnOptions says how a [Conn] makes a byte stream of messages. The zero
// value means all defaults.
type ConnOptions struct {
	// MessageSize is the largest message that Write sends, in bytes; a larger
	// Write becomes several. Zero means 32 KiB, because many peers refuse
	// larger ones, or what the peer said it likes if it is one of ours.
	// Negative means one message a Write, if the peer has not said that it
	// likes smaller ones.
	MessageSize int
}
