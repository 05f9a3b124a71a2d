package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// forward starts a client with one -L, or with what flags say, and returns where
// it listens.
func forward(t *testing.T, server, target string, flags ...string) string {
	t.Helper()
	return startProgram(t, append([]string{"client", server, "-L", "0:" + target}, flags...)...).word(t, 1)
}

func TestConcurrent(t *testing.T) {
	for _, flags := range [][]string{nil, {"-sessions", "3"}} {
		local := forward(t, startServer(t, "-open", "-allow", "*:*"), testnet.Serve(t, "tcp", "127.0.0.1:0", testnet.Echo), flags...)
		var all sync.WaitGroup
		for i := range 50 {
			app := testnet.DialTCP(t, local)
			all.Go(func() {
				if err := testnet.Transfer(app, uint64(i), 256<<10); err != nil {
					t.Errorf("connection %d: %v", i, err)
				}
			})
		}
		all.Wait()
	}
}

// A request whose other direction goes on for long after its end.
func TestHalfClose(t *testing.T) {
	const size = 4 << 20
	target := testnet.Serve(t, "tcp", "127.0.0.1:0", func(c testnet.HalfConn) {
		request := testnet.NewVerifier(seed)
		if _, err := io.Copy(request, c); err != nil || request.N() != size {
			t.Errorf("the request: %d of %d bytes, %v", request.N(), size, err)
		}
		io.Copy(c, testnet.NewSource(seed, size))
	})
	server := startServer(t, "-open", "-allow", "*:*", "-allow-reverse", "*")
	back := startProgram(t, "client", server, "-R", "0:"+target).word(t, 1)
	for name, at := range map[string]string{"-L": forward(t, server, target), "-R": back} {
		if err := testnet.Transfer(testnet.DialTCP(t, at), seed, size); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What cannot be connected is reset: an end would be an empty answer.
func TestNotConnected(t *testing.T) {
	dead := testnet.DeadAddress(t)
	server := startServer(t, "-open", "-allow", dead, "-allow-reverse", "*")
	for name, at := range map[string]string{
		"refused":           forward(t, server, dead),
		"not allowed":       forward(t, server, "127.0.0.1:1"),
		"refused behind -R": startProgram(t, "client", server, "-R", "0:"+dead).word(t, 1),
	} {
		testnet.WantReset(t, name, at)
	}
}

// Why a target is refused arrives although much was sent to it already.
func TestRefusedWhileSending(t *testing.T) {
	const connections = 20
	server := startServer(t, "-open", "-allow", "127.0.0.1:2")
	client := startProgram(t, "client", server, "-L", "0:127.0.0.1:1")
	at := client.word(t, 1)
	for range connections {
		app, err := net.Dial("tcp", at) // which the reset may overtake
		if err != nil {
			continue
		}
		go io.Copy(app, testnet.NewSource(seed, 1<<20))
		testnet.InTime(t, "the end", func() { io.Copy(io.Discard, app) })
		app.Close()
	}
	client.cmd.Process.Signal(syscall.SIGTERM)
	client.wait()
	if log := client.stderr.String(); strings.Count(log, "does not allow") != connections {
		t.Errorf("want %d times that it is not allowed:\n%s", connections, log)
	}
}

// SIGTERM lets connections end, and takes no new ones.
func TestDrain(t *testing.T) {
	for _, end := range []string{"server", "client"} {
		t.Run(end, func(t *testing.T) {
			target := testnet.Serve(t, "tcp", "127.0.0.1:0", testnet.Echo)
			server := startProgram(t, "server", "127.0.0.1:0", "-open", "-allow", "*:*")
			client := startProgram(t, "client", "ws://"+server.word(t, 2), "-L", "0:"+target)
			at := client.word(t, 1)
			app := testnet.DialTCP(t, at)
			send(t, app)
			stopped := server
			if end == "client" {
				stopped = client
			}
			if err := stopped.cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if end == "client" {
				testnet.Poll(t, "the end of the listener", func() bool { return !accepts(at) })
			}
			send(t, app)
			app.CloseWrite()
			if _, err := io.Copy(io.Discard, app); err != nil {
				t.Errorf("the connection did not come to its end: %v", err)
			}
			if _, code := stopped.wait(); code != 0 {
				t.Errorf("exit code %d, stderr:\n%s", code, &stopped.stderr)
			}
		})
	}
}

// send sends something that comes back.
func send(t *testing.T, c *net.TCPConn) {
	t.Helper()
	c.Write([]byte("hello"))
	if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
}

func accepts(addr string) bool {
	c, err := net.Dial("tcp", addr)
	if err == nil {
		c.Close()
	}
	return err == nil
}

// Connections that do not end are cut when their time is over, or at a second
// signal.
func TestDrainEnds(t *testing.T) {
	for _, tt := range []struct {
		name, drain string
		twice       bool
		code        int
	}{{"in time", "100ms", false, 0}, {"twice", "1h", true, exitSignalled}} {
		t.Run(tt.name, func(t *testing.T) {
			target := testnet.Serve(t, "tcp", "127.0.0.1:0", testnet.Echo)
			server := startServer(t, "-open", "-allow", "*:*")
			client := startProgram(t, "client", server, "-L", "0:"+target, "-drain", tt.drain)
			at := client.word(t, 1)
			app := testnet.DialTCP(t, at)
			send(t, app)
			client.cmd.Process.Signal(os.Interrupt)
			if tt.twice {
				testnet.Poll(t, "the end of the listener", func() bool { return !accepts(at) })
				client.cmd.Process.Signal(os.Interrupt)
			}
			testnet.WantFailure(t, "application", app)
			if _, code := client.wait(); code != tt.code {
				t.Errorf("exit code %d, want %d; stderr:\n%s", code, tt.code, &client.stderr)
			}
		})
	}
}

// A client that stops does not wait for a server on behalf of a connection that
// does.
func TestDrainWithoutSession(t *testing.T) {
	client := startProgram(t, "client", "ws://"+testnet.DeadAddress(t)+"/", "-wait", "-session-wait", "1h", "-L", "0:localhost:1")
	app := testnet.DialTCP(t, client.word(t, 1))
	client.cmd.Process.Signal(syscall.SIGTERM)
	testnet.WantFailure(t, "application", app)
	if _, code := client.wait(); code != 0 {
		t.Errorf("exit code %d, stderr:\n%s", code, &client.stderr)
	}
}

// A client that stops after its server has begun to lets connections end, too.
func TestDrainBoth(t *testing.T) {
	target := testnet.Serve(t, "tcp", "127.0.0.1:0", testnet.Echo)
	server := startProgram(t, "server", "127.0.0.1:0", "-open", "-allow", "*:*")
	client := startProgram(t, "client", "ws://"+server.word(t, 2), "-session-wait", "1ms", "-L", "0:"+target, "-L", "0:"+nameTarget(t, "here"))
	at, other := client.word(t, 1), client.word(t, 1)
	app := testnet.DialTCP(t, at)
	send(t, app)
	server.cmd.Process.Signal(syscall.SIGTERM)
	testnet.Poll(t, "the end of new connections", func() bool { return said(other) == "" })
	client.cmd.Process.Signal(syscall.SIGTERM)
	testnet.Poll(t, "the end of the listener", func() bool { return !accepts(at) })
	send(t, app)
	app.CloseWrite()
	if _, err := io.Copy(io.Discard, app); err != nil {
		t.Errorf("the connection did not come to its end: %v", err)
	}
	if _, code := client.wait(); code != 0 {
		t.Errorf("exit code %d, stderr:\n%s", code, &client.stderr)
	}
}

// Standard input and output are one connection.
func TestStdio(t *testing.T) {
	target := testnet.Serve(t, "tcp", "127.0.0.1:0", testnet.Echo)
	p := startProgram(t, "client", startServer(t, "-open", "-allow", "*:*"), "-W", target)
	go func() {
		io.WriteString(p.stdin, "hello")
		p.stdin.Close()
	}()
	out, code := p.wait()
	if out != "hello" || code != 0 || p.stderr.Len() > 0 {
		t.Errorf("%q, exit code %d, stderr:\n%s", out, code, &p.stderr)
	}
}

// A target that ends ends the program, whose input goes on.
func TestStdioTargetEnds(t *testing.T) {
	target := testnet.Serve(t, "tcp", "127.0.0.1:0", func(c testnet.HalfConn) { io.WriteString(c, "bye") })
	p := startProgram(t, "client", startServer(t, "-open", "-allow", "*:*"), "-W", target)
	if out, code := p.wait(); out != "bye" || code != 0 {
		t.Errorf("%q, exit code %d, stderr:\n%s", out, code, &p.stderr)
	}
}

// A target that ends its own direction at once still gets the whole input.
func TestStdioTargetTakes(t *testing.T) {
	const size = 32 << 20
	got := make(chan error, 1)
	target := testnet.Serve(t, "tcp", "127.0.0.1:0", func(c testnet.HalfConn) {
		c.CloseWrite()
		input := testnet.NewVerifier(seed)
		_, err := io.Copy(input, c)
		if err != nil || input.N() != size {
			err = fmt.Errorf("%d of %d bytes, %v", input.N(), size, err)
		}
		got <- err
	})
	p := startProgram(t, "client", startServer(t, "-open", "-allow", "*:*"), "-W", target)
	go func() {
		io.Copy(p.stdin, testnet.NewSource(seed, size))
		p.stdin.Close()
	}()
	if _, code := p.wait(); code != 0 {
		t.Errorf("exit code %d, stderr:\n%s", code, &p.stderr)
	}
	if err := testnet.Take(t, "what the target has got", got); err != nil {
		t.Error(err)
	}
}

// SIGHUP, by which ssh ends its ProxyCommand, ends what does not end by itself.
func TestStdioHangup(t *testing.T) {
	target := testnet.Serve(t, "tcp", "127.0.0.1:0", testnet.Echo)
	p := startProgram(t, "client", startServer(t, "-open", "-allow", "*:*"), "-W", target)
	io.WriteString(p.stdin, "hello")
	if _, err := io.ReadFull(p.stdout, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	p.cmd.Process.Signal(syscall.SIGHUP)
	if _, code := p.wait(); code != 1 {
		t.Errorf("exit code %d, stderr:\n%s", code, &p.stderr)
	}
}

// A token that is written to the file opens the server at the next SIGHUP.
func TestReload(t *testing.T) {
	tokens := t.TempDir() + "/tokens"
	write := func(text string) {
		if err := os.WriteFile(tokens, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("bob ffffffffffffffffffffffffffffffff\n")
	p := startProgram(t, "server", "127.0.0.1:0", "-token-file", tokens, "-allow", "*:*")
	url := "ws://" + p.word(t, 2) + "/"
	env := map[string]string{tokenVariable: goodToken}
	if code, _, stderr := runHere(t.Context(), env, "check", url); code != 1 || !strings.Contains(stderr, "does not know") {
		t.Errorf("before: exit code %d, %s", code, stderr)
	}
	write("bob ffffffffffffffffffffffffffffffff\nalice " + goodToken + "\n")
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	testnet.Poll(t, "the new token", func() bool {
		code, _, _ := runHere(t.Context(), env, "client", url, "-W", testnet.DeadAddress(t))
		_, _, stderr := runHere(t.Context(), env, "client", url, "-W", testnet.DeadAddress(t))
		return code == 1 && strings.Contains(stderr, "refused")
	})
}
