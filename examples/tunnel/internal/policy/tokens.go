package policy

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
)

// Tokens are those that let clients in.
type Tokens struct {
	tokens  []Token
	digests [][sha256.Size]byte // of the secrets
}

// LoadTokens reads a file of tokens, see [ParseTokens]. The warnings are for the
// log.
func LoadTokens(path string) (tokens *Tokens, warnings []string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if mode := info.Mode(); runtime.GOOS != "windows" && mode.IsRegular() && mode.Perm()&0o044 != 0 {
		warnings = append(warnings, fmt.Sprintf("%s can be read by others than its owner: chmod 600 it", path))
	}
	tokens, err = ParseTokens(f, path)
	return tokens, warnings, err
}

// ParseTokens reads tokens, one a line: NAME SECRET, and what the token may do
// if that is not what all may, as allow=HOST:PORT, deny=HOST:PORT and
// allow-reverse=BIND:PORT, each as often as needed. A # begins a comment. One
// single word is the secret of a token with the name "token". The name of the
// file is for errors.
func ParseTokens(r io.Reader, name string) (*Tokens, error) {
	entries, err := parseEntries(r, name)
	if err != nil {
		return nil, err
	}
	t := new(Tokens)
	for _, e := range entries {
		t.tokens = append(t.tokens, e.Token)
		t.digests = append(t.digests, sha256.Sum256([]byte(e.secret)))
	}
	return t, nil
}

// Deny adds to what each token may not reach: a token that has rights of its own
// has them within what the server denies to everybody. It is called before the
// tokens are used.
func (t *Tokens) Deny(targets Targets) {
	for _, token := range t.tokens {
		if r := token.Rights; r != nil {
			r.Deny.list = append(r.Deny.list, targets.list...)
		}
	}
}

// Find returns the token with the secret. How long that takes does not depend on
// how much of the secret is right, nor on whose it is.
func (t *Tokens) Find(secret string) (Token, bool) {
	digest := sha256.Sum256([]byte(secret))
	found := -1
	for i := range t.digests {
		same := subtle.ConstantTimeCompare(digest[:], t.digests[i][:])
		found = subtle.ConstantTimeSelect(same, i, found)
	}
	if found < 0 {
		return Token{}, false
	}
	return t.tokens[found], true
}

// SecretFrom reads the secret of a client: the first one of a file of tokens.
func SecretFrom(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	entries, err := parseEntries(f, path)
	if err != nil {
		return "", err
	}
	return entries[0].secret, nil
}

// HaveRights reports whether one of them has rights of its own.
func (t *Tokens) HaveRights() bool {
	return slices.ContainsFunc(t.tokens, func(token Token) bool { return token.Rights != nil })
}
