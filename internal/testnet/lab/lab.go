//go:build linux

package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
)

// Lab is the network. Its methods end the test if they fail, and may be called
// from any goroutine. What they change holds for packets that the router sees
// once they have returned.
type Lab struct {
	Client, Router, Server *Host

	tb   testing.TB
	name string // that of its namespaces begins with it

	mu         sync.Mutex // guards what follows, and what changes in a Host
	namespaces []string   // that were made and are still there
	faults     faults
}

// prefix is how the name of a namespace of ours begins. The id of the process
// follows, and a number from labs, which counts those of this process.
const prefix = "wsstream-"

var labs atomic.Int64

// New builds a lab, which is removed at the end of the test, with all that
// still runs in it. There may be any number of labs at a time. All have the
// same addresses, and cannot see each other.
func New(tb testing.TB) *Lab {
	tb.Helper()
	if err := able(); err != nil {
		tb.Fatalf("a network lab %v", err)
	}
	if err := sweep(); err != nil {
		tb.Fatalf("removing abandoned network labs: %v", err)
	}
	l := &Lab{tb: tb, name: fmt.Sprintf("%s%d-%d", prefix, os.Getpid(), labs.Add(1))}
	l.Client = &Host{lab: l, name: "client", ip: "10.1.0.2", gateway: "10.1.0.1"}
	l.Router = &Host{lab: l, name: "router", ip: "10.2.0.1"}
	l.Server = &Host{lab: l, name: "server", ip: "10.2.0.2", gateway: "10.2.0.1"}
	tb.Cleanup(l.remove)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.build(); err != nil {
		tb.Fatalf("building a network lab: %v", err)
	}
	return l
}

// able says what it is that a lab needs and that is not there.
func able() error {
	if os.Geteuid() != 0 {
		return errors.New("needs root")
	}
	for _, tool := range []struct{ name, from string }{
		{"ip", "iproute2"}, {"tc", "iproute2"}, {"nft", "nftables"},
	} {
		if _, err := exec.LookPath(tool.name); err != nil {
			return fmt.Errorf("needs the program of Debian's package %s: %w", tool.from, err)
		}
	}
	return nil
}

// ends are the hosts on the two sides of the router, where the interface to
// each of them has its name.
func (l *Lab) ends() []*Host { return []*Host{l.Client, l.Server} }

// build is called with the lock held, as what it calls.
func (l *Lab) build() error {
	for _, h := range []*Host{l.Router, l.Client, l.Server} {
		if err := l.addNamespace(h); err != nil {
			return err
		}
	}
	for _, h := range l.ends() {
		if err := l.connect(h); err != nil {
			return err
		}
	}
	if err := l.Router.sysctl("net/ipv4/ip_forward", "1"); err != nil {
		return err
	}
	if err := l.Router.nft(tables); err != nil {
		return err
	}
	for _, h := range l.ends() {
		if err := h.start(); err != nil {
			return err
		}
	}
	return nil
}

// addNamespace gives h a new namespace, in place of the one it may have had.
func (l *Lab) addNamespace(h *Host) error {
	h.starts++
	name := fmt.Sprintf("%s-%s-%d", l.name, h.name, h.starts)
	if err := run("", "ip", "netns", "add", name); err != nil {
		return err
	}
	l.namespaces = append(l.namespaces, name)
	h.namespace = name
	return nil
}

// The addresses of the two ends of a cable. The hosts know them, so that there
// is no ARP, which a slow link would delay until a host is held to be gone.
const (
	hostMAC    = "02:00:00:00:00:02"
	gatewayMAC = "02:00:00:00:00:01"
)

// connect makes the cable between h and the router, and starts the router's
// end of it.
func (l *Lab) connect(h *Host) error {
	err := run("", "ip", "link", "add", uplink, "address", hostMAC, "netns", h.namespace, "type", "veth",
		"peer", "name", h.name, "address", gatewayMAC, "netns", l.Router.namespace)
	if err != nil {
		return err
	}
	return run(fmt.Sprintf(`
		address add %[1]s/24 dev %[2]s
		link set %[2]s up
		neighbor add %[3]s lladdr %[4]s dev %[2]s nud permanent
	`, h.gateway, h.name, h.ip, hostMAC), "ip", "-n", l.Router.namespace, "-batch", "-")
}

// removeNamespace removes one that was made, with what runs in it.
func removeNamespace(name string) error {
	return errors.Join(killAll(name), run("", "ip", "netns", "delete", name))
}

func (l *Lab) remove() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range l.namespaces {
		if err := removeNamespace(name); err != nil {
			l.tb.Errorf("removing a network lab: %v", err)
		}
	}
}
