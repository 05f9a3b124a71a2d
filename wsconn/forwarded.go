package wsconn

import (
	"net/netip"
	"strings"
)

// lastForwarded cuts the last element off a Forwarded header, where commas may
// be in quoted strings. It reads backwards: what a client has put in front of a
// proxy's own element, such as a quote that stays open, cannot change how that
// one is read.
func lastForwarded(list string) (rest, element string) {
	quoted := false
	for i := len(list) - 1; i >= 0; i-- {
		switch {
		case list[i] == '"' && !isEscaped(list[:i]):
			quoted = !quoted
		case list[i] == ',' && !quoted:
			return list[:i], list[i+1:]
		}
	}
	return "", list
}

// isEscaped reports whether what follows s in a quoted string is escaped.
func isEscaped(s string) bool {
	return (len(s)-len(strings.TrimRight(s, `\`)))%2 == 1
}

// parseForwarded returns the address in the parameter "for" of an element (RFC
// 7239 section 4).
func parseForwarded(element string) (addr netip.Addr, found bool) {
	s := scanner{rest: element}
	for {
		s.space()
		if name := s.token(); name != "" {
			value, ok := s.forwardedValue()
			if !ok {
				return netip.Addr{}, false
			}
			if strings.EqualFold(name, "for") {
				if found {
					return netip.Addr{}, false
				}
				if addr, found = parseNode(value); !found {
					return netip.Addr{}, false
				}
			}
		}
		s.space()
		if s.rest == "" {
			return addr, found
		}
		if !s.skip(';') {
			return netip.Addr{}, false
		}
	}
}

// forwardedValue reads "=" and a value. One without quotes may be more than a
// token: proxies leave them out around ports.
func (s *scanner) forwardedValue() (string, bool) {
	if !s.skip('=') {
		return "", false
	}
	if s.skip('"') {
		return s.quotedText()
	}
	value, _, _ := strings.Cut(s.rest, ";")
	s.rest = s.rest[len(value):]
	return strings.TrimRight(value, " \t"), true
}

// quotedText reads a quoted string whose opening quote has been read (RFC 9110
// section 5.6.4).
func (s *scanner) quotedText() (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			s.rest = s.rest[i+1:]
			return b.String(), true
		case c == '\\' && i+1 < len(s.rest):
			i++
		}
		b.WriteByte(s.rest[i])
	}
	return "", false
}
