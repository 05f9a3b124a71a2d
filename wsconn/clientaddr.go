package wsconn

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// ClientAddr returns the address of the client that sent r, as far as it can be
// trusted. That is r.RemoteAddr, unless it lies in one of the trusted prefixes:
// then it is a proxy, and what that proxy says in X-Forwarded-For or Forwarded
// (RFC 7239) counts. Each proxy appends whom it got the request from, and
// everything in front of that may have been made up. So the list is read from
// its end, through all trusted proxies, and the first address that is not one
// of them is the client's. If all are trusted, it is the first in the list.
//
// A proxy sets one of the two headers and lets the other one pass as the client
// wrote it. So if both are there they have to name the same client, or the
// address is the zero Addr: no client can forge another address then, only hide
// its own. Where clients must not be able to do that either, delete the header
// that is not your proxy's from r.Header before, or name the one that is in
// [AcceptOptions.ClientAddrHeader], for what [Socket.ClientAddr] says.
//
// All of this holds only if every trusted proxy adds to one of the headers, or
// replaces it, and nobody else can connect from their addresses. A prefix that
// other clients live in as well must not be in the list.
//
// An element that is no address, such as "unknown" or a hidden name ("_x"),
// ends the walk: the result is the last trusted proxy before it. IPv4 addresses
// are never mapped into IPv6, also those in the prefixes, and zones are left
// out.
//
// A peer without an IP address, as one on a Unix socket, makes the zero Addr,
// and is trusted if the zero Prefix is in the list.
func ClientAddr(r *http.Request, trusted []netip.Prefix) netip.Addr {
	return clientAddr(r, trusted, "")
}

// clientAddr is ClientAddr with the name of the header to believe, or "".
func clientAddr(r *http.Request, trusted []netip.Prefix, header string) netip.Addr {
	peer, ok := parseNode(r.RemoteAddr)
	if ok && !isTrusted(peer, trusted) || !ok && !slices.Contains(trusted, netip.Prefix{}) {
		return peer
	}
	if header != "" {
		return walkProxies(r, header, peer, trusted)
	}
	byList := walkProxies(r, "X-Forwarded-For", peer, trusted)
	byForwarded := walkProxies(r, "Forwarded", peer, trusted)
	switch {
	case len(r.Header.Values("Forwarded")) == 0, byList == byForwarded:
		return byList
	case len(r.Header.Values("X-Forwarded-For")) == 0:
		return byForwarded
	}
	return netip.Addr{}
}

// walkProxies goes through the list of a header from its end, as long as it
// meets trusted proxies, of which last is the first. It returns where it ends.
// Each byte of the list is looked at a fixed number of times.
func walkProxies(r *http.Request, header string, last netip.Addr, trusted []netip.Prefix) netip.Addr {
	cut, parse := lastOfList, parseNode
	if http.CanonicalHeaderKey(header) == "Forwarded" {
		cut, parse = lastForwarded, parseForwarded
	}
	met := 0
	for _, rest := range slices.Backward(r.Header.Values(header)) {
		for element := ""; rest != ""; {
			rest, element = cut(rest)
			if element = strings.Trim(element, " \t"); element == "" {
				continue
			}
			node, ok := parse(element)
			if met++; !ok || met > maxElements {
				return last
			}
			if last = node; !isTrusted(node, trusted) {
				return node
			}
		}
	}
	return last
}

func isTrusted(a netip.Addr, trusted []netip.Prefix) bool {
	for _, p := range trusted {
		if mapped := p.Addr(); mapped.Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(mapped.Unmap(), p.Bits()-96)
		}
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// lastOfList cuts the last element off a list without quoted strings.
func lastOfList(list string) (rest, element string) {
	i := strings.LastIndexByte(list, ',')
	return list[:max(i, 0)], list[i+1:]
}

// maxNode is longer than any address with a zone and a port.
const maxNode = 128

// parseNode reads an address, perhaps with a port, which does not matter. It is
// the form of RFC 7239 section 6, and of http.Request.RemoteAddr. An IPv6
// address needs brackets only before a port.
func parseNode(s string) (netip.Addr, bool) {
	if len(s) > maxNode {
		return netip.Addr{}, false
	}
	host, port, ok := s, "", true
	if strings.Count(s, ":") == 1 || strings.HasPrefix(s, "[") {
		host, port, ok = cutPort(s)
	}
	inner, bracketed := strings.CutPrefix(host, "[")
	if bracketed {
		inner, bracketed = strings.CutSuffix(inner, "]")
		ok = ok && bracketed
	}
	a, err := netip.ParseAddr(inner)
	if !ok || err != nil || bracketed && !a.Is6() || port != "" && !isToken(port) {
		return netip.Addr{}, false
	}
	return a.WithZone("").Unmap(), true
}
