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
	client      *clientOutcome // nil for a server
	server      *serverOutcome // nil for a client
}

// clientOutcome is what only a client knows.
type clientOutcome struct {
	url    string
	answer string // as answerText has it
}

// serverOutcome is what only a server knows.
type serverOutcome struct {
	value      any
	clientAddr netip.Addr
}

// Subprotocol returns the subprotocol that the handshake agreed on, or "".
func (s *Socket) Subprotocol() string { return s.outcome.subprotocol }

// Extensions returns the extensions that the handshake agreed on, as in the
// server's Sec-WebSocket-Extensions, or "". A client keeps to the limits of its
// own [DialOptions.Compression] also where the server does not repeat them.
func (s *Socket) Extensions() string { return s.outcome.extensions }

// URL returns what was dialed, the last one if there were redirects, without its
// userinfo. It is "" for a server.
func (s *Socket) URL() string {
	if s.outcome.client == nil {
		return ""
	}
	return s.outcome.client.url
}

// Response returns the answer to the handshake, without a body, at a client. It
// is nil for a server.
func (s *Socket) Response() *http.Response {
	if s.outcome.client == nil {
		return nil
	}
	// A client has read this before.
	resp, _ := http.ReadResponse(bufio.NewReader(strings.NewReader(s.outcome.client.answer)), nil)
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
func (s *Socket) Value() any {
	if s.outcome.server == nil {
		return nil
	}
	return s.outcome.server.value
}

// ClientAddr returns the address of the client at a server: the peer's, or what
// the proxies in [AcceptOptions.TrustedProxies] say, as [ClientAddr] has it. It
// is the zero Addr if that is not known, and for a client.
func (s *Socket) ClientAddr() netip.Addr {
	if s.outcome.server == nil {
		return netip.Addr{}
	}
	return s.outcome.server.clientAddr
}
