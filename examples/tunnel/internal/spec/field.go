package spec

import (
	"errors"
	"strings"
)

const unixScheme = "unix://"

// field is one of those between the colons.
type field struct {
	text string
	path bool // it is the path of a socket: it has a slash, or had unix:// before it
}

var (
	errBrackets  = errors.New("brackets go around a whole IPv6 address, as in [::1]")
	errBackslash = errors.New(`a backslash stands before the character that it escapes, as in /run/a\:b`)
	errNoPath    = errors.New("the path of the socket is missing behind unix://")
)

// splitFields cuts s at its colons as OpenSSH does: not at those in brackets,
// which it takes off, and not at those behind a backslash.
func splitFields(s string) ([]field, error) {
	var fields []field
	for {
		next := nextField
		if strings.HasPrefix(s, "[") {
			next = nextBracketed
		}
		f, rest, err := next(s)
		if err != nil {
			return nil, err
		}
		fields = append(fields, f)
		if rest == "" {
			return fields, nil
		}
		s = rest[1:] // without the colon
	}
}

// nextBracketed takes the field that s begins with, with its brackets.
func nextBracketed(s string) (f field, rest string, err error) {
	inside, rest, closed := strings.Cut(s[1:], "]")
	if !closed || inside == "" || rest != "" && rest[0] != ':' {
		return field{}, "", errBrackets
	}
	return field{inside, strings.Contains(inside, "/")}, rest, nil
}

// nextField takes the field that s begins with.
func nextField(s string) (f field, rest string, err error) {
	s, f.path = strings.CutPrefix(s, unixScheme)
	var text strings.Builder
	i := 0
	for ; i < len(s) && s[i] != ':'; i++ {
		switch s[i] {
		case '\\':
			if i++; i == len(s) {
				return field{}, "", errBackslash
			}
		case '/':
			f.path = true
		}
		text.WriteByte(s[i])
	}
	if f.text = text.String(); f.path && f.text == "" {
		return field{}, "", errNoPath
	}
	return f, s[i:], nil
}

// escape writes a path such that nextField reads it.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `:`, `\:`).Replace(path)
}
