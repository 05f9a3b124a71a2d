package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// nameTarget says a name, and ends.
func nameTarget(t *testing.T, name string) string {
	return testnet.Serve(t, "tcp", "127.0.0.1:0", func(c testnet.HalfConn) { io.WriteString(c, name) })
}

// said is what an address says, or "".
func said(addr string) string {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return ""
	}
	defer c.Close()
	p, err := io.ReadAll(c)
	if err != nil {
		return ""
	}
	return string(p)
}

// link is a way to a server, whose connections can be frozen: nothing passes any
// more, and nobody is told. New connections pass.
type link struct {
	addr string

	mu     sync.Mutex
	frozen chan struct{} // closed by freeze
}

func newLink(t *testing.T, server string) *link {
	t.Helper()
	l := &link{frozen: make(chan struct{})}
	to := strings.TrimSuffix(strings.TrimPrefix(server, "ws://"), "/")
	ended := make(chan struct{})
	l.addr = testnet.Serve(t, "tcp", "127.0.0.1:0", func(c testnet.HalfConn) {
		l.mu.Lock()
		frozen := l.frozen
		l.mu.Unlock()
		target, err := net.Dial("tcp", to)
		if err != nil {
			return
		}
		defer target.Close()
		done := make(chan struct{}, 2)
		for _, way := range [][2]net.Conn{{c, target}, {target, c}} {
			go func() {
				pass(way[0], way[1], frozen)
				done <- struct{}{}
			}()
		}
		select {
		case <-frozen:
			<-ended
		case <-done:
		case <-ended:
		}
	})
	t.Cleanup(func() { close(ended) })
	return l
}

// pass copies until it is frozen.
func pass(to, from net.Conn, frozen <-chan struct{}) {
	for p := make([]byte, 4096); ; {
		n, err := from.Read(p)
		if err != nil {
			return
		}
		select {
		case <-frozen:
			return
		default:
			to.Write(p[:n])
		}
	}
}

func (l *link) freeze() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.frozen)
	l.frozen = make(chan struct{})
}

// A client whose link has died without a word has its port back at once, by its
// next session, and the port that it was given when it asked for a free one.
func TestReverseComesBack(t *testing.T) {
	server := startServer(t, "-open", "-allow-reverse", "*", "-keepalive", "-1s")
	way := newLink(t, server)
	client := startProgram(t, "client", "ws://"+way.addr+"/", "-R", "0:"+nameTarget(t, "here"), "-keepalive", "300ms")
	at := client.word(t, 1)
	if got := said(at); got != "here" {
		t.Fatalf("at first it says %q", got)
	}
	way.freeze()
	testnet.Poll(t, "the port", func() bool { return said(at) == "here" })
}

// Each of several free ports leads to its own target.
func TestReverseFreePorts(t *testing.T) {
	server := startServer(t, "-open", "-allow-reverse", "*")
	client := startProgram(t, "client", server, "-R", "0:"+nameTarget(t, "one"), "-R", "0:"+nameTarget(t, "two"))
	for _, want := range []string{"one", "two"} {
		if got := said(client.word(t, 1)); got != want {
			t.Errorf("the port of %s says %q", want, got)
		}
	}
}

// What is asked for at the server is reached from the client, whatever the
// server allows.
func TestReverseDynamic(t *testing.T) {
	server := startServer(t, "-open", "-allow-reverse", "*")
	app := testnet.DialTCP(t, startProgram(t, "client", server, "-R", "0").word(t, 1))
	fmt.Fprintf(app, "CONNECT %s HTTP/1.1\r\n\r\n", nameTarget(t, "here"))
	got, err := io.ReadAll(app)
	if err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 200") || !strings.HasSuffix(string(got), "here") {
		t.Errorf("it says %q, %v", got, err)
	}
}

// A client does not get a file removed by asking for its path.
func TestReverseKeepsFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := startServer(t, "-open", "-allow-reverse", "unix://"+path)
	if code, _, stderr := runHere(testnet.Bounded(t), nil, "client", server, "-R", path+":localhost:1"); code != 1 {
		t.Errorf("exit code %d, stderr:\n%s", code, stderr)
	}
	if text, err := os.ReadFile(path); string(text) != "precious" {
		t.Errorf("the file has %q, %v", text, err)
	}
}

