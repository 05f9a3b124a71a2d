package main

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// forward is one -L: where to listen, and where the connections shall go.
type forward struct {
	listen string // host:port, as net.Listen takes it
	target string // host:port, as the server dials it
}

// parseForward reads [bind:]port:host:port as ssh does: IPv6 addresses stand
// in brackets, and an empty bind or * means all interfaces.
func parseForward(s string) (forward, error) {
	fields, err := splitColons(s)
	if err != nil {
		return forward{}, err
	}
	switch len(fields) {
	case 3:
		fields = append([]string{"127.0.0.1"}, fields...)
	case 4:
		if fields[0] == "*" {
			fields[0] = ""
		}
	default:
		return forward{}, fmt.Errorf("want [BIND:]PORT:HOST:PORT, as 8080:localhost:80, with IPv6 addresses in brackets")
	}
	if err := checkPort(fields[1], 0); err != nil {
		return forward{}, err
	}
	if fields[2] == "" {
		return forward{}, fmt.Errorf("the host of the target is missing")
	}
	if err := checkPort(fields[3], 1); err != nil {
		return forward{}, err
	}
	return forward{
		listen: net.JoinHostPort(fields[0], fields[1]),
		target: net.JoinHostPort(fields[2], fields[3]),
	}, nil
}

// splitColons cuts s at its colons, but for those in brackets, and takes the
// brackets off.
func splitColons(s string) ([]string, error) {
	var fields []string
	for {
		var field string
		if strings.HasPrefix(s, "[") {
			inside, behind, closed := strings.Cut(s[1:], "]")
			if !closed || inside == "" || behind != "" && behind[0] != ':' {
				return nil, fmt.Errorf("brackets go around a whole IPv6 address, as in [::1]")
			}
			field, s = inside, behind
		} else {
			end := strings.IndexByte(s+":", ':')
			field, s = s[:end], s[end:]
		}
		fields = append(fields, field)
		if s == "" {
			return fields, nil
		}
		s = s[1:] // the colon
	}
}

func checkPort(s string, lowest uint64) error {
	port, err := strconv.ParseUint(s, 10, 16)
	if err != nil || port < lowest {
		return fmt.Errorf("port %q is not a number from %d to 65535", s, lowest)
	}
	return nil
}
