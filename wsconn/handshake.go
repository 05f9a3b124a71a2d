package wsconn

import (
	"crypto/fips140"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// acceptGUID is what the server appends to the client's key, to show that it
// knows what a WebSocket is (RFC 6455 section 1.3).
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// acceptValue returns the Sec-WebSocket-Accept for a key. Nothing secret rests
// on SHA-1 here, so it is computed also where FIPS 140-3 is enforced.
func acceptValue(key string) string {
	var sum [sha1.Size]byte
	fips140.WithoutEnforcement(func() { sum = sha1.Sum([]byte(key + acceptGUID)) })
	return base64.StdEncoding.EncodeToString(sum[:])
}

// newHandshakeKey returns a new Sec-WebSocket-Key: 16 random bytes.
func newHandshakeKey() string {
	var nonce [16]byte
	rand.Read(nonce[:])
	return base64.StdEncoding.EncodeToString(nonce[:])
}

func isHandshakeKey(key string) bool {
	nonce, err := base64.StdEncoding.DecodeString(key)
	return err == nil && len(key) == 24 && len(nonce) == 16
}

// agreement is what a finished handshake has settled besides the connection.
type agreement struct {
	subprotocol string
	stream      streamTerms
}

// clientRequest is the opening handshake of a client (RFC 6455 section 4.1).
type clientRequest struct {
	target       target
	key          string
	version      int
	subprotocols []string
	offer        string      // this end's wsstream; "" if it is not offered
	header       http.Header // the caller's, from cleanHeader
}

// newClientRequest checks what the caller wants to be sent.
func newClientRequest(t target, opts *DialOptions, offer bool) (clientRequest, error) {
	q := clientRequest{
		target:       t,
		key:          newHandshakeKey(),
		version:      opts.Version,
		subprotocols: slices.Clone(opts.Subprotocols),
	}
	if offer {
		q.offer = ownTerms(opts.settings().keepAlive)
	}
	if q.version == 0 {
		q.version = 13
	}
	if q.version != 13 && q.version != 8 {
		return q, fmt.Errorf("DialOptions.Version is %d: it has to be 13 or 8", opts.Version)
	}
	if err := checkSubprotocols("DialOptions.Subprotocols", q.subprotocols); err != nil {
		return q, err
	}
	var err error
	if q.header, err = cleanHeader(opts.Header); err != nil {
		return q, err
	}
	q.authorize()
	return q, nil
}

// authorize makes Basic credentials (RFC 7617) of the URL's userinfo, if the
// caller has not said something better.
func (q *clientRequest) authorize() {
	if u := q.target.user; u != nil && q.header.Get("Authorization") == "" {
		password, _ := u.Password()
		q.header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(u.Username()+":"+password)))
	}
}

// checkSubprotocols checks an option: its elements have to be different
// tokens (RFC 6455 section 4.1, item 10).
func checkSubprotocols(option string, list []string) error {
	for i, p := range list {
		if !isToken(p) {
			return fmt.Errorf("%s: %q is not a token", option, p)
		}
		if slices.Contains(list[:i], p) {
			return fmt.Errorf("%s: %q is there twice", option, p)
		}
	}
	return nil
}

// bytes returns the request as it goes over the wire.
func (q *clientRequest) bytes() []byte {
	host := q.target.host
	if h := q.header.Get("Host"); h != "" {
		host = h
	}
	b := []byte("GET " + q.target.request + " HTTP/1.1\r\n")
	b = appendField(b, "Host", host)
	b = appendField(b, "Upgrade", "websocket")
	b = appendField(b, "Connection", "Upgrade")
	b = appendField(b, "Sec-WebSocket-Key", q.key)
	b = appendField(b, "Sec-WebSocket-Version", strconv.Itoa(q.version))
	if len(q.subprotocols) > 0 {
		b = appendField(b, "Sec-WebSocket-Protocol", strings.Join(q.subprotocols, ", "))
	}
	if q.offer != "" {
		b = appendField(b, "Sec-WebSocket-Extensions", q.offer)
	}
	for _, name := range slices.Sorted(maps.Keys(q.header)) {
		sent := name
		switch {
		case name == "Host":
			continue
		case name == "Origin" && q.version == 8:
			sent = "Sec-WebSocket-Origin"
		}
		for _, value := range q.header[name] {
			b = appendField(b, sent, value)
		}
	}
	return append(b, "\r\n"...)
}

