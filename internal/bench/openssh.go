package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"time"
)

// openSSH is a server of OpenSSH that lets the user of this process in, and a
// client that forwards one port.
type openSSH struct {
	dir, sshd, ssh, user string
}

// newOpenSSH makes the keys, and finds out whether the server would start.
func newOpenSSH(dir string) (s openSSH, err error) {
	s.dir = dir
	if s.ssh, err = exec.LookPath("ssh"); err != nil {
		return s, err
	}
	s.sshd = "/usr/sbin/sshd" // which is in few users' PATH
	if path, err := exec.LookPath("sshd"); err == nil {
		s.sshd = path // it wants to be started by a whole path
	}
	me, err := user.Current()
	if err != nil {
		return s, err
	}
	s.user = me.Username
	for _, key := range []string{"host", "client"} {
		if _, err := os.Stat(s.file(key)); err == nil {
			continue
		}
		if err := run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", s.file(key)); err != nil {
			return s, err
		}
	}
	return s, run(s.sshd, append(s.serverArgs("22"), "-t")...)
}

func (s openSSH) file(name string) string { return filepath.Join(s.dir, "ssh-"+name) }

func run(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}

func (s openSSH) serverArgs(port string) []string {
	args := []string{"-f", os.DevNull, "-D", "-h", s.file("host")}
	for _, o := range []string{
		"ListenAddress=127.0.0.1:" + port, "AuthorizedKeysFile=" + s.file("client") + ".pub",
		"PidFile=none", "StrictModes=no", "UsePAM=no", "AllowTcpForwarding=yes", "PermitRootLogin=yes",
	} {
		args = append(args, "-o", o)
	}
	return args
}

func (s openSSH) clientArgs(port, forward, target string) []string {
	args := []string{"-F", "none", "-N", "-i", s.file("client"), "-p", port, "-L", "127.0.0.1:" + forward + ":" + target}
	for _, o := range []string{
		"StrictHostKeyChecking=no", "UserKnownHostsFile=" + os.DevNull, "IdentitiesOnly=yes", "IdentityAgent=none",
		"BatchMode=yes", "ExitOnForwardFailure=yes", "LogLevel=ERROR",
		"PermitLocalCommand=yes", "LocalCommand=echo " + forwards,
	} {
		args = append(args, "-o", o)
	}
	return append(args, s.user+"@127.0.0.1")
}

// start chooses the ports, since neither of the two says which one it has taken.
func (s openSSH) start(target string) (p *path, err error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	forward, err := freePort()
	if err != nil {
		return nil, err
	}
	p = &path{addr: "127.0.0.1:" + forward}
	server, err := startProgram(s.sshd, s.serverArgs(port)...)
	if err != nil {
		return nil, err
	}
	p.sides = []*process{server}
	if err := listens("127.0.0.1:" + port); err != nil {
		p.close()
		return nil, errors.Join(err, server.complaint())
	}
	client, err := startProgram(s.ssh, s.clientArgs(port, forward, target)...)
	if err != nil {
		p.close()
		return nil, err
	}
	p.sides = []*process{client, server}
	if _, err := client.says(forwards); err != nil {
		p.close()
		return nil, errors.Join(err, client.complaint(), server.complaint())
	}
	return p, nil
}

// forwards is what the client is told to say when it does. To find out by
// connecting would give the target a connection that nobody expects.
const forwards = "forwards"

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// listens waits until somebody does.
func listens(addr string) (err error) {
	for begin := time.Now(); time.Since(begin) < patience; time.Sleep(10 * time.Millisecond) {
		var c net.Conn
		if c, err = net.Dial("tcp", addr); err == nil {
			return c.Close()
		}
	}
	return err
}
