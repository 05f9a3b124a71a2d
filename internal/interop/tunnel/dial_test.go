package tunnel_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/proxy"

	"github.com/wsstream/wsstream/internal/testnet"
)

// dialTCP connects directly, as dialUnix does.
func dialTCP(addr string) (conn, error) { return dialBounded("tcp", addr) }

func dialUnix(path string) (conn, error) { return dialBounded("unix", path) }

// dialBounded makes a connection that fails after a while.
func dialBounded(network, addr string) (conn, error) {
	c, err := net.Dial(network, addr)
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Now().Add(testnet.Patience))
	return c.(conn), nil
}

// dialSOCKS connects by SOCKS5 at an address.
func dialSOCKS(at, target string) (conn, error) {
	d, err := proxy.SOCKS5("tcp", at, nil, &net.Dialer{Timeout: testnet.Patience})
	if err != nil {
		return nil, err
	}
	c, err := d.Dial("tcp", target)
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Now().Add(testnet.Patience))
	return c.(conn), nil
}

// dialConnect connects by HTTP CONNECT at an address.
func dialConnect(at, target string) (conn, error) {
	c, err := dialTCP(at)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: %[1]s\r\n\r\n", target)
	r := bufio.NewReader(c)
	response, err := http.ReadResponse(r, &http.Request{Method: http.MethodConnect})
	if err == nil && (response.StatusCode != http.StatusOK || r.Buffered() > 0) {
		err = fmt.Errorf("CONNECT: %s, and %d bytes", response.Status, r.Buffered())
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}
