package wsconn

import (
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/wsstream/wsstream/deflate"
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
	// returning "". Any other one is a mistake, answered with 500. It is not
	// called if the client offers none. Nil means as Subprotocols says, which
	// is not used otherwise. To refuse a client is Authorize's, which is
	// called after it.
	SelectSubprotocol func(r *http.Request, offered []string) string

	// Origins widens the same-origin check: a request of a browser is
	// accepted if its Origin has the scheme-less host of the request, or
	// matches one of these patterns. A pattern is a host ("example.com"), a
	// host with a port, or either behind a scheme ("https://example.com");
	// "*" stands for one or more labels or a port. The pattern "*" alone
	// turns the check off. Requests without an Origin do not come from a
	// page, and are accepted.
	Origins []string

	// Compression says how messages are compressed with clients that offer it:
	// see [DialOptions.Compression]. Nil means that they are not. With all
	// defaults it costs a connection up to 49 KiB; to bound what clients can
	// make a server hold, see ClientNoContextTakeover, MaxConcurrent and what is
	// beside them in [deflate.Options].
	Compression *deflate.Options

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
	// once the handshake has been found good, the Origin included, and at a
	// [Listener] once there is room for the connection. An error refuses the
	// request: a [*RejectError], which it may wrap, says with what answer; for
	// any other one that is 403, and its text does not reach the client. The
	// [*HandshakeError] wraps it. A panic is net/http's, as in any handler.
	//
	// What comes after it can fail, too: a mistake in the headers of the
	// answer, or a connection that was lost meanwhile. So a count of clients,
	// say, is better kept where the connection is used, than here.
	Authorize func(r *http.Request) (value any, err error)

	// ResponseHeader may add headers to the answer of a good handshake, such
	// as Set-Cookie, once Authorize has let the client in. h is empty when it
	// is called. Headers that were set on the ResponseWriter go out, too, both
	// values if one is in both. Those of the handshake itself, of the hop and
	// of a body are ignored: Upgrade, Connection, Sec-WebSocket-* and such. A
	// line break in one of the others is a mistake, answered with 500.
	ResponseHeader func(h http.Header, r *http.Request)

	// OnHandshakeError is told of each request that is refused, also with 500
	// because of a mistake of this server, or with 503 by a [Listener] or
	// [Server] that takes no more. It is called before the answer, which it
	// may change: in the error's Status (300 to 599), Header and Body. If the
	// connection was lost, so that nobody can be answered, Status is 0 and a
	// change has no effect.
	OnHandshakeError func(r *http.Request, e *HandshakeError)

	// TrustedProxies are the addresses of proxies whose word about the client
	// is taken, for [Socket.ClientAddr]: see [ClientAddr]. Nil means none.
	TrustedProxies []netip.Prefix

	// ClientAddrHeader is the header in which they give it: X-Forwarded-For,
	// Forwarded, or one of their own, such as X-Real-IP, which is read as
	// X-Forwarded-For is. Only a header that the proxy nearest to this server
	// always sets is safe: any other one the client can write itself. Empty
	// means X-Forwarded-For or Forwarded, whichever is there, and no address
	// at all if they contradict each other.
	ClientAddrHeader string

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
