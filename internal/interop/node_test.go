package interop

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// install runs npm ci unless it has been done.
var install = sync.OnceValue(func() error {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("the tests against the npm package ws need Node.js 18 or later with npm: %w", err)
		}
	}
	// npm writes this file last.
	if _, err := os.Stat(filepath.Join("node_modules", ".package-lock.json")); err == nil {
		return nil
	}
	out, err := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund").CombinedOutput()
	if err != nil {
		return fmt.Errorf("npm ci in internal/interop: %w\n%s", err, out)
	}
	return nil
})

// node is a process that runs peer/main.mjs: one connection of ws.
type node struct {
	t       *testing.T
	process *os.Process
	stdin   io.Writer
	events  chan event
	unread  []event // taken from events, not yet awaited
}

// event is a line from the process: a name, and the details that go with it.
type event struct {
	Event       string
	Port        int    // listening
	Status      int    // refused
	Subprotocol string // open
	Binary      bool   // message
	Size        int64  // message, wrote, end
	SHA256      string // message, wrote, end
	Data        []byte // ping, pong
	Code        int    // close
	Reason      string // close
	Message     string // error
}

// do is a line to the process: a command and its arguments.
type do struct {
	Do     string `json:"do"`
	Size   int64  `json:"size,omitempty"`   // write
	Data   []byte `json:"data,omitempty"`   // send, ping
	Binary bool   `json:"binary"`           // send
	Fin    bool   `json:"fin"`              // send
	Code   int    `json:"code,omitempty"`   // close
	Reason string `json:"reason,omitempty"` // close
}

// startNode starts the process, which ends with the test.
func startNode(t *testing.T, args ...string) *node {
	t.Helper()
	if err := install(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", append([]string{"peer/main.mjs"}, args...)...)
	cmd.Stderr = t.Output()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	n := &node{t: t, process: cmd.Process, stdin: stdin, events: make(chan event, 16)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(n.events)
		n.read(stdout)
	}()
	t.Cleanup(func() {
		<-read
		cmd.Wait()
	})
	return n
}

// read passes the events on until the process or the test ends.
func (n *node) read(stdout io.Reader) {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			n.t.Errorf("ws says %q: %v", lines.Bytes(), err)
			return
		}
		select {
		case n.events <- e:
		case <-n.t.Context().Done():
			return
		}
	}
}

// do tells the process what to do.
func (n *node) do(command do) {
	n.t.Helper()
	line, err := json.Marshal(command)
	if err != nil {
		n.t.Fatal(err)
	}
	if _, err := n.stdin.Write(append(line, '\n')); err != nil {
		n.t.Fatalf("telling ws to %s: %v", command.Do, err)
	}
}

// await returns the next event of a name. Those of other names stay for later.
func (n *node) await(name string) event {
	n.t.Helper()
	for i, e := range n.unread {
		if e.Event == name {
			n.unread = append(n.unread[:i], n.unread[i+1:]...)
			return e
		}
	}
	timeout := time.After(patience)
	for {
		select {
		case e, ok := <-n.events:
			if !ok {
				n.t.Fatalf("ws ended without %q; before it: %+v", name, n.unread)
			}
			if e.Event == name {
				return e
			}
			n.unread = append(n.unread, e)
		case <-timeout:
			n.t.Fatalf("ws did not say %q within %v, but %+v", name, patience, n.unread)
		}
	}
}
