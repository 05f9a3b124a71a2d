package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
)

// asProgram in the environment makes the test binary the program itself.
const asProgram = "TUNNEL_TEST_AS_PROGRAM"

const seed = 7

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	testnet.Main(m)
}

// program is the tunnel as a process of its own.
type program struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
	stderr bytes.Buffer // to be read after wait
}

func startProgram(t *testing.T, args ...string) *program {
	t.Helper()
	p := &program{cmd: exec.Command(os.Args[0], args...)}
	p.cmd.Env = append(os.Environ(), asProgram+"=1", tokenVariable+"=")
	p.cmd.Stderr = &p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err == nil {
		p.stdin, err = p.cmd.StdinPipe()
	}
	if err != nil {
		t.Fatal(err)
	}
	p.stdout = bufio.NewReader(stdout)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stuck := time.AfterFunc(2*testnet.Patience, func() { p.cmd.Process.Kill() })
	t.Cleanup(func() {
		stuck.Stop()
		p.cmd.Process.Kill()
		p.cmd.Wait()
	})
	return p
}

// word returns a word of the next line of stdout, counted from 0.
func (p *program) word(t *testing.T, i int) string {
	t.Helper()
	line, err := p.stdout.ReadString('\n')
	words := strings.Fields(line)
	if err != nil || i >= len(words) {
		p.cmd.Process.Kill()
		p.cmd.Wait()
		t.Fatalf("stdout %q, %v; stderr:\n%s", line, err, &p.stderr)
	}
	return words[i]
}

// wait returns the rest of stdout and the exit code, -1 if a signal killed it.
func (p *program) wait() (stdout string, code int) {
	rest, _ := io.ReadAll(p.stdout)
	p.cmd.Wait()
	return string(rest), p.cmd.ProcessState.ExitCode()
}

// runHere is run of a process without standard input, whose output is returned.
func runHere(ctx context.Context, env map[string]string, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	p := &process{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
		Env: func(name string) string { return env[name] },
	}
	code = p.run(ctx, args)
	return code, out.String(), errs.String()
}

// startServer starts a server and returns its URL.
func startServer(t *testing.T, flags ...string) string {
	t.Helper()
	p := startProgram(t, append([]string{"server", "127.0.0.1:0"}, flags...)...)
	return "ws://" + p.word(t, 2) + "/"
}
