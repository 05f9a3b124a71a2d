package tunnel_test

import (
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/interop/program"
	"github.com/wsstream/wsstream/internal/testnet"
)

// conn is an end of a connection through the tunnel.
type conn interface {
	io.ReadWriteCloser
	CloseWrite() error
}

// way is one of the ways that the tunnel has from an application to a target.
type way struct {
	name string
	unix bool // the target is a Unix socket
	// refusal is what a client is told of a target that is refused; without it
	// the connection is reset.
	refusal string
	// dial starts the tunnel, and connects through it to a target.
	dial func(t *testing.T, target string) (conn, error)
}

// ways are those with the network at both ends.
var ways = []way{
	{name: "-L", dial: func(t *testing.T, target string) (conn, error) {
		return dialTCP(forward(t, startServer(t), target))
	}},
	{name: "-R", dial: func(t *testing.T, target string) (conn, error) {
		return dialTCP(startClient(t, startServer(t, reverse...), "-R", "0:"+target))
	}},
	{name: "-D with SOCKS5", refusal: "connection refused", dial: func(t *testing.T, target string) (conn, error) {
		return dialSOCKS(startClient(t, startServer(t), "-D", "0"), target)
	}},
	{name: "-D with HTTP CONNECT", refusal: "502 Bad Gateway", dial: func(t *testing.T, target string) (conn, error) {
		return dialConnect(startClient(t, startServer(t), "-D", "0"), target)
	}},
	{name: "-R with SOCKS5", refusal: "connection refused", dial: func(t *testing.T, target string) (conn, error) {
		return dialSOCKS(startClient(t, startServer(t, reverse...), "-R", "0"), target)
	}},
	{name: "raw", dial: func(t *testing.T, target string) (conn, error) {
		far := start(t, "raw", "ws://127.0.0.1:0", target, "-open").says(`listening on (\S+)$`)
		return dialTCP(start(t, "raw", "0", "ws://"+far+"/").says(`listening on (\S+)$`))
	}},
}

// allWays are those and the ones that cannot have a reset at each end.
var allWays = append([]way{
	{name: "-L of Unix sockets", unix: true, dial: func(t *testing.T, target string) (conn, error) {
		here := filepath.Join(program.Folder(t), "socket")
		startClient(t, startServer(t, "-allow", "unix://"+target), "-L", here+":"+target)
		return dialUnix(here)
	}},
	{name: "-W", dial: dialStdio},
}, ways...)

// connect connects an application and a target.
func (w way) connect(t *testing.T) (app, target conn) {
	t.Helper()
	network, addr := "tcp", "127.0.0.1:0"
	if w.unix {
		network, addr = "unix", filepath.Join(program.Folder(t), "target")
	}
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	app, err = w.dial(t, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { app.Close() })
	l.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Now().Add(testnet.Patience))
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(testnet.Patience))
	return app, c.(conn)
}
