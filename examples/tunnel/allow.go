package main

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// pattern is one -allow. A "*" is any host or any port.
type pattern struct{ host, port string }

// anyTarget is what -open allows.
var anyTarget = pattern{"*", "*"}

// allowList is the targets that clients may reach.
type allowList []pattern

// allows reports whether target, a host:port, may be reached. It compares
// names, not what they resolve to: a name allows what DNS says of it, and an
// address does not allow its names.
func (l allowList) allows(target string) bool {
	host, port, err := splitTarget(target)
	if err != nil || checkPort(port, 1) != nil {
		return false
	}
	return slices.ContainsFunc(l, func(p pattern) bool {
		return (p.host == "*" || p.host == host) && (p.port == "*" || p.port == port)
	})
}

// parsePattern reads the value of one -allow.
func parsePattern(s string) (pattern, error) {
	host, port, err := splitTarget(s)
	if err != nil {
		return pattern{}, err
	}
	if host != "*" && strings.Contains(host, "*") {
		return pattern{}, fmt.Errorf("a * stands for a whole host, not for a part of one")
	}
	if port != "*" {
		if err := checkPort(port, 1); err != nil {
			return pattern{}, err
		}
	}
	return pattern{host, port}, nil
}

// splitTarget splits host:port and gives the host its one spelling.
func splitTarget(s string) (host, port string, err error) {
	host, port, err = net.SplitHostPort(s)
	if err != nil || host == "" {
		return "", "", fmt.Errorf("want HOST:PORT, as localhost:22 or [::1]:22")
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.String(), port, nil
	}
	return strings.ToLower(strings.TrimSuffix(host, ".")), port, nil
}
