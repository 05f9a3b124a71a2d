package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// asProgram in the environment makes the test binary the program itself.
const asProgram = "TUNNEL_TEST_AS_PROGRAM"

// patience is how long the tests wait for what has to happen.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	testnet.Main(m)
}

// program is the tunnel as a process of its own.
type program struct {
	cmd    *exec.Cmd
	stdout *bufio.Reader
	stderr bytes.Buffer // to be read after wait
}

func startProgram(t *testing.T, args ...string) *program {
	t.Helper()
	p := &program{cmd: exec.Command(os.Args[0], args...)}
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	p.cmd.Stderr = &p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdout = bufio.NewReader(stdout)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stuck := time.AfterFunc(2*patience, func() { p.cmd.Process.Kill() })
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

// startTarget serves every connection by handle, which need not close it, and
// returns the address.
func startTarget(t *testing.T, handle func(*net.TCPConn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		acceptAll(l, discard, func(c *net.TCPConn) {
			c.SetDeadline(time.Now().Add(patience))
			all.Go(func() {
				defer c.Close()
				handle(c)
			})
		})
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	return l.Addr().String()
}

var discard = slog.New(slog.DiscardHandler)

// background runs f until the test ends, when its context does.
func background(t *testing.T, f func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { f(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
}

// startServer starts a server half that allows everything and returns its URL.
func startServer(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	background(t, func(ctx context.Context) {
		if err := serve(ctx, l, allowList{anyTarget}, discard); err != nil {
			t.Error(err)
		}
	})
	return "ws://" + l.Addr().String() + "/"
}

// startClient starts a client half and returns the address where it listens.
func startClient(t *testing.T, server, target string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &client{server: u, log: discard, options: wsconn.DialOptions{CloseTimeout: closeTimeout}}
	background(t, func(ctx context.Context) { c.forward(ctx, l, target) })
	return l.Addr().String()
}

func dialTCP(t *testing.T, addr string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c.(*net.TCPConn)
}

// wantFailure reads r to its end, which has to be an error of the connection.
func wantFailure(t *testing.T, what string, r io.Reader) {
	t.Helper()
	switch _, err := io.Copy(io.Discard, r); {
	case err == nil:
		t.Errorf("%s: the stream ended as if it were complete", what)
	case errors.Is(err, os.ErrDeadlineExceeded):
		t.Errorf("%s: nothing happened for %v", what, patience)
	}
}

// wantReset connects to addr and wants the connection to fail.
func wantReset(t *testing.T, what, addr string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if errors.Is(err, syscall.ECONNRESET) {
		return // sooner than Dial could return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	wantFailure(t, what, c)
}
