package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// process is one that this one has started.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	log bytes.Buffer // of startProgram, to be read once it has ended
}

// startProcess starts one of this program, or another one that has nothing to say.
func startProcess(name string, args ...string) (*process, error) {
	return (&process{cmd: exec.Command(name, args...)}).start(os.Stderr)
}

// startProgram keeps what a program logs for its complaint.
func startProgram(name string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(name, args...)}
	return p.start(&p.log)
}

func (p *process) start(log io.Writer) (*process, error) {
	p.cmd.Stderr = log
	p.cmd.WaitDelay = time.Second // for children of sshd, which have its stderr
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	return p, p.cmd.Start()
}

// says waits for a line that begins like that, and returns the next word of it.
func (p *process) says(begin string) (word string, err error) {
	defer time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() }).Stop()
	for {
		line, err := p.out.ReadString('\n')
		if err != nil {
			return "", fmt.Errorf("%s has not said %q: %w", p.cmd, begin, err)
		}
		if rest, ok := strings.CutPrefix(line, begin); ok {
			word, _, _ = strings.Cut(strings.TrimSpace(rest), " ")
			return word, nil
		}
	}
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// complaint is what one has logged that was killed.
func (p *process) complaint() error { return errors.New(strings.TrimSpace(p.log.String())) }

// end ends one that ends when its input does.
func (p *process) end() error {
	p.in.Close()
	return p.cmd.Wait()
}

// kill ends one that would not.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails if it has ended
	_ = p.end()              // with that signal
}
