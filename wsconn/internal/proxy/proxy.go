// Package proxy opens tunnels through proxies: those of HTTP, by CONNECT (RFC
// 9110 section 9.3.6), and those of SOCKS5 (RFC 1928).
package proxy

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// Dialer opens tunnels through one proxy.
type Dialer struct {
	// URL is that of the proxy, with the scheme http or https, socks5 (names
	// are resolved here) or socks5h (by the proxy). Its userinfo are the
	// credentials.
	URL *url.URL

	// Open returns a new connection to the proxy, with TLS if the proxy wants
	// it, and closes the one before. Whoever gives it here closes it in the
	// end, also when a context ends: nothing else ends a wait of this package.
	Open func(context.Context) (net.Conn, error)

	// Header is sent with CONNECT.
	Header http.Header

	// Auth answers a 407, if it is not nil: it makes a Proxy-Authorization of
	// the values of Proxy-Authenticate.
	Auth func(ctx context.Context, challenges []string) (string, error)
}

// Dial returns a tunnel to an address, which is a connection that Open has
// given: there is nothing around it, and nothing that belongs to the tunnel
// has been read from it. A [*Refusal] is the answer no of an HTTP proxy.
func (d *Dialer) Dial(ctx context.Context, address string) (net.Conn, error) {
	switch d.URL.Scheme {
	case "http", "https":
		return d.connect(ctx, address)
	case "socks5", "socks5h":
		return d.socks(ctx, address)
	}
	return nil, fmt.Errorf("%q is not the scheme of a proxy", d.URL.Scheme)
}
