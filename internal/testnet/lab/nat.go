//go:build linux

package lab

import "errors"

// NAT hides the client behind the router: the server sees the router's address
// and a port. It should come before the first connection.
//
// The router then has to know a connection to forward anything of it. A packet
// that it does not know, and that begins none, vanishes.
func (l *Lab) NAT() {
	l.tb.Helper()
	l.change(func() error {
		if l.faults.zone == 0 {
			l.faults.zone = 1
		}
		return nil
	})
	// There is no such setting before there is a rule that needs it. Left
	// alone, Linux would take any packet for the beginning of a connection.
	if err := l.Router.sysctl("net/netfilter/nf_conntrack_tcp_loose", "0"); err != nil {
		l.tb.Fatal(err)
	}
}

// FlushNAT lets the router forget the connections through its [Lab.NAT], as one
// that was switched off and on again. They are dead for good, and neither end
// is told: what they send vanishes, so that they see what they see of
// Drop(Both), to the end of TCP's patience. New connections work.
func (l *Lab) FlushNAT() {
	l.tb.Helper()
	l.change(func() error {
		if l.faults.zone == 0 {
			return errors.New("FlushNAT without NAT")
		}
		l.faults.zone++
		return nil
	})
}
