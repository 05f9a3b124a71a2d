package policy

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
)

// Binds is a list of patterns, each of which is the value of an -allow-reverse:
// where clients may listen at the server. The zero value has none, and so no
// address.
//
// A pattern is PORT, for 127.0.0.1, ::1 and localhost, or BIND:PORT, where BIND
// is an address, localhost, or * for all. PORT is a number, a range as
// 8000-8999, or *, which alone has the free ports that are asked for as 0. It is
// for TCP, and with udp:// before it for UDP. Or it is unix:// and a path as
// with [Targets].
type Binds struct{ list []bind }

// bind is one pattern.
type bind struct {
	network string // "tcp", "udp" or "unix"
	path    path   // for unix, which has nothing else
	ports   ports
	any     bool
	hosts   []string // as bindHost has them
}

var errBind = errors.New("want PORT for loopback, BIND:PORT or *:PORT, where BIND is an address and PORT is 2222, 8000-8999 or *")

// Add adds a pattern.
func (bs *Binds) Add(pattern string) error {
	b, err := parseBind(pattern)
	if err != nil {
		return fmt.Errorf("%q: %w", pattern, err)
	}
	bs.list = append(bs.list, b)
	return nil
}

// Empty reports whether there is no pattern.
func (bs *Binds) Empty() bool { return len(bs.list) == 0 }

func parseBind(s string) (b bind, err error) {
	b.network, s, err = cutNetwork(s)
	if err != nil {
		return bind{}, err
	}
	if b.network == "unix" {
		b.path, err = parsePath(s)
		return b, err
	}
	port := s
	b.hosts = []string{"127.0.0.1", "::1", "localhost"}
	if strings.Contains(s, ":") {
		var host string
		if host, port, err = net.SplitHostPort(s); err != nil {
			return bind{}, errBind
		}
		name, ok := bindHost(host)
		b.any, b.hosts = host == "*", []string{name}
		if !b.any && (!ok || host == "") {
			return bind{}, errBind
		}
	}
	b.ports, err = parsePorts(port)
	return b, err
}

// bindHost returns the one spelling of a host to listen at. Names but localhost
// are none: they would have to be resolved.
func bindHost(s string) (string, bool) {
	if ip, err := netip.ParseAddr(s); err == nil {
		return ip.Unmap().String(), ip.Zone() == ""
	}
	s = cleanName(s)
	return s, s == "" || s == "localhost"
}

// Allows returns a *wire.Refusal if no pattern has the address. An empty host is
// all interfaces, which only BIND * has.
func (bs *Binds) Allows(a spec.Addr) error {
	refusal := denied("the server does not allow listening at %s: its -allow-reverse has to name it, or allow-reverse= of the token", a)
	if a.Network == "unix" {
		clean, ok := cleanPath(a.Address)
		if !ok || !slices.ContainsFunc(bs.list, func(b bind) bool { return b.network == "unix" && b.path.matches(clean) }) {
			return refusal
		}
		return nil
	}
	host, port, err := splitHostPort(a)
	if err != nil {
		return err
	}
	host, ok := bindHost(host)
	if !ok || !slices.ContainsFunc(bs.list, func(b bind) bool {
		return b.network == a.Network && b.ports.has(port) && (b.any || slices.Contains(b.hosts, host))
	}) {
		return refusal
	}
	return nil
}
