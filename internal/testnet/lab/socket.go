//go:build linux

package lab

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// DialContext is that of net.Dialer, on the host: the connection is for use in
// this process. The address is an IP and a port, since names are resolved
// elsewhere. Without an IP it is a port of the host itself.
func (h *Host) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	address, err := h.resolve(address)
	if err != nil {
		return nil, err
	}
	return dial(ctx, h.place(), network, address)
}

// Listen is net.Listen, on the host: the listener is for use in this process.
// The address is an IP and a port. Without an IP it is the host's own, so that
// the listener's Addr can be dialed from elsewhere.
func (h *Host) Listen(network, address string) (l net.Listener, err error) {
	address, err = h.resolve(address)
	if err != nil {
		return nil, err
	}
	err = within(h.place(), func() error {
		l, err = net.Listen(network, address)
		return err
	})
	return l, err
}

// resolve refuses names: package net may try the several addresses of a name in
// goroutines of its own, whose sockets would not be on the host.
func (h *Host) resolve(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	if host == "" {
		host = h.ip
	}
	if _, err := netip.ParseAddr(host); err != nil {
		return "", fmt.Errorf("the hosts of a lab know no names: %w", err)
	}
	return net.JoinHostPort(host, port), nil
}

func dial(ctx context.Context, namespace, network, address string) (c net.Conn, err error) {
	err = within(namespace, func() error {
		c, err = new(net.Dialer).DialContext(ctx, network, address)
		return err
	})
	return c, err
}

// within calls f on a thread that is in the namespace. Sockets are in that of
// the thread that made them, and stay there. The thread goes back before it is
// used for anything else; if it cannot, it ends with its goroutine, which is
// what happens to one that stays locked.
func within(namespace string, f func() error) error {
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		leave, err := enter(namespace)
		if err != nil {
			result <- err
			return
		}
		err = f()
		if lost := leave(); lost != nil {
			result <- fmt.Errorf("leaving namespace %s: %w", namespace, lost)
			return
		}
		runtime.UnlockOSThread()
		result <- err
	}()
	return <-result
}

// enter takes the calling thread into the namespace.
func enter(namespace string) (leave func() error, err error) {
	home, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	leave = func() error {
		defer unix.Close(home)
		return unix.Setns(home, unix.CLONE_NEWNET)
	}
	there, err := unix.Open(filepath.Join("/var/run/netns", namespace), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		defer unix.Close(there)
		err = unix.Setns(there, unix.CLONE_NEWNET)
	}
	if err != nil {
		unix.Close(home)
		return nil, fmt.Errorf("entering namespace %s: %w", namespace, err)
	}
	return leave, nil
}
