//go:build linux

package lab

import (
	"encoding/json"
	"fmt"
	"time"
)

// Direction is the way that packets go.
type Direction int

// The directions.
const (
	Up   Direction = 1 << iota // from the client to the server
	Down                       // from the server to the client
	Both = Up | Down
)

// Drop lets packets of a direction vanish, apart from what vanishes already,
// until [Lab.Heal].
func (l *Lab) Drop(d Direction) {
	l.tb.Helper()
	l.change(func() error {
		l.faults.drop |= d
		return nil
	})
}

// DropLarger lets IP packets of more than so many bytes vanish, both ways, until
// [Lab.Heal]: a path whose MTU is smaller than its ends believe and are told.
// The links have an MTU of 1500.
func (l *Lab) DropLarger(bytes int) {
	l.tb.Helper()
	l.change(func() error {
		l.faults.larger = bytes
		return nil
	})
}

// Heal ends Drop and DropLarger. TCP sends again what has vanished, after a
// time that may be as long as the fault was.
func (l *Lab) Heal() {
	l.tb.Helper()
	l.change(func() error {
		l.faults.drop, l.faults.larger = 0, 0
		return nil
	})
}

// Outage lets everything vanish for a time, or until the test ends, and with it
// the lab.
func (l *Lab) Outage(d time.Duration) {
	l.tb.Helper()
	l.Drop(Both)
	select {
	case <-time.After(d):
		l.Heal()
	case <-l.tb.Context().Done():
	}
}

// Vanish lets a host, the client or the server, be gone, until [Lab.Return]:
// what is sent to it vanishes, and what it sends. Other than Drop(Both), it has
// no end after which the host goes on as if nothing had happened.
func (l *Lab) Vanish(h *Host) {
	l.tb.Helper()
	l.change(func() error { return l.lose(h) })
}

// Return restarts a host, whether it has vanished or not: it is there again,
// with its address, and knows of no connection that there was before, so that
// packets of those are answered with a reset. What ran on it is killed. Sockets
// that this process has there are of no more use and should be closed; they
// lead nowhere, and nobody gets to know how they end.
func (l *Lab) Return(h *Host) {
	l.tb.Helper()
	l.change(func() error { return l.lose(h) })
	l.change(func() error {
		h.gone = false
		return h.restart()
	})
}

// lose is Vanish, with the lock held.
func (l *Lab) lose(h *Host) error {
	if h.gateway == "" {
		return fmt.Errorf("the %s cannot vanish", h.name)
	}
	h.gone = true
	return nil
}

// Dropped is how many packets have vanished since New, by whatever fault, so
// that a test can show that its fault has met what it was meant for. Packets
// for which [Lab.Rate] had no room are not among them.
func (l *Lab) Dropped() int64 {
	l.tb.Helper()
	var list struct {
		Nftables []struct{ Counter struct{ Packets int64 } }
	}
	text, err := output("", "ip", "netns", "exec", l.Router.place(), "nft", "--json", "list", "counters")
	if err == nil {
		err = json.Unmarshal([]byte(text), &list)
	}
	if err != nil {
		l.tb.Fatalf("counting what vanished: %v", err)
	}
	var sum int64
	for _, item := range list.Nftables {
		sum += item.Counter.Packets
	}
	return sum
}

// Rate limits a direction to so many bits a second, until the next Rate of it;
// zero is no limit. Packets wait in the router until it is their turn, but are
// lost if that would be later than queue. They may come in bursts of a
// hundredth of a second.
func (l *Lab) Rate(d Direction, bitsPerSecond int, queue time.Duration) {
	l.tb.Helper()
	discipline := []string{"noqueue"}
	if bitsPerSecond > 0 {
		const twoPackets = 2 * 1514 // less than one, and nothing passes
		discipline = []string{
			"tbf",
			"rate", fmt.Sprintf("%dbit", bitsPerSecond),
			"burst", fmt.Sprintf("%db", max(twoPackets, bitsPerSecond/8/100)),
			"latency", fmt.Sprintf("%dus", queue.Microseconds()),
		}
	}
	for _, way := range []struct {
		d  Direction
		to *Host
	}{{Up, l.Server}, {Down, l.Client}} {
		if d&way.d == 0 {
			continue
		}
		args := append([]string{"-n", l.Router.place(), "qdisc", "replace", "dev", way.to.name, "root"}, discipline...)
		if err := run("", "tc", args...); err != nil {
			l.tb.Fatal(err)
		}
	}
}
