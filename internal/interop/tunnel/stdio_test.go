package tunnel_test

import (
	"bytes"
	"io"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// stdio is a client with -W. As a connection it is its standard input and
// output.
type stdio struct {
	io.Reader
	io.WriteCloser
	cmd    *exec.Cmd
	stderr bytes.Buffer
}

func startStdio(t *testing.T, server, target string) *stdio {
	t.Helper()
	p := &stdio{cmd: exec.CommandContext(testnet.Bounded(t), theProgram, "client", server, "-W", target)}
	p.cmd.Stderr = &p.stderr
	var err error
	if p.WriteCloser, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if p.Reader, err = p.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		p.cmd.Wait()
	})
	return p
}

func dialStdio(t *testing.T, target string) (conn, error) {
	return startStdio(t, startServer(t), target), nil
}

// CloseWrite ends its standard input.
func (p *stdio) CloseWrite() error { return p.WriteCloser.Close() }

// wait waits for its end, and returns what it has written and its exit code.
func (p *stdio) wait() (stdout, stderr string, code int) {
	out, _ := io.ReadAll(p.Reader)
	p.cmd.Wait()
	return string(out), p.stderr.String(), p.cmd.ProcessState.ExitCode()
}

// The end of the target is that of the program, whose input goes on.
func TestStdioEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(target conn) error
		code int
	}{
		{"well", conn.Close, 0},
		{"with a reset", func(target conn) error { return testnet.Abort(target.(net.Conn)) }, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			app, target := way{dial: dialStdio}.connect(t)
			greet(t, app, target)
			if err := tt.end(target); err != nil {
				t.Fatal(err)
			}
			stdout, stderr, code := app.(*stdio).wait()
			if stdout != "" || code != tt.code || strings.Count(stderr, "\n") != tt.code {
				t.Errorf("exit code %d, output %q, stderr:\n%s", code, stdout, stderr)
			}
		})
	}
}

// Nobody may take for complete what came of a program that was killed.
func TestStdioKilled(t *testing.T) {
	app, target := way{dial: dialStdio}.connect(t)
	greet(t, app, target)
	app.(*stdio).cmd.Process.Kill()
	_, err := io.Copy(io.Discard, target)
	wantErrno(t, err, syscall.ECONNRESET)
}

func TestStdioRefused(t *testing.T) {
	stdout, stderr, code := startStdio(t, startServer(t), testnet.DeadAddress(t)).wait()
	if stdout != "" || code != 1 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "refused") {
		t.Errorf("exit code %d, output %q, stderr:\n%s", code, stdout, stderr)
	}
}
