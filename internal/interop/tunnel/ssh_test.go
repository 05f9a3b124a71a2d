package tunnel_test

import (
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/internal/interop/program"
)

// copySize is that of a file which is copied.
const copySize = 50 << 20

// sshd is an OpenSSH server on loopback with keys of its own.
type sshd struct {
	dir, addr string
}

// startSSHD starts it as root. It wants a folder in /run, which only an
// installed service has: here it is in a /run that nobody else sees.
func startSSHD(t *testing.T) sshd {
	t.Helper()
	s := sshd{t.TempDir(), program.FreePort(t)}
	for _, name := range []string{"host", "user"} {
		run(t, "openssh-client", "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(s.dir, name))
	}
	host, err := os.ReadFile(filepath.Join(s.dir, "host.pub"))
	if err != nil {
		t.Fatal(err)
	}
	program.Write(t, s.dir, "known_hosts", "box "+string(host))
	config := program.Write(t, s.dir, "sshd_config", sshdConfig, "ADDR", s.addr)
	p := program.Start(t, "util-linux", "unshare", "--mount", "sh", "-c", `
		sshd=$(command -v sshd) || { echo "this test needs sshd, on Debian from the package openssh-server"; exit 1; }
		mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd && exec "$sshd" -D -e -f "$1"`, "sh", config)
	p.AwaitPort(s.addr)
	return s
}

const sshdConfig = `
ListenAddress ADDR
HostKey DIR/host
AuthorizedKeysFile DIR/user.pub
StrictModes no
UsePAM no
PidFile none
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
`

const sshConfig = `
Host box
HostKeyAlias box
User root
IdentityFile DIR/user
IdentitiesOnly yes
BatchMode yes
UserKnownHostsFile DIR/known_hosts
StrictHostKeyChecking yes
LogLevel ERROR
`

// client writes the configuration of a client that reaches the server at an
// address, with more of it. The client calls the server box.
func (s sshd) client(t *testing.T, addr, more string) (config string) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return program.Write(t, s.dir, "ssh_config", sshConfig+"HostName HOST\nPort PORT\n"+more, "HOST", host, "PORT", port)
}

// OpenSSH through the tunnel, in the two ways that people have: an address of
// this machine, and a ProxyCommand.
func TestSSH(t *testing.T) {
	for _, tt := range []struct {
		name   string
		client func(t *testing.T, s sshd) (config string)
	}{
		{"-L", func(t *testing.T, s sshd) string {
			return s.client(t, forward(t, startServer(t), s.addr), "")
		}},
		{"-W", func(t *testing.T, s sshd) string {
			command := fmt.Sprintf("ProxyCommand '%s' client %s -W %%h:%%p\n", theProgram, startServer(t))
			return s.client(t, s.addr, command)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := startSSHD(t)
			config := tt.client(t, s)
			p := program.Start(t, "openssh-client", "ssh", "-F", config, "box", "echo $((6*7)); exit 3")
			if code := p.Wait(); code != 3 || p.Output() != "42\n" {
				t.Errorf("exit code %d of the command, output:\n%s", code, p.Output())
			}
			s.copyBothWays(t, config)
		})
	}
}

// copyBothWays copies a file to the server, and back.
func (s sshd) copyBothWays(t *testing.T, config string) {
	t.Helper()
	name := func(n string) string { return filepath.Join(s.dir, n) }
	f, err := os.Create(name("original"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.CopyN(f, rand.Reader, copySize)
	if e := f.Close(); err != nil || e != nil {
		t.Fatal(err, e)
	}
	run(t, "openssh-client", "scp", "-q", "-F", config, name("original"), "box:"+name("there"))
	run(t, "openssh-client", "scp", "-q", "-F", config, "box:"+name("there"), name("back"))
	want := digestOf(t, name("original"))
	for _, n := range []string{"there", "back"} {
		if got := digestOf(t, name(n)); got != want {
			t.Errorf("the file that was copied %s has the SHA-256 %s, not %s", n, got, want)
		}
	}
}

// What ssh says of a target that cannot be reached has the reason of the tunnel.
func TestSSHRefused(t *testing.T) {
	s := sshd{dir: t.TempDir()}
	command := fmt.Sprintf("ProxyCommand '%s' client %s -W %%h:%%p\n", theProgram, startServer(t))
	config := s.client(t, program.FreePort(t), command)
	p := program.Start(t, "openssh-client", "ssh", "-F", config, "box", "true")
	if code := p.Wait(); code != 255 || !strings.Contains(p.Output(), "tunnel: client: ") || !strings.Contains(p.Output(), "refused") {
		t.Errorf("exit code %d, output:\n%s", code, p.Output())
	}
}
