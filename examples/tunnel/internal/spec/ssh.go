package spec

import (
	"errors"
	"fmt"
	"strings"
)

// What the options take, for whoever has written something else.
const (
	wantLocal   = "[BIND:]PORT:HOST:PORT, as 8080:localhost:22 or udp://5353:1.1.1.1:53, with IPv6 addresses in brackets, and the path of a Unix socket in place of BIND:PORT or HOST:PORT"
	wantRemote  = wantLocal + ", or [BIND:]PORT alone for SOCKS"
	wantDynamic = "[BIND:]PORT, as 1080, or the path of a Unix socket"
	wantStdio   = "HOST:PORT, as localhost:22, or the path of a Unix socket"
)

var (
	errForm     = errors.New("this has the wrong number of fields")
	errNoTarget = errors.New("the target is missing")
	errDatagram = errors.New("udp:// goes with neither Unix sockets nor SOCKS, -D or -W")
)

// ParseLocal reads the value of -L, as OpenSSH does. Besides, there may be
// tcp:// or udp:// before all of it, unix:// before the path of a socket, and
// the port 0, for a free one. It listens at 127.0.0.1 unless it is told
// otherwise; an empty BIND or * means all interfaces.
func ParseLocal(s string) (Forward, error) {
	f, err := parse(s)
	if err == nil && f.Dynamic() {
		err = errNoTarget
	}
	return f.or(err, s, wantLocal)
}

// ParseRemote reads the value of -R: that of -L, or the part of it that says
// where to listen, for a forward that is dynamic.
func ParseRemote(s string) (Forward, error) {
	f, err := parse(s)
	f.Reverse = true
	return f.or(err, s, wantRemote)
}

// ParseDynamic reads the value of -D.
func ParseDynamic(s string) (Forward, error) {
	f, err := parse(s)
	if err == nil && !f.Dynamic() {
		err = errForm
	}
	return f.or(err, s, wantDynamic)
}

// ParseStdio reads the value of -W.
func ParseStdio(s string) (Forward, error) {
	f := Forward{Stdio: true}
	network, rest := cutNetwork(s)
	fields, err := splitFields(rest)
	switch {
	case err != nil:
	case network == "udp":
		err = errDatagram
	default:
		f.Target, err = target(network, fields)
	}
	return f.or(err, s, wantStdio)
}

// or returns f, or what is wrong with what it was read from, and what is wanted.
func (f Forward) or(err error, s, want string) (Forward, error) {
	if err != nil {
		return Forward{}, fmt.Errorf("%q: %w: want %s", s, err, want)
	}
	return f, nil
}

// parse reads where to listen and, if it is there, the target.
func parse(s string) (f Forward, err error) {
	network, rest := cutNetwork(s)
	fields, err := splitFields(rest)
	if err != nil {
		return Forward{}, err
	}
	n := len(fields) // of those that say where to listen
	switch {
	case n > 1 && fields[n-1].path:
		n--
	case n > 2:
		n -= 2
	}
	if f.Listen, err = listen(network, fields[:n]); err != nil {
		return Forward{}, err
	}
	if n < len(fields) {
		if f.Target, err = target(network, fields[n:]); err != nil {
			return Forward{}, err
		}
	}
	if network == "udp" && (f.Listen.Network != "udp" || f.Target.Network != "udp") {
		return Forward{}, errDatagram
	}
	return f, nil
}

// cutNetwork takes a scheme off that is for all of s.
func cutNetwork(s string) (network, rest string) {
	if rest, ok := strings.CutPrefix(s, "udp://"); ok {
		return "udp", rest
	}
	return "tcp", strings.TrimPrefix(s, "tcp://")
}

// listen makes [BIND:]PORT, or a path, an address.
func listen(network string, fields []field) (Addr, error) {
	switch {
	case len(fields) == 1 && fields[0].path:
		return Addr{"unix", fields[0].text}, nil
	case len(fields) == 1:
		return joinListen(network, "127.0.0.1", fields[0].text)
	case len(fields) == 2:
		return joinListen(network, bindHost(fields[0].text), fields[1].text)
	}
	return Addr{}, errForm
}

// bindHost is the host of the net package for a BIND.
func bindHost(s string) string {
	if s == "*" {
		return ""
	}
	return s
}

// target makes HOST:PORT, or a path, an address.
func target(network string, fields []field) (Addr, error) {
	switch {
	case len(fields) == 1 && fields[0].path:
		return Addr{"unix", fields[0].text}, nil
	case len(fields) == 2:
		return joinTarget(network, fields[0].text, fields[1].text)
	}
	return Addr{}, errForm
}
