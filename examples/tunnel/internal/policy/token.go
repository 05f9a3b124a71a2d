package policy

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// minSecret is as long as a secret has to be that nobody guesses.
const minSecret = 16

// Token is who has shown its secret.
type Token struct {
	Name   string
	Rights *Rights // nil means those that the server gives to everybody
}

// entry is a line of a file of tokens.
type entry struct {
	Token
	secret string
}

// The errors of a line do not quote it: it has a secret.
var (
	errLine    = errors.New("want NAME SECRET [allow=HOST:PORT]… [deny=HOST:PORT]… [allow-reverse=[BIND:]PORT]…")
	errShort   = fmt.Errorf("a secret has at least %d characters: make one with openssl rand -hex 32", minSecret)
	errLetters = errors.New("a secret has printable ASCII characters only: make one with openssl rand -hex 32")
	errNoAllow = errors.New("deny= without allow= leaves nothing that could be reached")
)

// parseEntries reads a file of tokens. Lines are counted from 1.
func parseEntries(r io.Reader, name string) ([]entry, error) {
	var entries []entry
	bare := 0 // the line that has nothing but a secret
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		fields := lineFields(lines.Text())
		if len(fields) == 0 {
			continue
		}
		if len(fields) == 1 {
			bare = n
			fields = []string{"token", fields[0]}
		}
		e, err := parseEntry(fields)
		if err == nil {
			err = e.differs(entries)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		entries = append(entries, e)
		if bare > 0 && len(entries) > 1 {
			return nil, fmt.Errorf("%s:%d: a secret without a name can only be the only one: %w", name, bare, errLine)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("%s: there is no token in it: %w", name, errLine)
	}
	return entries, nil
}

// lineFields cuts a line at its spaces, up to a comment.
func lineFields(line string) []string {
	fields := strings.Fields(line)
	for i, f := range fields {
		if f[0] == '#' {
			return fields[:i]
		}
	}
	return fields
}

// parseEntry reads NAME SECRET and what stands behind them.
func parseEntry(fields []string) (entry, error) {
	e := entry{Token{Name: fields[0]}, fields[1]}
	if err := checkSecret(e.secret); err != nil {
		return entry{}, err
	}
	for _, f := range fields[2:] {
		add := e.option(f)
		if add == nil {
			return entry{}, errLine
		}
		if err := add(f[strings.Index(f, "=")+1:]); err != nil {
			return entry{}, err
		}
	}
	if e.Rights != nil && e.Rights.Targets.Empty() && !e.Rights.Deny.Empty() {
		return entry{}, errNoAllow
	}
	return e, nil
}

// option returns what takes the value of a field as allow=HOST:PORT, or nil if
// it is no such field. Any of them gives the token rights of its own.
func (e *entry) option(field string) func(string) error {
	key, _, _ := strings.Cut(field, "=")
	r := e.Rights
	if r == nil {
		r = new(Rights)
	}
	options := map[string]func(string) error{
		"allow":         r.Targets.Add,
		"deny":          r.Deny.Add,
		"allow-reverse": r.Binds.Add,
	}
	add := options[key]
	if add == nil || key == field {
		return nil
	}
	e.Rights = r
	return add
}

func checkSecret(s string) error {
	if new(entry).option(s) != nil { // it stands where the secret should
		return errLine
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < '!' || r > '~' }) {
		return errLetters
	}
	if len(s) < minSecret {
		return errShort
	}
	return nil
}

// differs refuses what is in the file twice.
func (e entry) differs(others []entry) error {
	for _, o := range others {
		if o.Name == e.Name {
			return fmt.Errorf("there are two tokens with the name %q", e.Name)
		}
		if o.secret == e.secret {
			return fmt.Errorf("%q and %q have the same secret", o.Name, e.Name)
		}
	}
	return nil
}
