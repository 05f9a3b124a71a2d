package policy

import (
	"fmt"
	"net/netip"
	"slices"
)

// Targets is a list of patterns, each of which is the value of an -allow or of
// a -deny. The zero value has none, and so no target.
//
// A pattern is HOST:PORT, for TCP, with udp:// before it for UDP. HOST is a name,
// *.example.com for everything below it, an address, a block of them as
// 10.0.0.0/8 or [fd00::/8], or * for all. PORT is a number, a range as
// 8000-8999, or *. Or it is unix:// and the path of a socket, or of a directory
// with /* behind it, for the sockets directly inside of it.
//
// A name has what is asked for by that name, wherever that leads; an address has
// what is at it, whatever it is asked for by.
type Targets struct{ list []target }

// Add adds a pattern.
func (ts *Targets) Add(pattern string) error {
	t, err := parseTarget(pattern)
	if err != nil {
		return fmt.Errorf("%q: %w", pattern, err)
	}
	ts.list = append(ts.list, t)
	return nil
}

// Empty reports whether there is no pattern.
func (ts *Targets) Empty() bool { return len(ts.list) == 0 }

// at says whether match is true of a pattern for the port.
func (ts *Targets) at(network string, port uint16, match func(target) bool) bool {
	return slices.ContainsFunc(ts.list, func(t target) bool {
		return t.network == network && t.ports.has(port) && match(t)
	})
}

func (ts *Targets) haveName(network, name string, port uint16) bool {
	return ts.at(network, port, func(t target) bool { return t.matchesName(name) })
}

func (ts *Targets) haveIP(network string, ip netip.Addr, port uint16) bool {
	return ts.at(network, port, func(t target) bool { return t.matchesIP(ip) })
}

// haveBlocks reports whether what a name resolves to can matter.
func (ts *Targets) haveBlocks(network string, port uint16) bool {
	return ts.at(network, port, func(t target) bool { return t.prefix.IsValid() })
}

func (ts *Targets) havePath(clean string) bool {
	return slices.ContainsFunc(ts.list, func(t target) bool {
		return t.network == "unix" && t.path.matches(clean)
	})
}
