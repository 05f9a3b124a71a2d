package wsconn

import "strings"

// maxElements is how many elements a list in a header may have, and how many
// parameters an extension. Honest lists have a handful, so that what a peer
// can make of a header of a megabyte stays small.
const maxElements = 128

// extension is one element of Sec-WebSocket-Extensions (RFC 6455 section 9.1).
type extension struct {
	name   string
	params []parameter
}

// parameter is one parameter of an extension. A parameter without "=" and one
// with a value are different things: half_close is not half_close=1.
type parameter struct {
	name, value string
	hasValue    bool
}

// parseTokens reads the lines of a header that is a list of tokens, as
// Sec-WebSocket-Protocol is. Empty elements do not count (RFC 9110 section
// 5.6.1.2). It reports false if an element is not a token, or if there are too
// many.
func parseTokens(lines []string) ([]string, bool) {
	var list []string
	ok := eachElement(lines, func(s *scanner) bool {
		token := s.token()
		list = append(list, token)
		return token != "" && len(list) <= maxElements
	})
	return list, ok
}

// parseExtensions reads the lines of Sec-WebSocket-Extensions. It reports
// false if they break the grammar of RFC 6455 section 9.1, or hold too much.
func parseExtensions(lines []string) ([]extension, bool) {
	var list []extension
	ok := eachElement(lines, func(s *scanner) bool {
		e, ok := s.extension()
		list = append(list, e)
		return ok && len(list) <= maxElements
	})
	return list, ok
}

// hasToken reports whether one of the elements in the lines of a list is the
// token, in any case of letters. Other elements may be anything: a header such
// as Connection belongs to HTTP, and to others too.
func hasToken(lines []string, token string) bool {
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.Trim(element, " \t"), token) {
				return true
			}
		}
	}
	return false
}

// eachElement calls read at the start of every element in the lines of a list.
// It reports whether read always did, and a comma or the end of the line always
// followed.
func eachElement(lines []string, read func(*scanner) bool) bool {
	for _, line := range lines {
		s := scanner{rest: line}
		for s.space(); s.rest != ""; s.space() {
			if s.skip(',') {
				continue
			}
			if !read(&s) {
				return false
			}
			s.space()
			if s.rest != "" && s.rest[0] != ',' {
				return false
			}
		}
	}
	return true
}

// scanner walks over one line of a header. It never goes back, which makes
// everything above it linear in the length of the line.
type scanner struct{ rest string }

func (s *scanner) space() { s.rest = strings.TrimLeft(s.rest, " \t") }

// skip steps over b, and reports false if something else is next.
func (s *scanner) skip(b byte) bool {
	if s.rest == "" || s.rest[0] != b {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// token steps over a token and returns it, or "" if something else is next.
func (s *scanner) token() string {
	n := 0
	for n < len(s.rest) && isTokenByte(s.rest[n]) {
		n++
	}
	token := s.rest[:n]
	s.rest = s.rest[n:]
	return token
}

func (s *scanner) extension() (extension, bool) {
	e := extension{name: s.token()}
	if e.name == "" {
		return e, false
	}
	for s.space(); s.skip(';'); s.space() {
		p, ok := s.parameter()
		if !ok || len(e.params) == maxElements {
			return e, false
		}
		e.params = append(e.params, p)
	}
	return e, true
}

func (s *scanner) parameter() (parameter, bool) {
	s.space()
	p := parameter{name: s.token()}
	if p.name == "" {
		return p, false
	}
	s.space()
	if !s.skip('=') {
		return p, true
	}
	s.space()
	p.hasValue = true
	if s.skip('"') {
		return p, s.quoted(&p.value)
	}
	p.value = s.token()
	return p, p.value != ""
}

// quoted reads a quoted string whose opening quote has been read. What it
// stands for has to be a token like any other value (RFC 6455 section 9.1).
func (s *scanner) quoted(value *string) bool {
	var b strings.Builder
	for i := 0; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			s.rest = s.rest[i+1:]
			*value = b.String()
			return *value != ""
		case c == '\\' && i+1 < len(s.rest):
			i++
		}
		if !isTokenByte(s.rest[i]) {
			return false
		}
		b.WriteByte(s.rest[i])
	}
	return false
}

// isToken reports whether s is a token (RFC 9110 section 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func isTokenByte(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// isFieldValue reports whether s can be the value of a header without being
// taken for more than that: no line break, NUL or other control character
// (RFC 9110 section 5.5).
func isFieldValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7F {
			return false
		}
	}
	return true
}