// check decides whether a response with the status 101 finishes the handshake
// (RFC 6455 section 4.1, the second list).
func (q *clientRequest) check(resp *http.Response) (agreement, error) {
	h := resp.Header
	switch accept := h.Values("Sec-Websocket-Accept"); {
	case !resp.ProtoAtLeast(1, 1) || resp.ProtoMajor != 1:
		return agreement{}, fmt.Errorf("the server answered in %s, not HTTP/1.1", resp.Proto)
	case !hasToken(h.Values("Upgrade"), "websocket"):
		return agreement{}, fmt.Errorf("the server switched to %.40q, not to websocket", h.Get("Upgrade"))
	case !hasToken(h.Values("Connection"), "Upgrade"):
		return agreement{}, errors.New("the Connection header of the answer lacks Upgrade")
	case len(accept) != 1 || accept[0] != acceptValue(q.key):
		return agreement{}, errors.New("Sec-WebSocket-Accept does not belong to this handshake: something between may have answered from a cache")
	}
	subprotocol, err := q.checkSubprotocol(h.Values("Sec-Websocket-Protocol"))
	if err != nil {
		return agreement{}, err
	}
	replies, ok := parseExtensions(h.Values("Sec-Websocket-Extensions"))
	if !ok {
		return agreement{}, errors.New("Sec-WebSocket-Extensions of the answer is malformed")
	}
	terms, err := acceptReply(q.offer != "", replies)
	return agreement{subprotocol: subprotocol, stream: terms}, err
}

func (q *clientRequest) checkSubprotocol(sent []string) (string, error) {
	switch {
	case len(sent) == 0:
		return "", nil
	case len(sent) > 1:
		return "", errors.New("the server picked more than one subprotocol")
	case !slices.Contains(q.subprotocols, sent[0]):
		return "", fmt.Errorf("the server picked the subprotocol %.40q, which was not offered", sent[0])
	}
	return sent[0], nil
}

// serverReply is how a server answers a good handshake (RFC 6455 section
// 4.2.2).
type serverReply struct {
	agreement
	accept string
	terms  string // this end's wsstream; "" if it is not agreed
}

// checkRequest decides on a client's handshake (RFC 6455 section 4.2.1): it
// returns the answer, or the refusal with its status. stream says whether the
// server speaks wsstream.
func checkRequest(r *http.Request, opts *AcceptOptions, stream bool) (serverReply, *HandshakeError) {
	if err := checkSubprotocols("AcceptOptions.Subprotocols", opts.Subprotocols); err != nil {
		return serverReply{}, misuse(err)
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
	agreed, refusal := agree(r.Header, opts, stream)
	reply := serverReply{agreement: agreed, accept: acceptValue(key[0])}
	if agreed.stream.agreed {
		reply.terms = ownTerms(opts.settings().keepAlive)
	}
	return reply, refusal
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
func agree(h http.Header, opts *AcceptOptions, stream bool) (agreed agreement, refusal *HandshakeError) {
	offered, ok := parseTokens(h.Values("Sec-Websocket-Protocol"))
	if !ok {
		return agreed, refuse(http.StatusBadRequest, "Sec-WebSocket-Protocol is malformed")
	}
	for i, p := range offered {
		if slices.Contains(offered[:i], p) {
			return agreed, refuse(http.StatusBadRequest, "Sec-WebSocket-Protocol names a subprotocol twice")
		}
	}
	for _, p := range opts.Subprotocols {
		if slices.Contains(offered, p) {
			agreed.subprotocol = p
			break
		}
	}
	offers, ok := parseExtensions(h.Values("Sec-Websocket-Extensions"))
	if !ok {
		return agreed, refuse(http.StatusBadRequest, "Sec-WebSocket-Extensions is malformed")
	}
	if stream {
		agreed.stream = acceptOffer(offers)
	}
	return agreed, nil
}

// bytes returns the answer as it goes over the wire, with the headers that
// were set for it before, by middleware or the caller.
func (a *serverReply) bytes(header http.Header) ([]byte, error) {
	b := []byte("HTTP/1.1 101 Switching Protocols\r\n")
	b = appendField(b, "Upgrade", "websocket")
	b = appendField(b, "Connection", "Upgrade")
	b = appendField(b, "Sec-WebSocket-Accept", a.accept)
	if a.subprotocol != "" {
		b = appendField(b, "Sec-WebSocket-Protocol", a.subprotocol)
	}
	if a.terms != "" {
		b = appendField(b, "Sec-WebSocket-Extensions", a.terms)
	}
	for _, name := range slices.Sorted(maps.Keys(header)) {
		if !isCarried(name, header) {
			continue
		}
		if err := checkField("the header of the ResponseWriter", name, header[name]); err != nil {
			return nil, err
		}
		for _, value := range header[name] {
			b = appendField(b, name, value)
		}
	}
	return append(b, "\r\n"...), nil
}
