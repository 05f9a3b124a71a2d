//go:build linux

// Package program runs the programs that the tests of this module meet: a
// browser, proxies, a web server.
package program

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// Program is one that runs, until the end of the test.
type Program struct {
	tb     testing.TB
	name   string
	output string        // the path of the file
	group  int           // its process group, which has the number of its process
	ended  chan struct{} // closed when it has ended
	code   int           // its exit code then
}

// Start starts a program in the foreground, and in a process group of its own:
// at the end of the test all that it has started is killed with it. The
// package is Debian's, for the error if the program is missing. What it says
// is shown if the test fails.
func Start(tb testing.TB, pkg, name string, args ...string) *Program {
	tb.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		tb.Fatalf("this test needs %s, on Debian from the package %s: %v", name, pkg, err)
	}
	dir := tb.TempDir()
	p := &Program{tb: tb, name: name, output: filepath.Join(dir, "output"), ended: make(chan struct{})}
	// A file, because a pipe would be open for as long as any child is.
	output, err := os.Create(p.output)
	if err != nil {
		tb.Fatal(err)
	}
	defer output.Close()
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = output, output
	cmd.Env = append(os.Environ(), "HOME="+dir, "TMPDIR="+dir) // what it leaves goes with the test
	// The program ends with this process, too, should that end without a cleanup.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // which Pdeathsig is about
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait()
			p.code = cmd.ProcessState.ExitCode()
		}
		close(p.ended)
	}()
	if err := <-started; err != nil {
		tb.Fatal(err)
	}
	p.group = cmd.Process.Pid
	tb.Cleanup(func() {
		p.Kill()
		if tb.Failed() {
			tb.Logf("%s said:\n%s", name, p.Output())
		}
	})
	return p
}

// PID is the number of its process.
func (p *Program) PID() int { return p.group }

// Signal sends a signal to the program, and not to what it has started.
func (p *Program) Signal(sig syscall.Signal) {
	p.tb.Helper()
	if err := syscall.Kill(p.group, sig); err != nil {
		p.tb.Fatalf("signal %v to %s: %v", sig, p.name, err)
	}
}

// Wait waits until the program has ended by itself, and returns its exit code,
// which is -1 after a signal that has killed it.
func (p *Program) Wait() int {
	p.tb.Helper()
	testnet.Take(p.tb, "the end of "+p.name, p.ended)
	return p.code
}

// Ended says whether the program has ended.
func (p *Program) Ended() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// Kill ends the program and all that it has started, and returns when nobody
// of them is left.
func (p *Program) Kill() {
	p.tb.Helper()
	syscall.Kill(-p.group, syscall.SIGKILL)
	testnet.Take(p.tb, "the end of "+p.name, p.ended)
	testnet.Poll(p.tb, "the end of what "+p.name+" has started", func() bool {
		return !isAlive(p.group)
	})
}

// isAlive says whether a process of a group runs. One that has ended stays in
// the group until its parent asks for it, which may be the system's first one
// and take its time.
func isAlive(group int) bool {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it ended just now
		}
		var state string
		var parent, of int
		_, afterName, _ := strings.Cut(string(b), ") ")
		if _, err := fmt.Sscan(afterName, &state, &parent, &of); err == nil && of == group && state != "Z" && state != "X" {
			return true
		}
	}
	return false
}

// Output is what the program has said so far.
func (p *Program) Output() string {
	b, err := os.ReadFile(p.output)
	if err != nil {
		p.tb.Error(err)
	}
	return string(b)
}

// AwaitPort waits until the program listens at an address, and fails the test
// if it ends before.
func (p *Program) AwaitPort(addr string) {
	p.tb.Helper()
	testnet.Poll(p.tb, fmt.Sprintf("%s at %s", p.name, addr), func() bool {
		if p.Ended() {
			p.tb.Fatalf("%s has ended", p.name)
		}
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return false
		}
		c.Close()
		return true
	})
}

// FreePort returns an address on loopback at which nobody listens, for a
// program that cannot be asked which one it has taken.
func FreePort(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
