package tunnel_test

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/wsstream/wsstream/internal/interop/program"
	"github.com/wsstream/wsstream/internal/testnet"
)

func startHAProxy(t *testing.T, dir, address string, servers [2]*member, replacements ...string) *program.Program {
	t.Helper()
	var both []byte
	for _, name := range []string{"cert.pem", "key.pem"} {
		b, err := os.ReadFile(dir + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, b...)
	}
	pem := program.Write(t, dir, "tunnel.pem", string(both))
	conf := program.Write(t, dir, "haproxy.cfg", deployed(t, "haproxy.cfg", append(replacements,
		"log /dev/log local0", "log stderr format raw local0", "bind :443", "bind "+address, "/etc/haproxy/tunnel.pem", pem,
		"10.0.0.1:8080 check port 9090", servers[0].address+" check port "+portOf(servers[0].status),
		"10.0.0.2:8080 check port 9090", servers[1].address+" check port "+portOf(servers[1].status))...))
	run(t, "haproxy", "haproxy", "-c", "-f", conf)
	return program.Run(t, address, "haproxy", "haproxy", "-W", "-f", conf)
}

// reloadHAProxy does what systemctl reload does.
func reloadHAProxy(t *testing.T, _ string, p *program.Program) {
	t.Helper()
	p.Signal(syscall.SIGUSR2)
}

// haproxy learns from /readyz that a server drains.
func TestHAProxyChecks(t *testing.T) {
	echo := startEcho(t)
	farm := startFarm(t, haproxy, nil, "inter 2s", "inter 200ms")
	_, addr := farm.client(echo)
	c := dial(t, addr)
	echoed(t, c)
	draining, _ := farm.holder()
	draining.Signal(syscall.SIGTERM)
	testnet.Poll(t, "that it is noticed", func() bool {
		return strings.Contains(farm.proxy.Output(), "is DOWN, reason: Layer7 wrong status, code: 503")
	})
	echoed(t, c)
	echoed(t, dial(t, addr))
	c.Close()
	draining.Wait()
	draining.start(t)
	testnet.Poll(t, "that it is back", func() bool { return strings.Contains(farm.proxy.Output(), "is UP, reason: Layer7 check passed") })
}
