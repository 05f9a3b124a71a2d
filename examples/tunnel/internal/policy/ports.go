package policy

import (
	"fmt"
	"strconv"
	"strings"
)

// ports is a range of them, with both ends.
type ports struct{ first, last uint16 }

// anyPort has 0 too: as a port to listen at that is a free one.
var anyPort = ports{0, 65535}

// parsePorts reads a number, a range or *.
func parsePorts(s string) (ports, error) {
	if s == "*" {
		return anyPort, nil
	}
	low, high, isRange := strings.Cut(s, "-")
	if !isRange {
		high = low
	}
	first, err1 := strconv.ParseUint(low, 10, 16)
	last, err2 := strconv.ParseUint(high, 10, 16)
	if err1 != nil || err2 != nil || first == 0 || last < first {
		return ports{}, fmt.Errorf("port %q is neither a number from 1 to 65535, nor a range as 8000-8999, nor *", s)
	}
	return ports{uint16(first), uint16(last)}, nil
}

func (p ports) has(port uint16) bool { return p.first <= port && port <= p.last }
