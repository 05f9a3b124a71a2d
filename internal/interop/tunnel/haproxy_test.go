package tunnel_test

import (
	"os"
	"syscall"
	"testing"

	"github.com/wsstream/wsstream/internal/interop/program"
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
