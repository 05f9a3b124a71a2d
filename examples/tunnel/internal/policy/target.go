package policy

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
)

// target is one pattern of targets.
type target struct {
	network string // "tcp", "udp" or "unix"
	path    path   // for unix, which has nothing else
	ports   ports

	// One of them says which hosts.
	any    bool
	name   string       // as cleanName has it; with a dot before it: everything below
	prefix netip.Prefix // of addresses
}

var errHost = errors.New("want HOST:PORT, where HOST is a name, *.example.com, an address, 10.0.0.0/8, [fd00::/8] or *, and PORT is 22, 8000-8999 or *")

// parseTarget reads the value of an -allow or a -deny.
func parseTarget(s string) (t target, err error) {
	t.network, s, err = cutNetwork(s)
	if err != nil {
		return target{}, err
	}
	if t.network == "unix" {
		t.path, err = parsePath(s)
		return t, err
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return target{}, errHost
	}
	if t.ports, err = parsePorts(port); err != nil {
		return target{}, err
	}
	return t, t.setHost(host)
}

// cutNetwork takes the scheme off a pattern.
func cutNetwork(s string) (network, rest string, err error) {
	network, rest, ok := strings.Cut(s, "://")
	switch {
	case !ok:
		return "tcp", s, nil
	case network == "tcp", network == "udp", network == "unix":
		return network, rest, nil
	}
	return "", "", errors.New("want tcp://, udp:// or unix://, or none of them")
}

func (t *target) setHost(host string) (err error) {
	if host == "*" {
		t.any = true
		return nil
	}
	if strings.Contains(host, "/") {
		t.prefix, err = parsePrefix(host)
		return err
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if ip.Zone() != "" {
			return errZone
		}
		ip = ip.Unmap()
		t.prefix = netip.PrefixFrom(ip, ip.BitLen())
		return nil
	}
	t.name = strings.TrimPrefix(cleanName(host), "*")
	below := len(t.name) < len(cleanName(host))
	// What is no host with some port is none here either.
	if _, err := spec.ParseAddr(net.JoinHostPort(t.name, "1")); err != nil || strings.Trim(t.name, ".") == "" || below != strings.HasPrefix(t.name, ".") {
		return errHost
	}
	return nil
}

var errZone = errors.New("addresses with a zone cannot be allowed")

// parsePrefix reads a CIDR block. One of IPv4 that is written as IPv6 is what it
// stands for, since all addresses are taken so.
func parsePrefix(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is no block of addresses: want 10.0.0.0/8 or [fd00::/8]", s)
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), nil
}

// cleanName returns the one spelling of a name. All dots at its end go: the
// resolver takes one, and what is left has to be what was checked.
func cleanName(s string) string {
	return strings.ToLower(strings.TrimRight(s, "."))
}

// matchesName reports whether t has the name, which is not empty, whatever its addresses are.
func (t target) matchesName(name string) bool {
	if strings.HasPrefix(t.name, ".") {
		return len(name) > len(t.name) && strings.HasSuffix(name, t.name)
	}
	return t.any || name == t.name
}

// matchesIP reports whether t has the address, however it was called.
func (t target) matchesIP(ip netip.Addr) bool {
	return t.any || t.prefix.IsValid() && t.prefix.Contains(ip)
}
