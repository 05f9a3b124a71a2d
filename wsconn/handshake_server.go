package wsconn

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// serverReply is how a server answers a good handshake (RFC 6455 section
// 4.2.2).
type serverReply struct {
	agreement
	accept     string
	extensions string      // the elements of what was agreed
	offered    []string    // the client's subprotocols
	added      http.Header // by AcceptOptions.ResponseHeader
}

// checkRequest decides on a client's handshake (RFC 6455 section 4.2.1): it
// returns the answer, or the refusal with its status. stream says whether the
// server speaks wsstream.
func checkRequest(r *http.Request, opts *AcceptOptions, stream bool) (serverReply, *HandshakeError) {
	if err := checkSubprotocols("AcceptOptions.Subprotocols", opts.Subprotocols); err != nil {
		return serverReply{}, misuse(err)
	}
	if err := opts.Compression.Check(); err != nil {
		return serverReply{}, misuse(fmt.Errorf("AcceptOptions.Compression: %w", err))
	}
	if refusal := checkUpgrade(r); refusal != nil {
		return serverReply{}, refusal
	}
	version, refusal := checkVersion(r.Header.Values("Sec-Websocket-Version"))
	if refusal != nil {
		return serverReply{}, refusal
	}
	key := r.Header.Values("Sec-Websocket-Key")
	if len(key) != 1 || !isHandshakeKey(key[0]) {
		return serverReply{}, refuse(http.StatusBadRequest, "Sec-WebSocket-Key has to be there once, with 16 bytes in base64")
	}
	forbidden, err := checkOrigin(r, version, opts.Origins)
	if err != nil {
		return serverReply{}, misuse(err)
	}
	if forbidden != "" {
		return serverReply{}, refuse(http.StatusForbidden, forbidden)
	}
	reply := serverReply{accept: acceptValue(key[0])}
	if refusal := reply.agree(r.Header, opts, stream); refusal != nil {
		return serverReply{}, refusal
	}
	return reply, nil
}

// checkUpgrade decides whether a request asks for a WebSocket at all. A proxy
// that believes in the upgrade although we do not would pass on what follows as
// a tunnel, so a request that has a body, which may hold another one, is bad.
func checkUpgrade(r *http.Request) *HandshakeError {
	switch {
	case r.ProtoMajor >= 2:
		return refuse(http.StatusHTTPVersionNotSupported, "the request came over "+r.Proto+
			", where this handshake does not exist: keep HTTP/2 off for it, with http1 alone in Server.Protocols, or with a TLSNextProto that is empty but not nil, or offer http/1.1 alone in the client's TLS")
	case r.Method != http.MethodGet:
		return refuse(http.StatusMethodNotAllowed, fmt.Sprintf("the method of a WebSocket handshake is GET, not %.20q", r.Method), "Allow", "GET")
	case !r.ProtoAtLeast(1, 1):
		return refuse(http.StatusUpgradeRequired, "the request came over "+r.Proto+
			", which has no Upgrade: a proxy in between has to speak HTTP/1.1 to this server (nginx: proxy_http_version 1.1)", "Upgrade", "websocket")
	case !hasToken(r.Header.Values("Upgrade"), "websocket"):
		return refuse(http.StatusUpgradeRequired, "this is a WebSocket endpoint, and the request has no Upgrade: websocket", "Upgrade", "websocket")
	case !hasToken(r.Header.Values("Connection"), "Upgrade"):
		return refuse(http.StatusUpgradeRequired, "the Connection header of the request lacks Upgrade: a proxy in between has to pass it on", "Upgrade", "websocket")
	case r.ContentLength != 0 || len(r.TransferEncoding) > 0:
		return refuse(http.StatusBadRequest, "a WebSocket handshake has no body")
	}
	return nil
}

