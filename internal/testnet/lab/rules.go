//go:build linux

package lab

import (
	"fmt"
	"strings"
)

// tables is the firewall of the router before anything has gone wrong. The
// counter is apart from the rules, and so outlives them.
//
// A fault is in the chain forward, which what the router itself says and hears
// does not pass. The chain known comes earlier, because packets for a client
// behind NAT have the router's address, and the router would answer with a
// reset those of connections it does not know.
const tables = `
add table ip lab
add counter ip lab vanished
add chain ip lab zone { type filter hook prerouting priority raw; }
add chain ip lab known { type filter hook prerouting priority filter; }
add chain ip lab forward { type filter hook forward priority filter; }
add chain ip lab nat { type nat hook postrouting priority srcnat; }
`

const vanish = "counter name vanished drop"

// faults is what is wrong with the router.
type faults struct {
	drop   Direction
	larger int // 0: no packet is too large

	// zone is 0 without NAT. It numbers the tables in which the kernel keeps
	// connections: a new one is empty, and nobody looks into the old ones again.
	// They are as good as flushed, at one moment and without another tool.
	zone int
}

// change makes a change to the faults, or to a host's being gone, and tells the
// router. That happens at one moment too.
func (l *Lab) change(what func() error) {
	l.tb.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	err := what()
	if err == nil {
		err = l.Router.nft(l.rules())
	}
	if err != nil {
		l.tb.Fatalf("changing a network lab: %v", err)
	}
}

// rules is the script that replaces the rules of the router.
func (l *Lab) rules() string {
	var b strings.Builder
	add := func(format string, args ...any) { fmt.Fprintf(&b, "add rule ip lab "+format+"\n", args...) }
	b.WriteString("flush table ip lab\n") // of its rules only
	if l.faults.drop&Up != 0 {
		add("forward iifname %s %s", l.Client.name, vanish)
	}
	if l.faults.drop&Down != 0 {
		add("forward iifname %s %s", l.Server.name, vanish)
	}
	if l.faults.larger > 0 {
		add("forward ip length > %d %s", l.faults.larger, vanish)
	}
	for _, h := range l.ends() {
		if h.gone {
			add("forward iifname %s %s", h.name, vanish)
			add("forward oifname %s %s", h.name, vanish)
		}
	}
	if l.faults.zone > 0 {
		add("zone ct zone set %d", l.faults.zone)
		add("known ct state invalid %s", vanish)
		add("nat oifname %s masquerade", l.Server.name)
	}
	return b.String()
}
