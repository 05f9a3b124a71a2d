package wsconn

import (
	"net"
	"net/http"
	"net/netip"
	"time"
)

// AcceptOptions says how [Accept], [AcceptSocket] and a [Listener] answer a
// handshake. Nil means all defaults. Its fields are read once, at the call,
// and may be shared by calls at the same time.
type AcceptOptions struct {
	// Subprotocols are those that the server speaks, the most wanted first.
	// The first one that the client offers too is picked. If there is none,
	// or the client offers none, the connection has no subprotocol.
	Subprotocols []string

	// SelectSubprotocol picks one of those that the client offers, or none by
	// returning "". Nil means as Subprotocols says, which is not used
	// otherwise. To refuse a client is Authorize's.
	SelectSubprotocol func(r *http.Request, offered []string) string

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

	// Authorize decides whether the client may connect, and takes from the
	// request what the application wants to know later: the value it returns
	// is the connection's Value. The request itself is not kept. It is called
	// once the handshake has been found good, the Origin included, and before
	// the answer. An error refuses the request: a [*RejectError] says with
	// what answer; for any other one that is 403, and its text does not reach
	// the client.
	Authorize func(r *http.Request) (value any, err error)

	// ResponseHeader may add headers to the answer of a good handshake, such
	// as Set-Cookie. Those of the handshake itself cannot be set. Headers that
	// were set on the ResponseWriter go out, too.
	ResponseHeader func(h http.Header, r *http.Request)

	// OnHandshakeError is told of each request that is refused, before the
	// answer, which it may change: in the error's Status, Header and Body.
	OnHandshakeError func(r *http.Request, e *HandshakeError)

	// TrustedProxies are the addresses of proxies whose word about the client
	// is taken: see [ClientAddr]. Nil means none.
	TrustedProxies []netip.Prefix

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
