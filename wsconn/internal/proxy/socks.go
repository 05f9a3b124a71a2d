package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"

	"golang.org/x/net/proxy"
)

// maxAddresses is how many addresses of a name are tried.
const maxAddresses = 4

// socks opens a tunnel by SOCKS5. A proxy that cannot reach one address of a
// name may reach the next; after its no it wants a new connection.
func (d *Dialer) socks(ctx context.Context, address string) (net.Conn, error) {
	addresses := []string{address}
	if d.URL.Scheme == "socks5" {
		var err error
		if addresses, err = resolve(ctx, address); err != nil {
			return nil, err
		}
	}
	return d.greetAny(ctx, addresses)
}

// greetAny opens a tunnel to the first address that the proxy reaches.
func (d *Dialer) greetAny(ctx context.Context, addresses []string) (net.Conn, error) {
	var failed error
	for _, a := range addresses {
		conn, err := d.Open(ctx)
		if err != nil {
			return nil, err
		}
		if err = d.greet(conn, a); err == nil {
			return conn, nil
		}
		failed = err
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}

// resolve returns the addresses of a host with its port, in the order in which
// the system would try them.
func resolve(ctx context.Context, address string) ([]string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var addresses []string
	for _, ip := range ips[:min(len(ips), maxAddresses)] {
		addresses = append(addresses, net.JoinHostPort(ip.Unmap().WithZone("").String(), port))
	}
	return addresses, nil
}

// greet has the proxy connect conn to an address. It reads nothing of what
// follows.
func (d *Dialer) greet(conn net.Conn, address string) error {
	var auth *proxy.Auth
	if user := d.URL.User; user != nil && user.Username() != "" {
		password, _ := user.Password()
		auth = &proxy.Auth{User: user.Username(), Password: password}
	}
	client, err := proxy.SOCKS5("tcp", d.URL.Host, auth, opened{conn})
	if err != nil {
		return err
	}
	// Dial, unlike DialContext, puts nothing around the connection, and leaves
	// its deadlines alone.
	if _, err = client.Dial("tcp", address); err == nil {
		return nil
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "socks connect" {
		err = op.Err // whose addresses the caller states
	}
	return fmt.Errorf("SOCKS5: %w", withoutEOF(err))
}

// opened is a dialer for what is there already.
type opened struct{ conn net.Conn }

func (o opened) Dial(_, _ string) (net.Conn, error) { return o.conn, nil }

// DialContext makes it a dialer that needs no goroutine.
func (o opened) DialContext(context.Context, string, string) (net.Conn, error) { return o.conn, nil }
