// Package examples_test builds every example, runs it, and wants it to do what
// it says.
package examples_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

func TestMain(m *testing.M) { testnet.Main(m) }

// examples are all that have no tests of their own.
var examples = []struct {
	name string
	test func(*testing.T, example)
	// Whoever cannot do what it was started for says so, and fails.
	busy string // the flag of a server that takes an address
	dead string // the flag of a client that takes a URL
}{
	{name: "echo", test: testEcho, busy: "-addr", dead: "-url"},
	{name: "chat", test: testChat, busy: "-addr"},
	{name: "auth", test: testAuth, busy: "-addr"},
	{name: "tls", test: testTLS, busy: "-addr", dead: "-url"},
	{name: "endpoints", test: testEndpoints, busy: "-addr"},
	{name: "stats", test: testStats, busy: "-addr"},
	{name: "roundtrip", test: testRoundtrip, dead: "-url"},
	{name: "pipe", test: testPipe, busy: "-listen", dead: "-url"},
	{name: "heartbeat", test: testHeartbeat},
}

func TestExamples(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	addr := busy.Addr().String()
	for _, e := range examples {
		t.Run(e.name, func(t *testing.T) {
			built := build(t, e.name)
			e.test(t, built)
			if e.busy != "" {
				p := built.start(t, e.busy, addr)
				p.wantExit(t, 1)
				p.stderr.await(t, "listen tcp "+addr)
			}
			if e.dead != "" {
				// Nobody accepts there, and nobody ever will: port 1 is tcpmux.
				p := built.start(t, e.dead, "ws://127.0.0.1:1")
				p.wantExit(t, 1)
				p.stderr.await(t, "127.0.0.1:1: connect")
			}
		})
	}
}

// Each example has a test, is in the list, and says how to run it.
func TestList(t *testing.T) {
	list, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, e := range entries {
		if name := e.Name(); e.IsDir() && name != "internal" {
			seen++
			checkListed(t, name, string(list))
		}
	}
	if seen < 10 {
		t.Errorf("%d examples found", seen)
	}
}

func checkListed(t *testing.T, name, list string) {
	t.Helper()
	tested := false
	for _, e := range examples {
		tested = tested || e.name == name
	}
	if own, err := filepath.Glob(name + "/*_test.go"); !tested && len(own) == 0 {
		t.Errorf("%s has no test (%v)", name, err)
	}
	command := "go run ./examples/" + name
	if !strings.Contains(list, "| ["+name+"]("+name+"/") || strings.Count(list, command) != 1 {
		t.Errorf("README.md has no line for %s with its command", name)
	}
	source, err := os.ReadFile(filepath.Join(name, "main.go"))
	if err != nil {
		t.Error(err)
	}
	comment, _, _ := strings.Cut(string(source), "package main")
	if !strings.HasPrefix(comment, "// Command "+name+" ") || tested && !strings.Contains(comment, command) {
		t.Errorf("the comment on %s does not say what it is and how to run it", name)
	}
}

// patient bounds what the tests themselves do with a socket.
func patient() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), testnet.Patience)
}

func dial(t *testing.T, url string, options *wsconn.DialOptions) *wsconn.Socket {
	t.Helper()
	ctx, cancel := patient()
	defer cancel()
	s, err := wsconn.DialSocket(ctx, url, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Terminate()
		s.WaitClosed(context.Background())
	})
	return s
}

func say(t *testing.T, s *wsconn.Socket, text string) {
	t.Helper()
	ctx, cancel := patient()
	defer cancel()
	if err := s.WriteMessage(ctx, wsconn.Text, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// hear returns the next message.
func hear(t *testing.T, s *wsconn.Socket) string {
	t.Helper()
	ctx, cancel := patient()
	defer cancel()
	_, message, err := s.ReadMessage(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return string(message)
}

func wantHear(t *testing.T, s *wsconn.Socket, want string) {
	t.Helper()
	if got := hear(t, s); got != want {
		t.Errorf("a client hears %q, want %q", got, want)
	}
}

// lastError reads to the end.
func lastError(s *wsconn.Socket) error {
	ctx, cancel := patient()
	defer cancel()
	for {
		if _, _, err := s.ReadMessage(ctx); err != nil {
			return err
		}
	}
}
