package wsconn

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// clientRequest is the opening handshake of a client (RFC 6455 section 4.1).
type clientRequest struct {
	target       target
	key          string
	version      int
	subprotocols []string
	offer        offer
	header       http.Header // the caller's, from cleanHeader
	url          url.URL     // as HTTP knows it; of a request that is sent
}

// newClientRequest checks what the caller wants to be sent. stream says whether
// wsstream is offered.
func newClientRequest(t target, opts *DialOptions, stream bool) (clientRequest, error) {
	q := clientRequest{
		target:       t,
		key:          newHandshakeKey(),
		version:      opts.Version,
		subprotocols: slices.Clone(opts.Subprotocols),
	}
	q.offer.compression = compressionOr(opts.Compression, !stream)
	if stream {
		q.offer.stream = ownTerms(opts.settings().keepAlive)
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
	if err := q.offer.compression.Check(); err != nil {
		return q, fmt.Errorf("DialOptions.Compression: %w", err)
	}
	var err error
	if q.header, err = cleanHeader("DialOptions.Header", opts.Header); err != nil {
		return q, err
	}
	q.authorize()
	return q, checkProxyHeader(opts.ProxyHeader)
}

// authorize makes Basic credentials (RFC 7617) of the URL's userinfo, if the
// caller has not said something better.
func (q *clientRequest) authorize() {
	if u := q.target.user; u != nil && q.header.Get("Authorization") == "" {
		password, _ := u.Password()
		q.header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(u.Username()+":"+password)))
	}
}

// field is a header with its lines.
type field struct {
	name   string
	values []string
}

// fields returns the header of the request in the order in which it is sent.
func (q *clientRequest) fields() []field {
	host := q.target.host
	if h := q.header.Get("Host"); h != "" {
		host = h
	}
	list := []field{
		{"Host", []string{host}},
		{"Upgrade", []string{"websocket"}},
		{"Connection", []string{"Upgrade"}},
		{"Sec-WebSocket-Key", []string{q.key}},
		{"Sec-WebSocket-Version", []string{strconv.Itoa(q.version)}},
	}
	if len(q.subprotocols) > 0 {
		list = append(list, field{"Sec-WebSocket-Protocol", []string{strings.Join(q.subprotocols, ", ")}})
	}
	if offer := q.offer.String(); offer != "" {
		list = append(list, field{"Sec-WebSocket-Extensions", []string{offer}})
	}
	for _, name := range sortedNames(q.header) {
		switch {
		case name == "Host":
		case name == "Origin" && q.version == 8:
			list = append(list, field{"Sec-WebSocket-Origin", q.header[name]})
		default:
			list = append(list, field{name, q.header[name]})
		}
	}
	return list
}

// bytes returns the request as it goes over the wire.
func (q *clientRequest) bytes() []byte {
	b := make([]byte, 0, handshakeSize)
	b = append(b, "GET "+q.target.request+" HTTP/1.1\r\n"...)
	for _, f := range q.fields() {
		for _, value := range f.values {
			b = appendField(b, f.name, value)
		}
	}
	return append(b, "\r\n"...)
}

// check decides whether a response with the status 101 finishes the handshake
// (RFC 6455 section 4.1, the second list).
func (q *clientRequest) check(resp *http.Response) (agreement, error) {
	h := resp.Header
	switch accept := h.Values(acceptField); {
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
	agreed, err := q.offer.confirm(replies)
	agreed.subprotocol = subprotocol
	return agreed, err
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
