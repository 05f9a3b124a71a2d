// Package spec is how forwards are written: OpenSSH's -L, -R, -D and -W with
// udp:// and unix:// besides, and chisel's remotes. It is pure.
package spec

import "strings"

// Forward is where connections are taken, and where they go.
type Forward struct {
	Reverse bool // the server listens, and the client connects
	Stdio   bool // there is one connection, standard input and output, and Listen is zero
	Listen  Addr
	Target  Addr // zero if each connection says itself where it wants to go (SOCKS5, HTTP CONNECT)
}

// Dynamic reports whether each connection says itself where it wants to go.
func (f Forward) Dynamic() bool { return f.Target.IsZero() }

// Flag returns the option that f is written behind: -L, -R, -D or -W.
func (f Forward) Flag() string {
	switch {
	case f.Reverse:
		return "-R"
	case f.Stdio:
		return "-W"
	case f.Dynamic():
		return "-D"
	}
	return "-L"
}

// String returns f as it is written on a command line, with everything that was
// left out, as -L 127.0.0.1:8080:localhost:22. The parser that belongs to the
// option reads what stands behind it.
func (f Forward) String() string {
	scheme, fields := "", make([]string, 0, 2)
	for _, a := range []Addr{f.Listen, f.Target} {
		switch {
		case a.IsZero():
			continue
		case a.Network == "udp":
			scheme = "udp://"
		case a.Network == "unix":
			fields = append(fields, unixScheme+escape(a.Address))
			continue
		}
		fields = append(fields, a.Address)
	}
	return f.Flag() + " " + scheme + strings.Join(fields, ":")
}
