package wsconn

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// target is where the URL of a WebSocket leads (RFC 6455 section 3).
type target struct {
	network    string // "tcp" or "unix"
	address    string // a host with its port, or the path of a Unix socket
	tls        bool
	serverName string // the name that the server's certificate has to have
	host       string // the Host header
	request    string // the request target: path and query
	user       *url.Userinfo
}

// String returns the URL again, without the userinfo, which is a secret.
func (t target) String() string {
	scheme := "ws"
	if t.tls {
		scheme = "wss"
	}
	if t.network == "unix" {
		return scheme + "+unix:" + t.address + ":" + t.request
	}
	return scheme + "://" + t.host + t.request
}

// url returns the URL as HTTP knows it, for cookies and the choice of a proxy.
func (t target) url() (*url.URL, error) {
	scheme := "http"
	if t.tls {
		scheme = "https"
	}
	return url.Parse(scheme + "://" + t.host + t.request)
}

// authority returns the host and the port for a proxy. The zone of an address
// means something on this machine alone.
func (t target) authority() string {
	host, port, err := net.SplitHostPort(t.address)
	if err != nil {
		return t.address
	}
	host, _, _ = strings.Cut(host, "%")
	return net.JoinHostPort(host, port)
}

// parseURL reads a URL of one of the schemes ws, wss, http and https, which
// mean the same two things, or of ws+unix and wss+unix. Its errors do not hold
// the userinfo.
func parseURL(raw string) (target, error) {
	if strings.Contains(raw, "#") {
		return target{}, errors.New("a WebSocket URL has no fragment: write # as %23")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return target{}, withoutURL(raw, err)
	}
	t := target{network: "tcp", user: u.User}
	switch u.Scheme {
	case "ws", "http":
		return t, t.setHost(u, "80")
	case "wss", "https":
		t.tls = true
		return t, t.setHost(u, "443")
	case "ws+unix", "wss+unix":
		t.tls = u.Scheme == "wss+unix"
		return t, t.setSocket(u)
	}
	return target{}, fmt.Errorf("the scheme of the URL is %.20q: use ws, wss, http, https, ws+unix or wss+unix", u.Scheme)
}

// setHost reads the authority of u: a name, in any script, or an IP address,
// and perhaps a port.
func (t *target) setHost(u *url.URL, defaultPort string) error {
	name, port, ok := cutPort(u.Host)
	name, zone := cutZone(name)
	host, valid := canonicalHost(name)
	if u.Opaque != "" || !ok || !valid {
		return fmt.Errorf("the URL needs a host, as in ws://example.com/, not %.80q", u.Host)
	}
	if port == "" {
		port = defaultPort
	}
	if port, ok = canonicalPort(port); !ok {
		return fmt.Errorf("the URL has no valid port: %.80q", u.Host)
	}
	t.serverName = strings.Trim(host, "[]")
	t.address = net.JoinHostPort(t.serverName+zone, port)
	t.host = host
	if port != defaultPort {
		t.host += ":" + port
	}
	t.request = requestTarget(u)
	return nil
}

// setSocket reads ws+unix:/path/of/socket:/path?query. The first colon ends
// the path of the socket; one inside of it is written %3A.
func (t *target) setSocket(u *url.URL) error {
	path := u.Opaque // a relative path, or a name in Linux's abstract space
	if path == "" {
		path = u.EscapedPath()
	}
	escaped, request, _ := strings.Cut(path, ":")
	socket, err := url.PathUnescape(escaped)
	if err != nil || socket == "" || strings.Contains(socket, "\x00") || u.Host != "" {
		return errors.New("the URL needs the path of a socket, as in ws+unix:/run/app.sock:/path")
	}
	if request != "" && request[0] != '/' {
		return errors.New("what follows the path of the socket in the URL has to start with a slash: a colon in the path of the socket is written %3A")
	}
	t.network, t.address = "unix", socket
	t.host, t.serverName = "localhost", "localhost"
	u.Opaque, u.RawPath = "", request
	if u.Path, err = url.PathUnescape(request); err != nil {
		return errors.New("the URL has an invalid escape in its path")
	}
	t.request = requestTarget(u)
	return nil
}

// requestTarget returns the path and the query of u as they are sent. The
// query comes from net/url as it was written, so whatever would end the
// request line, or is not ASCII, is escaped here.
func requestTarget(u *url.URL) string {
	path := u.EscapedPath()
	if path == "" || path[0] != '/' {
		path = "/" + path
	}
	if u.RawQuery == "" && !u.ForceQuery {
		return path
	}
	var b strings.Builder
	b.WriteString(path)
	b.WriteByte('?')
	for i := range len(u.RawQuery) {
		if c := u.RawQuery[i]; c <= ' ' || c >= 0x7F {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// withoutURL takes out of an error of url.Parse the URL, and more of it if it
// may hold a password.
func withoutURL(raw string, err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok && !strings.Contains(raw, "@") {
		return fmt.Errorf("the URL does not parse: %w", e.Err)
	}
	return errors.New("the URL does not parse")
}

// redactURL returns a URL that may not parse, without what may be userinfo: also
// if its scheme or a slash is missing, there may be a password in front of an @.
func redactURL(raw string) string {
	i := strings.LastIndexByte(raw, '@')
	if i < 0 || !strings.Contains(raw[:i], ":") {
		return raw
	}
	if scheme, _, ok := strings.Cut(raw[:i], "://"); ok {
		return scheme + "://" + raw[i+1:]
	}
	return "..." + raw[i:]
}

// cutPort splits a host from its port, if there is one. An IPv6 address keeps
// its brackets, and needs them.
func cutPort(hostport string) (host, port string, ok bool) {
	i := strings.LastIndexByte(hostport, ':')
	if i <= strings.LastIndexByte(hostport, ']') {
		return hostport, "", true
	}
	host, port = hostport[:i], hostport[i+1:]
	return host, port, host != "" && (host[0] == '[' || !strings.Contains(host, ":"))
}

// cutZone splits the zone from an IPv6 address in brackets. It has a meaning
// on this machine alone, so it is needed to dial and for nothing else.
func cutZone(host string) (name, zone string) {
	i := strings.IndexByte(host, '%')
	if i < 0 || host[0] != '[' || host[len(host)-1] != ']' {
		return host, ""
	}
	return host[:i] + "]", host[i : len(host)-1]
}

// canonicalHost gives a host the form in which two of them can be compared:
// lower case, names in other scripts as in the DNS (RFC 5891), an IPv6 address
// in its shortest form and in brackets.
func canonicalHost(host string) (string, bool) {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, closed := strings.CutSuffix(inner, "]")
		ip, err := netip.ParseAddr(inner)
		return "[" + ip.String() + "]", closed && err == nil && ip.Is6() && ip.Zone() == ""
	}
	for i := range len(host) {
		if host[i] >= 0x80 {
			ascii, err := idna.Lookup.ToASCII(host)
			if err != nil {
				return "", false
			}
			host = ascii
			break
		}
	}
	// Names that are ASCII skip the rules of the lookup profile: it forbids
	// the underscore, which names inside of networks have.
	for i := range len(host) {
		if c := host[i]; !isAlphanumeric(c) && c != '-' && c != '.' && c != '_' {
			return "", false
		}
	}
	return strings.ToLower(host), host != "" && len(host) <= 254
}

// canonicalPort gives a port its usual form.
func canonicalPort(port string) (string, bool) {
	n, err := strconv.ParseUint(port, 10, 16)
	return strconv.FormatUint(n, 10), err == nil
}
