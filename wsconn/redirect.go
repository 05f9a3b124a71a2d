package wsconn

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// isRedirect reports whether the answer asks to try elsewhere (RFC 9110
// section 15.4).
func (e *HandshakeError) isRedirect() bool {
	switch e.Status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// redirect makes q the request for where a server has sent it. What the caller
// has entrusted to one server does not reach another one through that: once
// dropped, it stays so.
func (q *clientRequest) redirect(location string) error {
	next, err := q.target.resolve(location)
	if err != nil {
		return err
	}
	if next.network == "unix" && !next.isAt(q.target) {
		return errors.New("the redirect leads to a Unix socket, which is not for a server to choose: dial it if that is what you want")
	}
	if !next.isTrustedLike(q.target) {
		for _, name := range []string{"Authorization", "Cookie", "Host"} {
			q.header.Del(name)
		}
	}
	q.target = next
	q.key = newHandshakeKey()
	q.authorize()
	return nil
}

// isTrustedLike reports whether t is the server that from is, reached at
// least as safely: the same host and port or socket, and not from TLS to none.
func (t target) isTrustedLike(from target) bool {
	return t.isAt(from) && (t.tls || !from.tls)
}

// isAt reports whether t is dialed where other is. The path of a socket may read
// like a host with its port.
func (t target) isAt(other target) bool {
	return t.network == other.network && t.address == other.address
}

// resolve returns where a Location leads that t has answered with (RFC 9110
// section 10.2.2). The path of one without a host stays at the same server,
// also behind a Unix socket.
func (t target) resolve(location string) (target, error) {
	location, _, _ = strings.Cut(location, "#")
	if location == "" {
		return target{}, errors.New("the redirect has no Location")
	}
	ref, err := url.Parse(location)
	if err != nil {
		return target{}, withoutURL(location, err)
	}
	if ref.IsAbs() {
		return parseURL(location)
	}
	scheme := "ws"
	if t.tls {
		scheme = "wss"
	}
	if ref.Host != "" {
		return parseURL(scheme + ":" + location)
	}
	base, err := t.url()
	if err != nil {
		return target{}, withoutURL(location, err)
	}
	t.request = requestTarget(base.ResolveReference(ref))
	return t, nil
}
