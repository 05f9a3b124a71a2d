package interop

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/wsstream/wsstream/deflate"
)

// process is a program that makes connections and does with them what it is
// told: line by line, in JSON, on both sides.
type process struct {
	t     *testing.T
	name  string
	self  *os.Process
	stdin io.Writer

	mu      sync.Mutex
	remotes []*remote // by their numbers
	ended   bool
}

// event is a line from the process: a name, the number of the connection, and
// the details that go with the name.
type event struct {
	Event       string
	Conn        int
	Port        int    // listening
	Status      int    // refused
	Subprotocol string // open
	Extensions  string // open
	Binary      bool   // message
	Data        []byte // message, ping, pong
	Size        int64  // wrote, end
	SHA256      string // wrote, end
	Code        int    // close
	Reason      string // close
	Message     string // error
}

// do is a line to the process: a command and its arguments.
type do struct {
	Do           string       `json:"do"`
	Conn         int          `json:"conn"`
	Mode         string       `json:"mode,omitempty"`         // listen, dial: messages (which is "") or stream
	URL          string       `json:"url,omitempty"`          // dial
	Origin       string       `json:"origin,omitempty"`       // dial
	Subprotocols []string     `json:"subprotocols,omitempty"` // listen, dial
	Compression  *compression `json:"compression,omitempty"`  // listen, dial
	Size         int64        `json:"size,omitempty"`         // write
	Lines        bool         `json:"lines,omitempty"`        // write: text that shrinks
	Data         []byte       `json:"data,omitempty"`         // send, ping
	Binary       bool         `json:"binary,omitempty"`       // send
	Fin          bool         `json:"fin,omitempty"`          // send
	Plain        bool         `json:"plain,omitempty"`        // send: not compressed
	Code         int          `json:"code,omitempty"`         // close
	Reason       string       `json:"reason,omitempty"`       // close
}

// compression are the options of an end of the process. What is zero is left to
// the library.
type compression struct {
	ServerNoContextTakeover bool `json:"serverNoContextTakeover,omitempty"`
	ClientNoContextTakeover bool `json:"clientNoContextTakeover,omitempty"`
	ServerMaxWindowBits     int  `json:"serverMaxWindowBits,omitempty"` // negative: not supported
	ClientMaxWindowBits     int  `json:"clientMaxWindowBits,omitempty"`
}

func compressionOf(o *deflate.Options) *compression {
	if o == nil {
		return nil
	}
	return &compression{o.ServerNoContextTakeover, o.ClientNoContextTakeover, o.ServerMaxWindowBits, o.ClientMaxWindowBits}
}

// startProcess starts a program, which ends with the test.
func startProcess(t *testing.T, name string, command ...string) *process {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
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
	p := &process{t: t, name: name, self: cmd.Process, stdin: stdin}
	read := make(chan struct{})
	go func() {
		defer close(read)
		p.read(stdout)
	}()
	t.Cleanup(func() {
		<-read
		cmd.Wait()
	})
	return p
}

// read passes the events on until the process ends.
func (p *process) read(stdout io.Reader) {
	defer p.end()
	lines := bufio.NewReader(stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			p.t.Errorf("%s says %.100q: %v", p.name, line, err)
			return
		}
		p.mu.Lock()
		r := p.remotes[e.Conn]
		r.unread = append(r.unread, e)
		r.wake()
		p.mu.Unlock()
	}
}

// end tells everybody who waits that nothing more comes.
func (p *process) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	for _, r := range p.remotes {
		r.wake()
	}
}

// do tells the process what to do.
func (p *process) do(command do) error {
	line, err := json.Marshal(command)
	if err != nil {
		return err
	}
	_, err = p.stdin.Write(append(line, '\n'))
	return err
}

// remote makes a connection of the process out of a command that begins one.
func (p *process) remote(begin do) (*remote, error) {
	p.mu.Lock()
	r := &remote{process: p, id: len(p.remotes), news: make(chan struct{})}
	p.remotes = append(p.remotes, r)
	p.mu.Unlock()
	return r, r.do(begin)
}
