package spec

import (
	"errors"
	"slices"
	"strings"
)

const wantRemoteSpec = "[R:][LOCAL-HOST:][LOCAL-PORT:][REMOTE-HOST:]REMOTE-PORT[/udp], as 8080:localhost:22 or R:2222:localhost:22, or [R:][[LOCAL-HOST:]LOCAL-PORT:]socks, or stdio:HOST:PORT"

var (
	errShape     = errors.New("it is not clear which host and which port this is: write all of them")
	errPaths     = errors.New("there are no paths here: for Unix sockets use -L or -R")
	errProtocols = errors.New("the protocols of the two sides differ")
	errReverse   = errors.New("standard input and output are at the client: leave out the R: of a server")
)

// ParseRemoteSpec reads a remote as chisel has it. What is left out is as with
// chisel too, but for where it listens: at 127.0.0.1 on either side. Besides, a
// local port may be 0. It refuses LOCAL-HOST:LOCAL-PORT:REMOTE-PORT, of which
// chisel takes the host for the remote one.
func ParseRemoteSpec(s string) (Forward, error) {
	rest, reverse := strings.CutPrefix(s, "R:")
	fields, err := splitFields(rest)
	var f Forward
	if err == nil {
		f, err = remoteSpec(fields)
	}
	if err == nil && reverse && f.Stdio {
		err = errReverse
	}
	f.Reverse = reverse
	return f.or(err, s, wantRemoteSpec)
}

func remoteSpec(fields []field) (f Forward, err error) {
	network, err := cutProtocols(fields)
	if err != nil {
		return Forward{}, err
	}
	first, last := fields[0].text, fields[len(fields)-1].text
	switch {
	case network == "udp" && (first == "stdio" || last == "socks"):
		return Forward{}, errDatagram
	case first == "stdio":
		f.Stdio = true
		f.Target, err = stdio(fields[1:])
	case last == "socks":
		f.Listen, err = socks(fields[:len(fields)-1])
	default:
		f.Listen, f.Target, err = remote(network, fields)
	}
	return f, err
}

// cutProtocols takes /tcp and /udp off the fields. That of the last one is the
// protocol of both sides.
func cutProtocols(fields []field) (network string, err error) {
	for i, f := range slices.Backward(fields) {
		text, protocol, _ := strings.Cut(f.text, "/")
		protocol = strings.ToLower(protocol)
		last := i == len(fields)-1
		switch {
		case f.path && protocol != "tcp" && protocol != "udp":
			return "", errPaths
		case last && protocol == "":
			network = "tcp"
		case last:
			network = protocol
		case protocol != "" && protocol != network:
			return "", errProtocols
		}
		fields[i] = field{text: text}
	}
	return network, nil
}

// shape writes a P for each port and an H for each host.
func shape(fields []field) string {
	var b strings.Builder
	for _, f := range fields {
		if strings.Trim(f.text, "0123456789") == "" && f.text != "" {
			b.WriteByte('P')
		} else {
			b.WriteByte('H')
		}
	}
	return b.String()
}

// remote is where to listen, and the target.
func remote(network string, fields []field) (at, to Addr, err error) {
	bind, host := "127.0.0.1", "127.0.0.1"
	port := fields[len(fields)-1].text
	listenPort := port
	switch shape(fields) {
	case "P":
	case "PP":
		listenPort = fields[0].text
	case "HP":
		host = fields[0].text
	case "PHP":
		listenPort, host = fields[0].text, fields[1].text
	case "HHP":
		bind, host = fields[0].text, fields[1].text
	case "HPHP":
		bind, listenPort, host = fields[0].text, fields[1].text, fields[2].text
	default:
		return Addr{}, Addr{}, errShape
	}
	if to, err = joinTarget(network, host, port); err == nil {
		at, err = joinListen(network, bindHost(bind), listenPort)
	}
	return at, to, err
}

// socks is where to listen for it.
func socks(fields []field) (Addr, error) {
	bind, port := "127.0.0.1", "1080"
	switch shape(fields) {
	case "":
	case "P":
		port = fields[0].text
	case "H":
		bind = fields[0].text
	case "HP":
		bind, port = fields[0].text, fields[1].text
	default:
		return Addr{}, errShape
	}
	return joinListen("tcp", bindHost(bind), port)
}

// stdio is the target of standard input and output.
func stdio(fields []field) (Addr, error) {
	switch shape(fields) {
	case "P":
		return joinTarget("tcp", "127.0.0.1", fields[0].text)
	case "HP":
		return joinTarget("tcp", fields[0].text, fields[1].text)
	}
	return Addr{}, errShape
}
