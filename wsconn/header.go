package wsconn

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// cleanHeader returns a copy of the caller's header, its names in canonical
// form, and refuses what would make another request of the handshake.
func cleanHeader(h http.Header) (http.Header, error) {
	clean := make(http.Header, len(h)+1)
	for _, name := range slices.Sorted(maps.Keys(h)) {
		canonical := http.CanonicalHeaderKey(name)
		if cure := reservedHeader(canonical); cure != "" {
			return nil, fmt.Errorf("DialOptions.Header: %s cannot be set there: %s", canonical, cure)
		}
		if err := checkField("DialOptions.Header", name, h[name]); err != nil {
			return nil, err
		}
		clean[canonical] = append(clean[canonical], h[name]...)
	}
	for _, name := range []string{"Host", "Origin"} {
		if len(clean[name]) > 1 {
			return nil, fmt.Errorf("DialOptions.Header: %s has more than one value", name)
		}
	}
	if host := clean.Get("Host"); strings.ContainsAny(host, " \t,/?#@") {
		return nil, fmt.Errorf("DialOptions.Header: %q is not a Host", host)
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
		return "Dial offers its own extension and DialSocket none"
	case "Connection", "Upgrade", "Http2-Settings":
		return "the handshake sets what it needs"
	case "Content-Length", "Transfer-Encoding", "Trailer", "Expect":
		return "a handshake has no body"
	}
	if strings.HasPrefix(name, "Sec-Websocket-") {
		return "the handshake sets what it needs"
	}
	return ""
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

// appendField appends one line of a header.
func appendField(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	b = append(b, value...)
	return append(b, "\r\n"...)
}

// isCarried reports whether a header set for the response goes into the 101:
// not those of the handshake, of the hop (RFC 9110 section 7.6.1), or of a
// body, which a 101 does not have.
func isCarried(name string, header http.Header) bool {
	canonical := http.CanonicalHeaderKey(name)
	switch canonical {
	case "Connection", "Upgrade", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding",
		"Content-Length", "Content-Type", "Content-Encoding":
		return false
	}
	return !strings.HasPrefix(canonical, "Sec-Websocket-") &&
		!strings.HasPrefix(name, http.TrailerPrefix) &&
		!hasToken(header.Values("Connection"), name)
}
