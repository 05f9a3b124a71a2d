//go:build linux

package lab_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet/lab"
)

// eventually fails the test unless it becomes true.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for give := time.Now().Add(patience); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(give) {
			t.Fatalf("it did not come to this: %s", what)
		}
	}
}

// status returns the name of a process and the letter of what it does.
func status(pid int) (name, state string) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(text), "(")
	name, rest, _ = strings.Cut(rest, ")")
	state, _, _ = strings.Cut(strings.TrimSpace(rest), " ")
	return name, state
}

func TestCommand(t *testing.T) {
	l := lab.New(t)
	for _, h := range []*lab.Host{l.Client, l.Router, l.Server} {
		out, err := h.Command(t.Context(), "ip", "address").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "inet "+h.IP()+"/") {
			t.Errorf("%s is not in %s, %v", h.IP(), out, err)
		}
	}
}

// Signals reach the program, not one that has started it.
func TestCommandSignals(t *testing.T) {
	l := lab.New(t)
	cmd := l.Server.Command(t.Context(), "sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	eventually(t, "the program runs", func() bool {
		name, state := status(pid)
		return name == "sleep" && state == "S"
	})
	for _, step := range []struct {
		signal syscall.Signal
		state  string
	}{{syscall.SIGSTOP, "T"}, {syscall.SIGCONT, "S"}} {
		cmd.Process.Signal(step.signal)
		eventually(t, fmt.Sprintf("%v is followed by %s", step.signal, step.state), func() bool {
			_, state := status(pid)
			return state == step.state
		})
	}
	cmd.Process.Kill()
	killed(t, cmd)
}

// killed fails the test unless the process ends by SIGKILL.
func killed(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	err := cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("the process ended with %v", err)
	}
}

// What runs on a host does not survive its restart.
func TestReturnKills(t *testing.T) {
	l := lab.New(t)
	cmd := l.Server.Command(context.Background(), "sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the program runs", func() bool {
		name, _ := status(cmd.Process.Pid)
		return name == "sleep"
	})
	l.Return(l.Server)
	killed(t, cmd)
}

// A dial into a black hole is one that lasts, until its context ends.
func TestDialContextEnds(t *testing.T) {
	l := lab.New(t)
	l.Drop(lab.Up)
	check := dropping(t, l)
	ctx, cancel := context.WithTimeout(t.Context(), silence)
	defer cancel()
	c, err := l.Client.DialContext(ctx, "tcp", net.JoinHostPort(l.Server.IP(), "80"))
	if err == nil {
		c.Close()
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the dial ended with %v", err)
	}
	check()
	l.Heal()
	_, err = l.Client.DialContext(t.Context(), "tcp", net.JoinHostPort(l.Server.IP(), "80"))
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("nobody listens there, but the dial ended with %v", err)
	}
}

func TestNoNames(t *testing.T) {
	l := lab.New(t)
	for _, address := range []string{"localhost:80", "80", "10.2.0.2"} {
		if c, err := l.Client.DialContext(t.Context(), "tcp", address); err == nil {
			t.Errorf("dialed %s", address)
			c.Close()
		}
		if listener, err := l.Server.Listen("tcp", address); err == nil {
			t.Errorf("listens on %s", address)
			listener.Close()
		}
	}
}

// No thread of the process stays on a host.
func TestThreadsComeHome(t *testing.T) {
	l := lab.New(t)
	listener, err := l.Server.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var dials sync.WaitGroup
	for range 50 {
		dials.Go(func() {
			c, err := l.Client.DialContext(t.Context(), "tcp", listener.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			c.Close()
			runtime.Gosched()
		})
	}
	dials.Wait()
	home, err := os.Readlink("/proc/self/ns/net")
	threads, _ := filepath.Glob("/proc/self/task/*/ns/net")
	if err != nil || len(threads) < 2 {
		t.Fatalf("%d threads, %v", len(threads), err)
	}
	for _, thread := range threads {
		if at, err := os.Readlink(thread); err == nil && at != home {
			t.Errorf("%s is %s, not %s", thread, at, home)
		}
	}
}

// Nothing is left of a lab, whatever was done to it and still runs in it.
func TestLeavesNothing(t *testing.T) {
	mine := func() string {
		out, err := exec.Command("ip", "netns", "list").CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		var names []string
		for line := range strings.Lines(string(out)) {
			if strings.HasPrefix(line, fmt.Sprintf("wsstream-%d-", os.Getpid())) {
				names = append(names, line)
			}
		}
		return strings.Join(names, "")
	}
	var cmd *exec.Cmd
	t.Run("lab", func(t *testing.T) {
		l := lab.New(t)
		l.NAT()
		connect(t, l)
		l.Return(l.Server)
		connect(t, l)
		if n := strings.Count(mine(), "\n"); n != 3 {
			t.Errorf("the lab is not the three namespaces %q", mine())
		}
		cmd = l.Router.Command(context.Background(), "sleep", "600")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the program runs", func() bool {
			name, _ := status(cmd.Process.Pid)
			return name == "sleep"
		})
	})
	if left := mine(); left != "" {
		t.Errorf("these are left: %q", left)
	}
	killed(t, cmd)
}

// What a process has left that did not come to removing it is removed by the
// next one, even if that has the same id. What is another's is not.
func TestNewRemovesAbandoned(t *testing.T) {
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	const name = "wsstream-%d-0-client-1"
	others, mine := fmt.Sprintf(name, dead.Process.Pid), fmt.Sprintf(name, os.Getpid())
	for _, name := range []string{others, mine} {
		if out, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		defer exec.Command("ip", "netns", "delete", name).Run() // fails if it is gone
	}
	script := `ip netns add wsstream-$$-0-client-1 && exec "$0" -test.run=^TestNoNames$`
	next := exec.CommandContext(t.Context(), "sh", "-c", script, os.Args[0])
	if out, err := next.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	list, err := exec.Command("ip", "netns", "list").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, list)
	}
	for _, gone := range []string{others, fmt.Sprintf(name, next.Process.Pid)} {
		if strings.Contains(string(list), gone) {
			t.Errorf("%s is left", gone)
		}
	}
	if !strings.Contains(string(list), mine) {
		t.Errorf("%s is gone, whose process is alive", mine)
	}
}

// A failing is a test that is told what is wrong, and does not go on.
type failing struct {
	testing.TB
	said string
}

func (f *failing) Fatalf(format string, args ...any) {
	f.said = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// What a lab needs and does not have is said in one line.
func TestNewSaysWhatIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	spy := &failing{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		lab.New(spy)
	}()
	<-done
	if !strings.Contains(spy.said, "iproute2") || strings.Contains(spy.said, "\n") {
		t.Errorf("New says %q", spy.said)
	}
}
