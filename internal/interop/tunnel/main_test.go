package tunnel_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/wsstream/wsstream/internal/interop/program"
	"github.com/wsstream/wsstream/internal/testnet"
)

var full = flag.Bool("tunnel.full", false, "transfer as much as takes minutes")

// theProgram is the path of the program, which TestMain has built.
var theProgram string

func TestMain(m *testing.M) {
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, "building the program:", err)
		os.Exit(1)
	}
	testnet.Main(m)
}

// build builds the program beside this one, which go test removes with all
// that lies there.
func build() error {
	this, err := os.Executable()
	if err != nil {
		return err
	}
	theProgram = this + ".program"
	cmd := exec.Command("go", "build", "-o", theProgram, "./examples/tunnel")
	cmd.Dir, cmd.Stderr = "../../..", os.Stderr
	return cmd.Run()
}

// tunnel is the program, as it runs.
type tunnel struct {
	*program.Program
	t *testing.T
}

func start(t *testing.T, args ...string) tunnel {
	t.Helper()
	return tunnel{program.Start(t, "", theProgram, args...), t}
}

// says waits for a line that matches pattern, and returns its first group.
func (p tunnel) says(pattern string) string {
	p.t.Helper()
	line := regexp.MustCompile("(?m)^" + pattern)
	var found []string
	testnet.Poll(p.t, "the line "+pattern, func() bool {
		ended := p.Ended()
		if found = line.FindStringSubmatch(p.Output()); found == nil && ended {
			p.t.Fatalf("the program has ended without the line %s", pattern)
		}
		return found != nil
	})
	return found[1]
}

// reverse are flags of a server that allows UDP and -R, too.
var reverse = []string{"-allow", "udp://*:*", "-allow-reverse", "*", "-allow-reverse", "udp://*"}

// startServer starts a server that lets everybody in, and returns its URL.
func startServer(t *testing.T, flags ...string) string {
	t.Helper()
	p := start(t, append([]string{"server", "127.0.0.1:0", "-open", "-allow", "*:*"}, flags...)...)
	return "ws://" + p.says(`listening on (\S+)$`) + "/"
}

// startClient starts a client with one forward, and returns where that listens,
// here or at the server.
func startClient(t *testing.T, server string, flags ...string) string {
	t.Helper()
	return start(t, append([]string{"client", server}, flags...)...).says(`forwarding (\S+) (?:of the server )?to `)
}

// forward starts a client with -L to a target, and returns where it listens.
func forward(t *testing.T, server, target string) string {
	t.Helper()
	return startClient(t, server, "-L", "0:"+target)
}

// run runs a program to its end, which has to be a good one, and returns what it
// has said. The package is Debian's.
func run(t *testing.T, pkg, name string, args ...string) string {
	t.Helper()
	p := program.Start(t, pkg, name, args...)
	if code := p.Wait(); code != 0 {
		t.Fatalf("%s %q: exit code %d", name, args, code)
	}
	return p.Output()
}
