//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// uplink is the interface of a host, other than the router.
const uplink = "eth0"

// Host is one of the three. It lives in a namespace: the one of its name in
// the output of ip netns.
type Host struct {
	lab     *Lab
	name    string // also that of the router's interface to it
	ip      string
	gateway string // none: it is the router

	// Guarded by the lock of lab.
	namespace string
	starts    int  // namespaces that it has had, for their names
	gone      bool // see Vanish
}

// IP is the address of the host. The router's is the one on the server's side,
// which is what the server sees of a client behind [Lab.NAT].
func (h *Host) IP() string { return h.ip }

// Command returns a process on the host, not started yet. It is killed when ctx
// is done. The process that Start starts becomes the program itself, so that
// signals sent to it reach the program.
func (h *Host) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	args = append([]string{"netns", "exec", h.place(), name}, args...)
	cmd := exec.CommandContext(ctx, "ip", args...)
	cmd.WaitDelay = patience // for what its children may hold open
	return cmd
}

// place is the namespace.
func (h *Host) place() string {
	h.lab.mu.Lock()
	defer h.lab.mu.Unlock()
	return h.namespace
}

// sysctl changes a setting of the host's kernel.
func (h *Host) sysctl(name, value string) error {
	return within(h.namespace, func() error {
		return os.WriteFile("/proc/sys/"+name, []byte(value), 0)
	})
}

// nft changes the firewall of the host: all of the script, or nothing.
func (h *Host) nft(script string) error {
	return run(script, "ip", "netns", "exec", h.namespace, "nft", "-f", "-")
}

// start brings the network of the host up. Without offloads a packet on the
// way is what it would be on a wire: without gso_max_segs the router would see
// up to 64 KiB of a TCP stream as one packet.
func (h *Host) start() error {
	err := run(fmt.Sprintf(`
		link set lo up
		link set %[1]s gso_max_segs 1
		address add %[2]s/24 dev %[1]s
		link set %[1]s up
		neighbor add %[3]s lladdr %[4]s dev %[1]s nud permanent
		route add default via %[3]s
	`, uplink, h.ip, h.gateway, gatewayMAC), "ip", "-n", h.namespace, "-batch", "-")
	if err != nil {
		return err
	}
	return h.awaitLink()
}

// awaitLink waits until the host reaches the router: the kernel may take a
// moment to notice that both ends of a cable are up, and loses packets until
// then. Nobody listens on that port, which is the answer that is awaited.
func (h *Host) awaitLink() error {
	all, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		try, cancel := context.WithTimeout(all, 100*time.Millisecond)
		defer cancel()
		c, err := dial(try, h.namespace, "tcp", net.JoinHostPort(h.gateway, "1"))
		switch {
		case err == nil:
			return c.Close()
		case errors.Is(err, syscall.ECONNREFUSED):
			return nil
		case all.Err() != nil:
			return fmt.Errorf("the %s does not reach the router: %w", h.name, err)
		}
		<-try.Done()
	}
}

// restart gives the host a new namespace. The cable moves there, so that the
// router keeps its end of it, with its route: without one it would send ICMP.
func (h *Host) restart() error {
	old := h.namespace
	if err := h.lab.addNamespace(h); err != nil {
		return err
	}
	if err := run("", "ip", "-n", old, "link", "set", uplink, "netns", h.namespace); err != nil {
		return err
	}
	if err := removeNamespace(old); err != nil {
		return err
	}
	h.lab.namespaces = slices.DeleteFunc(h.lab.namespaces, func(name string) bool { return name == old })
	return h.start()
}

// killAll kills what runs in a namespace.
func killAll(namespace string) error {
	pids, err := output("", "ip", "netns", "pids", namespace)
	for field := range strings.FieldsSeq(pids) {
		pid, bad := strconv.Atoi(field)
		if bad != nil || pid <= 1 || pid == os.Getpid() {
			return fmt.Errorf("what runs in namespace %s is not for killing: %q", namespace, field)
		}
		syscall.Kill(pid, syscall.SIGKILL) // fails if it has ended meanwhile
	}
	return err
}
