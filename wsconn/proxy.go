package wsconn

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// NoProxy is for [DialOptions].Proxy: no proxy is used, whatever the
// environment says.
func NoProxy(*http.Request) (*url.URL, error) { return nil, nil }

// ProxyChallenge is what an HTTP proxy asks of [DialOptions].ProxyAuth.
type ProxyChallenge struct {
	// Proxy is the URL of the proxy: its scheme, host and userinfo.
	Proxy *url.URL

	// Target is what CONNECT asks for, a host with its port: Digest signs it
	// (RFC 7616 section 3.4).
	Target string

	// Challenges are the values of Proxy-Authenticate.
	Challenges []string
}

// proxyServer is a proxy to dial.
type proxyServer struct {
	url     *url.URL
	address string // a host with its port
	name    string // the host alone, which its certificate has to have
}

// String returns the URL of the proxy without its userinfo, which is a secret.
func (p *proxyServer) String() string {
	return p.url.Scheme + "://" + p.url.Host
}

// chooseProxy returns the proxy for a request to t, or nil. The request may be
// changed by the caller's function.
func chooseProxy(t target, r *http.Request, choose func(*http.Request) (*url.URL, error)) (*proxyServer, *HandshakeError) {
	if t.network == "unix" {
		return nil, nil
	}
	reason := "DialOptions.Proxy names no usable proxy"
	if choose == nil {
		choose, reason = proxyFromEnvironment, "the environment names no usable proxy"
	}
	u, err := choose(r)
	if err != nil || u == nil {
		return nil, failureOf(reason, err)
	}
	p, err := newProxyServer(u)
	return p, failureOf(reason, err)
}

func failureOf(reason string, err error) *HandshakeError {
	if err == nil {
		return nil
	}
	return &HandshakeError{Reason: reason, Err: err}
}

// newProxyServer checks the URL of a proxy.
func newProxyServer(u *url.URL) (*proxyServer, error) {
	port := map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	if port == "" {
		return nil, fmt.Errorf("the scheme of a proxy is http, https, socks5 or socks5h, not %.20q", u.Scheme)
	}
	var t target
	if err := t.setHost(u, port); err != nil {
		return nil, fmt.Errorf("the proxy: %w", err)
	}
	return &proxyServer{url: u, address: t.address, name: t.serverName}, nil
}

// proxyFromEnvironment is what the environment says, which is asked each time.
// As curl does it, ALL_PROXY is for what has no variable of its own, and
// NO_PROXY is for ALL_PROXY, too.
func proxyFromEnvironment(r *http.Request) (*url.URL, error) {
	config := httpproxy.FromEnvironment()
	value := &config.HTTPProxy
	if r.URL.Scheme == "https" {
		value = &config.HTTPSProxy
	}
	if *value == "" {
		*value = os.Getenv("all_proxy")
		if *value == "" {
			*value = os.Getenv("ALL_PROXY")
		}
		config.CGI = false // a client of a CGI program sets HTTP_PROXY alone
	}
	// Left to itself httpproxy drops what is no URL, or makes another one of it,
	// and the request would go where it is not meant to go.
	broken := *value != "" && !isProxyURL(*value)
	if broken {
		*value = "http://proxy.invalid"
	}
	u, err := config.ProxyFunc()(r.URL)
	if u != nil && broken {
		return nil, errors.New("a variable for proxies (HTTP_PROXY, HTTPS_PROXY or ALL_PROXY) does not hold a URL")
	}
	return u, err
}

// isProxyURL reports whether a variable holds a URL, or a host with a port.
func isProxyURL(value string) bool {
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	u, err := url.Parse(value)
	return err == nil && u.Host != ""
}

// checkProxyHeader refuses what would make another request of CONNECT.
func checkProxyHeader(h http.Header) error {
	const where = "DialOptions.ProxyHeader"
	for name, values := range h {
		switch http.CanonicalHeaderKey(name) {
		case "Host", "Content-Length", "Transfer-Encoding", "Trailer", "Expect":
			return fmt.Errorf("%s: %s cannot be set there: CONNECT has no body, and its host is the server's", where, name)
		}
		if err := checkField(where, name, values); err != nil {
			return err
		}
	}
	return nil
}
