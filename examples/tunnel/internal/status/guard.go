package status

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard answers only to a Host that is an IP address or localhost, or to none. A
// site on the Internet can have its name resolve to 127.0.0.1, so that a browser
// takes what is there for a part of the site, and lets it be read (DNS
// rebinding). No other name is good, for Prometheus neither. No browser leaves
// Host out, but haproxy does when it checks a server.
//
// It also tells browsers to keep nothing, and to do nothing else with what they
// get than what it is for.
func guard(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Content-Security-Policy", contentSecurityPolicy)
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Referrer-Policy", "no-referrer")
		if r.Host != "" && !direct(r.Host) {
			writeText(w, http.StatusMisdirectedRequest, "this is not for names of hosts: use the IP address, or localhost")
			return
		}
		h.ServeHTTP(w, r)
	})
}

// direct reports whether a Host needs no DNS to be found.
func direct(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	_, err = netip.ParseAddr(host)
	return err == nil || strings.EqualFold(host, "localhost")
}
