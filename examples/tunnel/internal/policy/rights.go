// Package policy is who may do what: the targets that clients may reach, the
// addresses at which they may listen at the server, and the tokens that let them
// in. It is pure but for the resolver and the files that it is told to read.
package policy

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
)

// Resolver finds the addresses of a name, as net.Resolver does.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Rights are what a client may do. The zero value is nothing.
type Rights struct {
	Targets Targets // what it may reach,
	Deny    Targets // but for these
	Binds   Binds   // where it may listen
}

// Resolve returns the addresses that may be dialed for a target, in the
// resolver's order. They are IP addresses, or the path of a socket: what has
// been checked is what is dialed, whatever the resolver says a moment later.
//
// A name is only resolved if a pattern may come of it, so that a server is not
// there to be asked about names. The error is a *wire.Refusal or the resolver's.
func (r *Rights) Resolve(ctx context.Context, resolver Resolver, to spec.Addr) ([]spec.Addr, error) {
	if to.Network == "unix" {
		return r.resolvePath(to)
	}
	host, port, err := splitHostPort(to)
	if err != nil {
		return nil, err
	}
	name := cleanName(host)
	if port == 0 || name == "" {
		return nil, malformed(to, "a target has a host, and a port from 1 to 65535")
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if !r.mayReach(to.Network, ip, port, false) {
			return nil, r.refusal(to)
		}
		return []spec.Addr{join(to.Network, ip, port)}, nil
	}
	named := r.Targets.haveName(to.Network, name, port)
	if !named && !r.Targets.haveBlocks(to.Network, port) || r.Deny.haveName(to.Network, name, port) {
		return nil, r.refusal(to)
	}
	ips, err := resolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return nil, err
	}
	var addrs []spec.Addr
	for _, ip := range ips {
		if a := join(to.Network, ip, port); r.mayReach(to.Network, ip, port, named) && !slices.Contains(addrs, a) {
			addrs = append(addrs, a)
		}
	}
	if len(addrs) == 0 {
		return nil, r.refusal(to)
	}
	return addrs, nil
}

// mayReach reports whether an address may be dialed, which was allowed by its
// name already or has to be by itself. The unspecified address is none to dial:
// it would be this machine, past whatever is said of 127.0.0.1.
func (r *Rights) mayReach(network string, ip netip.Addr, port uint16, named bool) bool {
	if ip = ip.Unmap(); ip.Zone() != "" || ip.IsUnspecified() || r.Deny.haveIP(network, ip, port) {
		return false
	}
	return named || r.Targets.haveIP(network, ip, port)
}

func (r *Rights) resolvePath(to spec.Addr) ([]spec.Addr, error) {
	clean, ok := cleanPath(to.Address)
	if !ok || !r.Targets.havePath(clean) || r.Deny.havePath(clean) {
		return nil, r.refusal(to)
	}
	return []spec.Addr{{Network: "unix", Address: clean}}, nil
}

// refusal says neither which pattern it was nor what a name resolves to.
func (r *Rights) refusal(to spec.Addr) error {
	except := ""
	if !r.Deny.Empty() {
		except = ", and its -deny must not"
	}
	return denied("the server does not allow connections to %s: its -allow has to name it, or allow= of the token%s", to, except)
}

func denied(format string, args ...any) error {
	return &wire.Refusal{Code: wire.Denied, Text: fmt.Sprintf(format, args...)}
}

func malformed(a spec.Addr, want string) error {
	return &wire.Refusal{Code: wire.Malformed, Text: fmt.Sprintf("%q: %s", a, want)}
}

// splitHostPort splits an address of TCP or UDP.
func splitHostPort(a spec.Addr) (host string, port uint16, err error) {
	host, digits, err := net.SplitHostPort(a.Address)
	if err != nil {
		return "", 0, malformed(a, "want HOST:PORT")
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return "", 0, malformed(a, "the port is not a number up to 65535")
	}
	return host, uint16(n), nil
}

func join(network string, ip netip.Addr, port uint16) spec.Addr {
	return spec.Addr{Network: network, Address: netip.AddrPortFrom(ip.Unmap(), port).String()}
}
