package wsconn

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// cleanHeader returns a copy of the caller's header, its names in canonical
// form, and refuses what would make another request of the handshake. where is
// the option that it comes from.
func cleanHeader(where string, h http.Header) (http.Header, error) {
	clean := make(http.Header, len(h)+1)
	for _, name := range sortedNames(h) {
		canonical := http.CanonicalHeaderKey(name)
		if cure := reservedHeader(canonical); cure != "" {
			return nil, fmt.Errorf("%s: %s cannot be set there: %s", where, canonical, cure)
		}
		if err := checkField(where, name, h[name]); err != nil {
			return nil, err
		}
		clean[canonical] = append(clean[canonical], h[name]...)
	}
	for _, name := range []string{"Host", "Origin"} {
		if len(clean[name]) > 1 {
			return nil, fmt.Errorf("%s: %s has more than one value", where, name)
		}
	}
	if host := clean.Get("Host"); !isHostValue(host) {
		return nil, fmt.Errorf("%s: %q is not a Host", where, host)
	}
	return clean, nil
}

// reservedHeader says for a header that only the handshake sets how to get
// what the caller may have wanted.
func reservedHeader(name string) (cure string) {
	switch name {
	case "Sec-Websocket-Protocol":
		return "use DialOptions.Subprotocols"
	case "Sec-Websocket-Version":
		return "use DialOptions.Version"
	case "Sec-Websocket-Origin":
		return "set Origin, which is sent under this name for version 8"
	case "Sec-Websocket-Extensions":
		return "Dial offers its own extension, and permessage-deflate is DialOptions.Compression"
	case "Connection", "Upgrade", "Http2-Settings":
		return "the handshake sets what it needs"
	case "Content-Length", "Transfer-Encoding", "Trailer", "Expect":
		return "a handshake has no body"
	case "Proxy-Authorization":
		return "it is for a proxy: put user:password into its URL, or use DialOptions.ProxyHeader or ProxyAuth"
	}
	if strings.HasPrefix(name, "Sec-Websocket-") {
		return "the handshake sets what it needs"
	}
	return ""
}

// isHostValue reports whether s can be a Host: what net/http takes for one, and
// not a list.
func isHostValue(s string) bool {
	return httpguts.ValidHostHeader(s) && !strings.Contains(s, ",")
}

// checkField refuses what would end a header line early.
func checkField(where, name string, values []string) error {
	if !isToken(name) {
		return fmt.Errorf("%s: %q is not the name of a header", where, name)
	}
	for _, v := range values {
		if !isFieldValue(v) {
			return fmt.Errorf("%s: the value of %s has a control character", where, name)
		}
	}
	return nil
}

// sortedNames returns the names in a header in the order in which they are sent.
func sortedNames(h http.Header) []string {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// handshakeSize is how many bytes most handshakes of one end have.
const handshakeSize = 512

// appendField appends one line of a header.
func appendField(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	b = append(b, value...)
	return append(b, "\r\n"...)
}

// isFraming reports whether a header says how a response is sent, and not what
// it is.
func isFraming(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Connection", "Keep-Alive", "Transfer-Encoding", "Trailer", "Content-Length":
		return true
	}
	return strings.HasPrefix(name, http.TrailerPrefix)
}

// isCarried reports whether a header set for the response goes into the 101:
// not those of the handshake, of the hop (RFC 9110 section 7.6.1), or of a
// body, which a 101 does not have.
func isCarried(name string, header http.Header) bool {
	canonical := http.CanonicalHeaderKey(name)
	switch canonical {
	case "Upgrade", "Proxy-Connection", "Te", "Content-Type", "Content-Encoding":
		return false
	}
	return !isFraming(name) &&
		!strings.HasPrefix(canonical, "Sec-Websocket-") &&
		!hasToken(header.Values("Connection"), name)
}
