package spec

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Addr is where to listen or to connect. The zero Addr is none.
type Addr struct {
	Network string // "tcp", "udp" or "unix"
	Address string // host:port as the net package has it, or the path of a socket
}

// IsZero reports whether there is no address.
func (a Addr) IsZero() bool { return a == Addr{} }

// String returns the address as ParseAddr reads it: host:port for TCP, the
// others behind a scheme, as udp://1.1.1.1:53 and unix:///run/app.sock.
func (a Addr) String() string {
	if a.Network == "tcp" || a.IsZero() {
		return a.Address
	}
	return a.Network + "://" + a.Address
}

// ParseAddr reads what String writes. The host may be empty, for all interfaces,
// and the port 0, for a free one: both only make sense for listening.
func ParseAddr(s string) (Addr, error) {
	network, address, ok := strings.Cut(s, "://")
	if !ok {
		network, address = "tcp", s
	}
	switch network {
	case "unix":
		if address == "" {
			return Addr{}, fmt.Errorf("%q: the path of the socket is missing: want unix:///run/app.sock", s)
		}
		return Addr{network, address}, nil
	case "tcp", "udp":
	default:
		return Addr{}, fmt.Errorf("%q: want tcp://, udp:// or unix://", s)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return Addr{}, fmt.Errorf("%q: want HOST:PORT, as localhost:22 or [::1]:22", s)
	}
	a, err := joinListen(network, host, port)
	if err != nil {
		return Addr{}, fmt.Errorf("%q: %w", s, err)
	}
	return a, nil
}

// joinListen makes an address to listen at: the host may be empty.
func joinListen(network, host, port string) (Addr, error) {
	port, err := checkPort(port, 0)
	if err != nil {
		return Addr{}, err
	}
	if host != "" {
		if err := checkHost(host); err != nil {
			return Addr{}, err
		}
	}
	return Addr{network, net.JoinHostPort(host, port)}, nil
}

// joinTarget makes an address to connect to.
func joinTarget(network, host, port string) (Addr, error) {
	if err := checkHost(host); err != nil {
		return Addr{}, err
	}
	port, err := checkPort(port, 1)
	if err != nil {
		return Addr{}, err
	}
	return Addr{network, net.JoinHostPort(host, port)}, nil
}

// checkPort returns the port in its one spelling: 022 is 22.
func checkPort(s string, lowest uint64) (string, error) {
	port, err := strconv.ParseUint(s, 10, 16)
	if err != nil || port < lowest {
		return "", fmt.Errorf("port %q is not a number from %d to 65535", s, lowest)
	}
	return strconv.FormatUint(port, 10), nil
}

// checkHost refuses what is neither a name nor an address, so that nothing that
// is no host gets as far as a resolver or a log.
func checkHost(s string) error {
	if s == "" {
		return fmt.Errorf("the host is missing")
	}
	name := s
	if ip, err := netip.ParseAddr(s); err == nil {
		name = ip.Zone()
	}
	if i := strings.IndexFunc(name, notInName); i >= 0 {
		return fmt.Errorf("host %q is neither a name (of letters, digits, -, . and _) nor an address", s)
	}
	return nil
}

func notInName(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '.', r == '_':
		return false
	}
	return true
}
