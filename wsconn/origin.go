package wsconn

import (
	"fmt"
	"net/http"
	"strings"
)

// origin is the origin of a web page (RFC 6454), or a pattern for some: then
// the scheme may be empty, and the port and labels of the host may be "*".
type origin struct{ scheme, host, port string }

// checkOrigin decides whether the page that a request comes from may connect
// (RFC 6455 sections 4.2.2 and 10.2). A browser sends the user's cookies along
// with the handshake of any page, and asks nobody. It returns why not, or "".
func checkOrigin(r *http.Request, version int, patterns []string) (refusal string, err error) {
	sent := r.Header.Values("Origin")
	if version == 8 {
		sent = append(sent[:len(sent):len(sent)], r.Header.Values("Sec-Websocket-Origin")...)
	}
	if len(sent) == 0 {
		return "", nil
	}
	allowed := make([]origin, 0, len(patterns))
	for _, pattern := range patterns {
		if pattern == "*" {
			return "", nil
		}
		p, ok := parsePattern(pattern)
		if !ok {
			return "", fmt.Errorf("AcceptOptions.Origins: %q is not a pattern: use a host, a host and port, or either behind a scheme, such as *.example.com", pattern)
		}
		allowed = append(allowed, p)
	}
	if len(sent) > 1 {
		return "the request has more than one Origin", nil
	}
	o, ok := parseOrigin(sent[0])
	if ok && (o.isHost(r.Host) || o.matchesAny(allowed)) {
		return "", nil
	}
	return originRefusal(sent[0], r.Host, o, ok), nil
}

// originRefusal says what was compared with what, because the usual reason is
// not an attack but a proxy that changed Host on the way.
func originRefusal(sent, host string, o origin, valid bool) string {
	text := fmt.Sprintf("Origin %.100q may not connect to Host %.100q", sent, host)
	if !valid {
		return text + ": it is not the origin of a site; only AcceptOptions.Origins with \"*\" accepts it"
	}
	if o.port != "" && o.port != defaultPort(o.scheme) {
		o.host += ":" + o.port
	}
	return fmt.Sprintf("%s: if this site is meant to, add %.100q to AcceptOptions.Origins, or let the proxy that changed Host pass it on unchanged", text, o.host)
}

// parseOrigin reads the value of an Origin header: a scheme, a host and
// perhaps a port, and nothing else. "null" is not the origin of anybody.
func parseOrigin(s string) (origin, bool) {
	scheme, hostport, ok := strings.Cut(s, "://")
	host, port, hasHost := cutPort(hostport)
	host, valid := canonicalHost(host)
	if !ok || !hasHost || !valid || !isToken(scheme) {
		return origin{}, false
	}
	o := origin{scheme: strings.ToLower(scheme), host: host}
	o.port, ok = portOrDefault(port, o.scheme)
	return o, ok
}

// parsePattern reads an element of AcceptOptions.Origins that is not "*".
func parsePattern(s string) (origin, bool) {
	scheme, hostport, hasScheme := strings.Cut(s, "://")
	if !hasScheme {
		scheme, hostport = "", s
	}
	host, port, ok := cutPort(hostport)
	if !ok || hasScheme && !isToken(scheme) {
		return origin{}, false
	}
	if port != "" && port != "*" {
		if port, ok = canonicalPort(port); !ok {
			return origin{}, false
		}
	}
	labels := strings.Split(host, ".")
	if host[:min(1, len(host))] == "[" {
		labels = []string{host}
	}
	for i, label := range labels {
		if label == "*" {
			continue
		}
		if labels[i], ok = canonicalHost(label); !ok {
			return origin{}, false
		}
	}
	return origin{scheme: strings.ToLower(scheme), host: strings.Join(labels, "."), port: port}, true
}

// isHost reports whether o is the site behind a Host header. That one has no
// scheme, and behind a proxy nobody here knows it: it is taken to be o's.
func (o origin) isHost(hostport string) bool {
	host, port, ok := cutPort(hostport)
	if !ok {
		return false
	}
	if host, ok = canonicalHost(host); !ok || host != o.host {
		return false
	}
	port, ok = portOrDefault(port, o.scheme)
	return ok && port == o.port
}

func (o origin) matchesAny(patterns []origin) bool {
	for _, p := range patterns {
		if o.matches(p) {
			return true
		}
	}
	return false
}

// matches compares o with a pattern. A pattern without a port means the one
// that the scheme has by default.
func (o origin) matches(p origin) bool {
	if p.scheme != "" && p.scheme != o.scheme {
		return false
	}
	if p.port == "" {
		p.port = defaultPort(o.scheme)
	}
	if p.port != "*" && p.port != o.port {
		return false
	}
	return matchLabels(strings.Split(p.host, "."), strings.Split(o.host, "."))
}

// matchLabels compares a host with a pattern label by label, so that a pattern
// never matches a name that only ends like it. "*" stands for one or more.
func matchLabels(pattern, host []string) bool {
	star, resume := -1, 0 // the last "*" met, and the first label after those it stands for
	i := 0
	for j := 0; j < len(host); {
		switch {
		case i < len(pattern) && pattern[i] == "*":
			star, resume = i, j+1
			i, j = i+1, j+1
		case i < len(pattern) && pattern[i] == host[j]:
			i, j = i+1, j+1
		case star >= 0:
			resume++
			i, j = star+1, resume
		default:
			return false
		}
	}
	return i == len(pattern)
}

func portOrDefault(port, scheme string) (string, bool) {
	if port == "" {
		return defaultPort(scheme), true
	}
	return canonicalPort(port)
}

// defaultPort returns the port of a URL without one, or "" for a scheme whose
// origins have none.
func defaultPort(scheme string) string {
	switch scheme {
	case "http", "ws":
		return "80"
	case "https", "wss":
		return "443"
	}
	return ""
}