func checkVersion(sent []string) (int, *HandshakeError) {
	switch {
	case len(sent) > 1:
		return 0, refuse(http.StatusBadRequest, "the request has more than one Sec-WebSocket-Version")
	case len(sent) == 1 && sent[0] == "13":
		return 13, nil
	case len(sent) == 1 && sent[0] == "8":
		return 8, nil
	}
	return 0, refuse(http.StatusUpgradeRequired, fmt.Sprintf("Sec-WebSocket-Version is %.20q: this server speaks 13 and 8", strings.Join(sent, "")),
		"Sec-WebSocket-Version", "13, 8", "Upgrade", "websocket")
}

// agree settles what the client leaves open: the subprotocol and extensions.
func (a *serverReply) agree(h http.Header, opts *AcceptOptions, stream bool) *HandshakeError {
	offered, ok := parseTokens(h.Values("Sec-Websocket-Protocol"))
	if !ok {
		return refuse(http.StatusBadRequest, "Sec-WebSocket-Protocol is malformed")
	}
	for i, p := range offered {
		if slices.Contains(offered[:i], p) {
			return refuse(http.StatusBadRequest, "Sec-WebSocket-Protocol names a subprotocol twice")
		}
	}
	a.offered = offered
	for _, p := range opts.Subprotocols {
		if slices.Contains(offered, p) {
			a.subprotocol = p
			break
		}
	}
	offers, ok := parseExtensions(h.Values("Sec-Websocket-Extensions"))
	if !ok {
		return refuse(http.StatusBadRequest, "Sec-WebSocket-Extensions is malformed")
	}
	var element, terms string
	a.compression, element = acceptCompression(compressionOr(opts.Compression, false), offers)
	if stream {
		if a.stream = acceptOffer(offers); a.stream.agreed {
			terms = ownTerms(opts.settings().keepAlive)
		}
	}
	a.extensions = joinElements(element, terms)
	return nil
}

// ask calls the application's hooks about a good request, the one that may
// have cost something last but for the headers, which are for clients that
// come in. value is the connection's.
func (a *serverReply) ask(r *http.Request, opts *AcceptOptions) (value any, refusal *HandshakeError) {
	if opts.SelectSubprotocol != nil && len(a.offered) > 0 {
		a.subprotocol = opts.SelectSubprotocol(r, slices.Clone(a.offered))
		if p := a.subprotocol; p != "" && !slices.Contains(a.offered, p) {
			return nil, misuse(fmt.Errorf("AcceptOptions.SelectSubprotocol returned %.100q, which the client does not offer: return one that it does, or \"\"", p))
		}
	}
	if opts.Authorize != nil {
		var err error
		if value, err = opts.Authorize(r); err != nil {
			return nil, rejected(err)
		}
	}
	if opts.ResponseHeader != nil {
		a.added = http.Header{}
		opts.ResponseHeader(a.added, r)
	}
	return value, nil
}

// bytes returns the answer as it goes over the wire, with the headers that
// were set for it before, by middleware or the caller.
func (a *serverReply) bytes(header http.Header) ([]byte, error) {
	b := make([]byte, 0, handshakeSize)
	b = append(b, "HTTP/1.1 101 Switching Protocols\r\n"...)
	b = appendField(b, "Upgrade", "websocket")
	b = appendField(b, "Connection", "Upgrade")
	b = appendField(b, "Sec-WebSocket-Accept", a.accept)
	if a.subprotocol != "" {
		b = appendField(b, "Sec-WebSocket-Protocol", a.subprotocol)
	}
	if a.extensions != "" {
		b = appendField(b, "Sec-WebSocket-Extensions", a.extensions)
	}
	b, err := appendCarried(b, "the header of the ResponseWriter", header)
	if err == nil {
		b, err = appendCarried(b, "AcceptOptions.ResponseHeader", a.added)
	}
	return append(b, "\r\n"...), err
}

// appendCarried appends those of the application's headers that go into a 101.
func appendCarried(b []byte, where string, header http.Header) ([]byte, error) {
	for _, name := range sortedNames(header) {
		if !isCarried(name, header) {
			continue
		}
		if err := checkField(where, name, header[name]); err != nil {
			return nil, err
		}
		for _, value := range header[name] {
			b = appendField(b, name, value)
		}
	}
	return b, nil
}
