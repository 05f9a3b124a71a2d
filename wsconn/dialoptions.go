package wsconn

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/wsstream/wsstream/deflate"
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
	// The headers that make the handshake what it is cannot be set here, and
	// Proxy-Authorization not either, since a server has no use for it.
	Header http.Header

	// TLSConfig is for wss and https. It is cloned; NextProtos is set to
	// http/1.1, since a WebSocket cannot start on HTTP/2 here, and ServerName
	// to the host of the URL if it is empty. A proxy with TLS is dialed with
	// it, too, but under its own name.
	TLSConfig *tls.Config

	// DialContext opens the transport, as net.Dialer's does, which is the
	// default: it tries IPv6 and IPv4 side by side (RFC 8305). For ws+unix the
	// network is "unix" and the address a path. With a proxy it is the proxy
	// that is dialed.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)

	// Proxy returns the proxy to use for a request, or nil for none, as the
	// field of http.Transport does: http.ProxyURL fits. The request has the
	// method GET and a URL with the scheme http, for ws, or https, for wss.
	// The proxy's URL has the scheme http or https (CONNECT, RFC 9110 section
	// 9.3.6), socks5 (names are resolved here) or socks5h (by the proxy); its
	// userinfo are the credentials. Nil means the environment: HTTP_PROXY,
	// HTTPS_PROXY and NO_PROXY as curl and http.ProxyFromEnvironment know
	// them, and ALL_PROXY where these say nothing. Loopback addresses and
	// localhost need no proxy of the environment. [NoProxy] means none. A Unix
	// socket is dialed without one. Each redirect asks again. What a proxy does
	// wrong is a [*ProxyError].
	Proxy func(*http.Request) (*url.URL, error)

	// ProxyHeader is sent to an HTTP proxy with CONNECT. A Proxy-Authorization
	// in it is sent in place of the credentials in the proxy's URL.
	ProxyHeader http.Header

	// ProxyAuth answers an HTTP proxy that asks for credentials (407) other
	// than those in its URL: NTLM, Negotiate, Digest. It returns the value of
	// Proxy-Authorization, with which CONNECT is sent again, over the same
	// connection if the proxy keeps it open. It may be asked up to four times
	// for a connection.
	ProxyAuth func(ctx context.Context, c ProxyChallenge) (string, error)

	// HandshakeTimeout bounds everything from resolving the name to the
	// server's answer, redirects included. Zero means 30 seconds, negative no
	// bound but the context's. Proxy, ProxyAuth and BeforeRequest are waited
	// for all the same.
	HandshakeTimeout time.Duration

	// Redirects is how many redirects are followed. Zero means none: a
	// redirect is then a [*HandshakeError]. Credentials (Authorization,
	// Cookie, userinfo) are dropped when a redirect leads to another host or
	// port, or from wss to ws. One to a Unix socket is refused.
	Redirects int

	// Jar gives the cookies to send with the handshake, and gets those that the
	// answer sets, that of a redirect or a refusal included. It is asked with
	// the scheme http, for ws, or https, for wss. Cookies that the caller has
	// set in Header come before them. Nil means none.
	Jar http.CookieJar

	// BeforeRequest sees each request before it is sent, also that which
	// follows a redirect, and may change its Header and Host, for this one
	// request; the headers of the handshake itself are added later. CONNECT is
	// not among them. An error ends the dial.
	BeforeRequest func(*http.Request) error

	// Version is the value of Sec-WebSocket-Version: 13 (RFC 6455), the
	// meaning of zero, or 8 (the last drafts before it).
	Version int

	// MaxMessage is the largest message, in bytes, that [Socket.ReadMessage]
	// returns; a larger one closes the connection with code 1009. Zero means
	// 16 MiB, negative no limit. Of a compressed one it is the size that it is
	// inflated to. A [Conn] holds no message and has no such limit, but for what
	// Compression says.
	MaxMessage int64

	// MaxFragments is the largest number of frames in one message that
	// [Socket.ReadMessage] reads, empty ones included. Zero means 131,072,
	// negative no limit. It does not apply to a [Conn].
	MaxFragments int

	// CloseTimeout bounds what goes on in the background after Close: see
	// [Conn.Close]. Zero means 10 seconds, negative cuts the transport at once.
	CloseTimeout time.Duration

	// Compression says how messages are compressed (permessage-deflate, RFC
	// 7692), if the server agrees. Nil means that DialSocket offers it, with all
	// defaults, and Dial does not: a stream is often compressed or encrypted
	// already, and one that carries several others gives their secrets away by
	// its size. [deflate.Disabled] turns it off. It costs each connection up to
	// 49 KiB, less by its options; a message on a stream is inflated once all of
	// it is here, and its compressed size is limited by MaxMessage.
	Compression *deflate.Options

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
