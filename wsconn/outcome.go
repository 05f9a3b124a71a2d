package wsconn

import (
	"bufio"
	"net/http"
	"net/netip"
	"strings"
)

// outcome is what the handshake has settled, and the application may ask for.
type outcome struct {
	subprotocol string
	extensions  string
	url         string
	answer      string // as answerText has it; "" for a server
	value       any
	clientAddr  netip.Addr
}

// Subprotocol returns the subprotocol that the handshake agreed on, or "".
func (s *Socket) Subprotocol() string { return s.outcome.subprotocol }

// Extensions returns the extensions that the handshake agreed on, as in the
// server's Sec-WebSocket-Extensions, or "". A client keeps to the limits of its
// own [DialOptions.Compression] also where the server does not repeat them.
func (s *Socket) Extensions() string { return s.outcome.extensions }

// URL returns what was dialed, the last one if there were redirects, without its
// userinfo. It is "" for a server.
func (s *Socket) URL() string { return s.outcome.url }

// Response returns the answer to the handshake, without a body, at a client. It
// is nil for a server.
func (s *Socket) Response() *http.Response {
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(s.outcome.answer)), nil)
	if err != nil {
		return nil // a server's, since a client has read this before
	}
	return resp
}

// answerText returns an answer as text: a connection keeps that for those who may
// ask, since it is a fraction of the size.
func answerText(resp *http.Response) string {
	var b strings.Builder
	b.WriteString(resp.Proto + " " + resp.Status + "\r\n")
	resp.Header.Write(&b)
	b.WriteString("\r\n")
	return strings.Clone(b.String()) // without what the builder had to spare
}

// Value returns what [AcceptOptions.Authorize] took from the request, and nil for
// a client.
func (s *Socket) Value() any { return s.outcome.value }

// ClientAddr returns the address of the client at a server: the peer's, or what
// the proxies in [AcceptOptions.TrustedProxies] say, as [ClientAddr] has it. It
// is the zero Addr if that is not known, and for a client.
func (s *Socket) ClientAddr() netip.Addr { return s.outcome.clientAddr }
