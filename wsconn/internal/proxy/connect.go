package proxy

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
)

// maxAsked is how often Auth is asked for one tunnel. Negotiate and NTLM need
// three rounds at most.
const maxAsked = 4

// connect opens a tunnel by CONNECT. Credentials that are known are sent at
// once.
func (d *Dialer) connect(ctx context.Context, address string) (net.Conn, error) {
	header := d.header()
	var kept net.Conn
	for asked := 0; ; asked++ {
		conn, a, err := d.ask(ctx, kept, connectRequest(address, header))
		switch {
		case err != nil:
			return nil, err
		case a.opens():
			return conn, nil
		case a.status != http.StatusProxyAuthRequired || d.Auth == nil || asked == maxAsked:
			return nil, &Refusal{a.status, a.header, asked}
		}
		kept = nil
		if a.leavesOpen(conn) {
			kept = conn
		}
		value, err := d.Auth(ctx, a.header.Values("Proxy-Authenticate"))
		if err != nil {
			return nil, &AuthError{err}
		}
		if strings.ContainsFunc(value, isControl) {
			return nil, &AuthError{errors.New("the value for Proxy-Authorization has a control character")}
		}
		header.Set("Proxy-Authorization", value)
	}
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7F }

// AuthError is why there is no answer to a 407.
type AuthError struct{ Err error }

func (e *AuthError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *AuthError) Unwrap() error { return e.Err }

// header returns what is sent with the first request. What the caller says for
// it counts more than the URL (RFC 7617 for Basic).
func (d *Dialer) header() http.Header {
	header := make(http.Header, len(d.Header)+1)
	for name, values := range d.Header {
		name = http.CanonicalHeaderKey(name)
		header[name] = append(header[name], values...)
	}
	if user := d.URL.User; user != nil && header.Get("Proxy-Authorization") == "" {
		password, _ := user.Password()
		secret := base64.StdEncoding.EncodeToString([]byte(user.Username() + ":" + password))
		header.Set("Proxy-Authorization", "Basic "+secret)
	}
	return header
}

func connectRequest(address string, header http.Header) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "CONNECT %s HTTP/1.1\r\nHost: %[1]s\r\n", address)
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	b.WriteString("\r\n")
	return []byte(b.String())
}

// ask sends a request over the connection that was kept, if there is one, and
// over a new one if the proxy has closed that after all.
func (d *Dialer) ask(ctx context.Context, kept net.Conn, request []byte) (net.Conn, *answer, error) {
	if kept != nil {
		a, err := exchange(kept, request)
		if ctx.Err() != nil || !errors.Is(err, errNoAnswer) {
			return kept, a, err
		}
	}
	conn, err := d.Open(ctx)
	if err != nil {
		return nil, nil, err
	}
	a, err := exchange(conn, request)
	return conn, a, err
}

// errNoAnswer is there if not even a byte has come.
var errNoAnswer = errors.New("the proxy did not answer")

// exchange sends a request and reads the answer, interim ones skipped.
func exchange(conn net.Conn, request []byte) (*answer, error) {
	if _, err := conn.Write(request); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoAnswer, withoutEOF(err))
	}
	for range maxInterim + 1 {
		head, err := readHead(conn)
		if len(head) == 0 && err != nil {
			return nil, fmt.Errorf("%w: %w", errNoAnswer, withoutEOF(err))
		}
		if err != nil {
			return nil, withoutEOF(err)
		}
		a, err := parseHead(head)
		if err != nil || a.status >= 200 || a.status == http.StatusSwitchingProtocols {
			return a, err
		}
	}
	return nil, errors.New("too many interim answers (1xx) of the proxy")
}

// withoutEOF says of an end that it came too early.
func withoutEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
