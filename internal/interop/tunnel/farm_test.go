package tunnel_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/wsstream/wsstream/internal/interop/program"
	"github.com/wsstream/wsstream/internal/testnet"
)

// deployment is where the files are with which the program is deployed.
const deployment = "../../../examples/tunnel/deploy"

// deployed returns one of these files. Replacements come in pairs, as those of
// strings.NewReplacer, and there has to be something to replace.
func deployed(t *testing.T, name string, replacements ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(deployment, name))
	if err != nil {
		t.Fatal(err)
	}
	for pair := range slices.Chunk(replacements, 2) {
		if !strings.Contains(string(text), pair[0]) {
			t.Fatalf("there is no %q in %s", pair[0], name)
		}
	}
	return strings.NewReplacer(replacements...).Replace(string(text))
}

// front is a kind of proxy in front of servers.
type front struct {
	name string
	// start starts one with its file of the deployment, at an address, in front
	// of two servers.
	start func(t *testing.T, dir, address string, servers [2]*member, replacements ...string) *program.Program
	// reload has it read its configuration again.
	reload func(t *testing.T, dir string, p *program.Program)
	// forever is how long it keeps what a reload has made old.
	forever string
}

var (
	nginx   = front{"nginx", startNginx, reloadNginx, "worker_shutdown_timeout 1h"}
	haproxy = front{"haproxy", startHAProxy, reloadHAProxy, "hard-stop-after 1h"}
)

// eachFront runs a test with each kind of proxy.
func eachFront(t *testing.T, test func(t *testing.T, f front)) {
	for _, f := range []front{nginx, haproxy} {
		t.Run(f.name, func(t *testing.T) { test(t, f) })
	}
}

// member is one of the servers of a farm.
type member struct {
	tunnel
	args            []string
	address, status string
}

// farm is two servers with a proxy in front.
type farm struct {
	t       *testing.T
	front   front
	proxy   *program.Program
	dir     string
	url     string
	servers [2]*member
}

const secret = "0123456789abcdef0123456789abcdef"

// startFarm starts a farm with the configurations of the deployment. The flags
// are for the servers, the replacements for the proxy's file.
func startFarm(t *testing.T, f front, flags []string, replacements ...string) *farm {
	t.Helper()
	farm := &farm{t: t, front: f, dir: program.Folder(t)}
	program.WriteCertificate(t, farm.dir)
	tokens := filepath.Join(farm.dir, "tokens")
	if err := os.WriteFile(tokens, []byte("alice "+secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range farm.servers {
		m := &member{address: program.FreePort(t), status: program.FreePort(t)}
		conf := program.Write(t, farm.dir, fmt.Sprintf("server%d.conf", i), deployed(t, "server.conf",
			"127.0.0.1:8080", m.address, "127.0.0.1:9090", m.status,
			"/etc/tunnel/tokens", tokens, "allow localhost:22", "allow *:*", "allow-reverse 2222", "allow-reverse *"))
		m.args = append([]string{"server", "-config", conf}, flags...)
		m.start(t)
		farm.servers[i] = m
	}
	address := program.FreePort(t)
	farm.url = "wss://" + address + "/"
	farm.proxy = f.start(t, farm.dir, address, farm.servers, replacements...)
	return farm
}

func (m *member) start(t *testing.T) {
	t.Helper()
	m.tunnel = start(t, m.args...)
	m.says(`(listening) on `)
}

func portOf(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}

// holds reports whether a client has a session with the server.
func (m *member) holds() bool { return strings.Contains(m.Output(), "session up") }

// holder returns the server that has a session, and the other one.
func (f *farm) holder() (holder, other *member) {
	if f.servers[0].holds() {
		return f.servers[0], f.servers[1]
	}
	return f.servers[1], f.servers[0]
}

// client starts one with a forward to the target, and returns where it listens.
func (f *farm) client(target string, flags ...string) (client tunnel, addr string) {
	f.t.Helper()
	client = start(f.t, append([]string{"client", f.url, "-L", "0:" + target,
		"-ca", f.dir + "/cert.pem", "-token-file", f.dir + "/tokens"}, flags...)...)
	return client, client.says(`forwarding (\S+) to `)
}

// reload has the proxy read its configuration again, and waits until another
// process than before works for it.
func (f *farm) reload() {
	f.t.Helper()
	before := children(f.t, f.proxy.PID())
	f.front.reload(f.t, f.dir, f.proxy)
	testnet.Poll(f.t, "a new worker of "+f.front.name, func() bool {
		return slices.ContainsFunc(children(f.t, f.proxy.PID()), func(pid string) bool { return !slices.Contains(before, pid) })
	})
}

func children(t *testing.T, pid int) []string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(b))
}

// sessions counts those that a client has had.
func sessions(client tunnel) int { return strings.Count(client.Output(), "msg=connected") }

// lost reports whether a client has lost a session.
func lost(client tunnel) bool { return strings.Contains(client.Output(), "connection lost") }

// dial connects to where a client listens.
func dial(t *testing.T, addr string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*net.TCPConn)
}

// kill is kill -9.
func (m *member) kill() { m.Signal(syscall.SIGKILL); m.Wait() }
