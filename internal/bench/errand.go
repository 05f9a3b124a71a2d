package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// errand is what another process of this program is started for.
type errand struct {
	Name     string // hold or echo
	Library  string
	Stream   bool
	Buffer   int
	Deflated *deflated
	Pairs    int
}

func newErrand(name string, lib library, t terms) errand {
	return errand{Name: name, Library: lib.name, Stream: t.stream, Buffer: t.buffer, Deflated: t.deflated}
}

// answerErrand is that process. It ends when in does.
func answerErrand(text string, in io.Reader, out io.Writer) error {
	var e errand
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return err
	}
	libs := libraries()
	i := slices.IndexFunc(libs, func(lib library) bool { return lib.name == e.Library })
	if i < 0 {
		return fmt.Errorf("there is no library %q", e.Library)
	}
	end, err := listen(libs[i], terms{stream: e.Stream, buffer: e.Buffer, deflated: e.Deflated})
	if err != nil {
		return err
	}
	defer end.close()
	switch e.Name {
	case "hold":
		s, err := end.hold(e.Pairs)
		if err != nil {
			return err
		}
		return json.NewEncoder(out).Encode(s)
	case "echo":
		go end.echo()
		if _, err := fmt.Fprintln(out, end.addr()); err != nil {
			return err
		}
		_, err := io.Copy(io.Discard, in)
		return err
	}
	return fmt.Errorf("there is no errand %q", e.Name)
}

// echo sends back what comes on each connection.
func (e *endpoint) echo() {
	for c := range e.accepted {
		go func() { _ = c.Serve(c.Send) }() // ends when the client does
	}
}

// start starts the process, and returns what it says and how to end it.
func (e errand) start() (out *bufio.Reader, end func() error, err error) {
	text, err := json.Marshal(e)
	if err != nil {
		return nil, nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.Command(self, "-errand", string(text))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	return bufio.NewReader(pipe), func() error {
		in.Close()
		return cmd.Wait()
	}, nil
}

// ask sends a process on the errand, and returns the sample it comes back with.
func (e errand) ask() (s sample, err error) {
	out, end, err := e.start()
	if err != nil {
		return nil, err
	}
	err = json.NewDecoder(out).Decode(&s)
	if err = errors.Join(end(), err); err != nil {
		return nil, fmt.Errorf("%s: %w", e.Library, err)
	}
	return s, nil
}

// withEcho runs a measurement on one connection to a process that sends back what
// it is sent.
func withEcho(lib library, t terms, measure func(*pair) error) (err error) {
	out, end, err := newErrand("echo", lib, t).start()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	addr, err := out.ReadString('\n')
	if err != nil {
		return fmt.Errorf("%s: the other process has not begun: %w", lib.name, err)
	}
	client, err := dialFor(lib, t, strings.TrimSpace(addr))
	if err != nil {
		return err
	}
	defer client.Close()
	return measure(&pair{client: client, failed: make(chan error, 1)})
}
