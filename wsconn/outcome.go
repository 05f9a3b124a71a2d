package wsconn

import (
	"bufio"
	"encoding/base64"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
	"unique"

	"github.com/wsstream/wsstream/frames"
)

// outcome is what the handshake has settled, and the application may ask for.
type outcome struct {
	subprotocol string
	extensions  string
	client      clientOutcome // of a client
	server      serverOutcome // of a server
}

// clientOutcome is what only a client knows.
type clientOutcome struct {
	url    string
	answer string // as answerText has it
	key    string // the Sec-WebSocket-Key that it belongs to
}

// serverOutcome is what only a server knows.
type serverOutcome struct {
	value      any
	clientAddr netip.Addr
}

// common is what many connections of a program have in common: it is held once
// for all of them.
type common struct {
	subprotocol  string
	extensions   string
	url          string      // what a client has dialed
	stream       streamTerms // what the extension wsstream agreed on
	closeTimeout time.Duration
	keepAlive    KeepAlive
}

// common returns what u has in common with other connections.
func (u *upgraded) common() unique.Handle[common] {
	return unique.Make(common{
		subprotocol:  u.subprotocol,
		extensions:   u.extensions,
		url:          u.client.url,
		stream:       u.stream,
		closeTimeout: u.closeTimeout,
		keepAlive:    u.keepAlive,
	})
}

// answered is what a client keeps of the answer to its handshake.
type answered struct {
	text unique.Handle[string]
	key  [16]byte
}

// answered returns nil for a server.
func (u *upgraded) answered() *answered {
	if u.role == frames.Server {
		return nil
	}
	a := &answered{text: unique.Make(u.client.answer)}
	base64.StdEncoding.Decode(a.key[:], []byte(u.client.key))
	return a
}

// asked returns nil for a client, and at a server if Authorize had nothing to say
// and the client is the peer itself.
func (u *upgraded) asked() *serverOutcome {
	if u.role == frames.Client || u.server == (serverOutcome{clientAddr: peerAddr(u.conn)}) {
		return nil
	}
	server := u.server // to keep that alone
	return &server
}

// peerAddr returns the address of a connection's peer, if that is one of IP.
func peerAddr(conn net.Conn) netip.Addr {
	addr, _ := parseNode(remoteAddr(conn))
	return addr
}

// Subprotocol returns the subprotocol that the handshake agreed on, or "".
func (s *Socket) Subprotocol() string { return s.common.Value().subprotocol }

// Extensions returns the extensions that the handshake agreed on, as in the
// server's Sec-WebSocket-Extensions, or "". A client keeps to the limits of its
// own [DialOptions.Compression] also where the server does not repeat them.
func (s *Socket) Extensions() string { return s.common.Value().extensions }

// URL returns what was dialed, the last one if there were redirects, without its
// userinfo. It is "" for a server.
func (s *Socket) URL() string { return s.common.Value().url }

// stream returns what the extension wsstream agreed on.
func (s *Socket) stream() streamTerms { return s.common.Value().stream }

// Response returns the answer to the handshake, without a body, at a client. It
// is nil for a server.
func (s *Socket) Response() *http.Response {
	if s.answered == nil {
		return nil
	}
	// A client has read this before.
	resp, _ := http.ReadResponse(bufio.NewReader(strings.NewReader(s.answered.text.Value())), nil)
	resp.Header.Set(acceptField, acceptValue(base64.StdEncoding.EncodeToString(s.answered.key[:])))
	return resp
}

// acceptField is what differs in the answers to most handshakes.
const acceptField = "Sec-Websocket-Accept"

// answerText returns an answer as text, without what differs in most of them: a
// connection keeps that for those who may ask.
func answerText(resp *http.Response) string {
	var b strings.Builder
	b.WriteString(resp.Proto + " " + resp.Status + "\r\n")
	resp.Header.WriteSubset(&b, map[string]bool{acceptField: true})
	b.WriteString("\r\n")
	return b.String()
}

// Value returns what [AcceptOptions.Authorize] took from the request, and nil for
// a client.
func (s *Socket) Value() any {
	if s.asked == nil {
		return nil
	}
	return s.asked.value
}

// ClientAddr returns the address of the client at a server: the peer's, or what
// the proxies in [AcceptOptions.TrustedProxies] say, as [ClientAddr] has it. It
// is the zero Addr if that is not known, and for a client.
func (s *Socket) ClientAddr() netip.Addr {
	switch {
	case s.asked != nil:
		return s.asked.clientAddr
	case s.machine.Role() == frames.Server:
		return peerAddr(s.t.Conn)
	}
	return netip.Addr{}
}