// A connection whose one direction has ended, and on whose other one nothing
// comes, ends with its session all the same.
func TestReverseHalfOpen(t *testing.T) {
	target := testnet.Serve(t, "tcp", "127.0.0.1:0", func(c testnet.HalfConn) {
		c.CloseWrite()
		io.Copy(io.Discard, c)
	})
	server := startProgram(t, "server", "127.0.0.1:0", "-open", "-allow-reverse", "*", "-drain", "100ms")
	client := startProgram(t, "client", "ws://"+server.word(t, 2)+"/", "-R", "0:"+target)
	app := testnet.DialTCP(t, client.word(t, 1))
	if n, err := io.Copy(io.Discard, app); n > 0 || err != nil {
		t.Fatalf("%d bytes, %v", n, err)
	}
	client.cmd.Process.Kill()
	client.wait()
	testnet.Poll(t, "the reset", func() bool {
		_, err := app.Write([]byte("x"))
		return err != nil
	})
	server.cmd.Process.Signal(syscall.SIGTERM)
	if _, code := server.wait(); code != 0 {
		t.Errorf("exit code %d, stderr:\n%s", code, &server.stderr)
	}
}

// A second client with the same token does not get the port of one that is
// alive, and gets that of one that is dead.
func TestReverseTaken(t *testing.T) {
	port := strings.TrimPrefix(testnet.UnusedAddress(t), "127.0.0.1:")
	server := startServer(t, "-open", "-allow-reverse", port, "-keepalive", "-1s")
	way := newLink(t, server)
	first := startProgram(t, "client", "ws://"+way.addr+"/", "-R", port+":"+nameTarget(t, "first"), "-keepalive", "-1s")
	at := first.word(t, 1)
	second := []string{"client", server, "-R", port + ":" + nameTarget(t, "second")}
	code, _, stderr := runHere(testnet.Bounded(t), nil, second...)
	if code != 1 || !strings.Contains(stderr, "alive") {
		t.Errorf("exit code %d, stderr:\n%s", code, stderr)
	}
	if got := said(at); got != "first" {
		t.Errorf("the first one's port says %q", got)
	}
	way.freeze()
	if got := startProgram(t, second...).word(t, 1); got != at {
		t.Errorf("it listens at %s, not %s", got, at)
	}
	if got := said(at); got != "second" {
		t.Errorf("the second one's port says %q", got)
	}
}

// With several servers the loss of one costs nothing but what was under way.
func TestServers(t *testing.T) {
	target := nameTarget(t, "here")
	doomed := startProgram(t, "server", "127.0.0.1:0", "-open", "-allow", "*:*")
	other := startServer(t, "-open", "-allow", "*:*")
	client := startProgram(t, "client", "ws://"+doomed.word(t, 2)+"/", other, "-L", "0:"+target)
	at := client.word(t, 1)
	doomed.cmd.Process.Kill()
	doomed.wait()
	for range 10 {
		if got := said(at); got != "here" {
			t.Errorf("it says %q", got)
		}
	}
}

// A client that is told to wait comes up when its server does.
func TestWait(t *testing.T) {
	addr, target := testnet.UnusedAddress(t), nameTarget(t, "here")
	client := startProgram(t, "client", "ws://"+addr+"/", "-wait", "-L", "0:"+target)
	at := client.word(t, 1)
	server := startProgram(t, "server", addr, "-open", "-allow", "*:*")
	server.word(t, 2)
	if got := said(at); got != "here" { // a connection waits for the session
		t.Errorf("it says %q", got)
	}
	// SIGHUP ends the wait for the next attempt.
	server.cmd.Process.Kill()
	server.wait()
	startProgram(t, "server", addr, "-open", "-allow", "*:*").word(t, 2)
	if err := client.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if got := said(at); got != "here" {
		t.Errorf("after it was lost it says %q", got)
	}
}
