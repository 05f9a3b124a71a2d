package examples_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"sync"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// example is one that has been built.
type example struct{ path, temp string }

// build compiles an example, for the race detector if this test is.
func build(t *testing.T, name string) example {
	t.Helper()
	dir := t.TempDir()
	args := []string{"build", "-o", dir}
	info, _ := debug.ReadBuildInfo()
	if info != nil && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, "./"+name)...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return example{filepath.Join(dir, name), t.TempDir()}
}

// program is an example that runs.
type program struct {
	cmd            *exec.Cmd
	stdin          io.WriteCloser
	stdout, stderr output
	exited         chan struct{}
}

func (e example) start(t *testing.T, args ...string) *program {
	t.Helper()
	p := &program{cmd: exec.Command(e.path, args...), exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	// The race detector lets a program wait a second before it ends.
	p.cmd.Env = append(os.Environ(), "TMPDIR="+e.temp, "TMP="+e.temp, "GORACE=atexit_sleep_ms=10")
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.exited)
		p.cmd.Wait()
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		testnet.Take(t, "the end of "+p.cmd.String(), p.exited)
		if t.Failed() {
			t.Logf("%v\nstdout: %.2000q\nstderr: %.20000s", p.cmd, p.stdout.String(), &p.stderr)
		}
	})
	return p
}

// wantExit waits for the end of the program.
func (p *program) wantExit(t *testing.T, code int) {
	t.Helper()
	testnet.Take(t, "the end of "+p.cmd.String(), p.exited)
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("%v: exit code %d, want %d", p.cmd, got, code)
	}
}

// address waits until a server says where it listens.
func (p *program) address(t *testing.T) string {
	t.Helper()
	return p.stdout.await(t, `listening on http://(\S+)\n`)[1]
}

// output is what a program has written so far.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// await waits until the output matches, and returns the match and its groups.
func (o *output) await(t *testing.T, pattern string) (match []string) {
	t.Helper()
	re := regexp.MustCompile("(?s)" + pattern)
	testnet.Poll(t, "output like "+pattern, func() bool {
		match = re.FindStringSubmatch(o.String())
		return match != nil
	})
	return match
}
