package main

import (
	"bytes"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestFamily: what a process uses is seen from outside.
func TestFamily(t *testing.T) {
	server, addr, err := errand{Name: "echo", Library: rawTCP().name, Terms: terms{Stream: true, Buffer: 64}}.startListening()
	if err != nil {
		t.Fatal(err)
	}
	defer server.end()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := visit(c); err != nil {
		t.Fatal(err)
	}
	cpu, memory := familyCPU(server.pid()), familyMemory(server.pid())
	if runtime.GOOS == "linux" && (cpu <= 0 || cpu > patience || memory < 1<<20) {
		t.Errorf("it has used %v and %d bytes", cpu, memory)
	}
	if members := family(os.Getpid()); runtime.GOOS == "linux" && len(members) < 2 {
		t.Errorf("the family is %v, want this process and the one that it has started", members)
	}
}

// TestJoin: a relay passes on each end of a direction on its own.
func TestJoin(t *testing.T) {
	for _, errands := range [][]errand{{relayErrand(false)}, {relayErrand(true), relayErrand(false)}, {yamuxServer(), yamuxClient()}} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() { // answers when everything has come
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			all, _ := io.ReadAll(c)
			c.Write(bytes.ToUpper(all))
		}()
		way, err := chain(l.Addr().String(), errands...)
		if err != nil {
			t.Fatal(err)
		}
		defer way.close()
		c, err := net.DialTimeout("tcp", way.addr, patience)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(patience))
		if _, err := io.WriteString(c, "all of it"); err != nil {
			t.Fatal(err)
		}
		if err := c.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(c); err != nil || string(got) != "ALL OF IT" {
			t.Errorf("through %v %q came back, %v", errands[0].Name, got, err)
		}
	}
}

// TestChangedBytes: a way that does not deliver what was sent is not measured.
func TestChangedBytes(t *testing.T) {
	w := way{"a way", func(target string) (*path, error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			join(upper{c}, false, func() (io.ReadWriteCloser, error) { return net.Dial("tcp", target) })
		}()
		return &path{addr: l.Addr().String()}, nil
	}}
	err := w.with(func(*endpoint, *path) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "a way: what was sent came back changed") {
		t.Errorf("the error is %v", err)
	}
}

type upper struct{ io.ReadWriteCloser }

func (u upper) Write(p []byte) (int, error) { return u.ReadWriteCloser.Write(bytes.ToUpper(p)) }

// TestProgramThatEnds: its own words are in the error.
func TestProgramThatEnds(t *testing.T) {
	self := func() (string, error) { return os.Executable() }
	_, err := programs(self, step{"listening on ", func(string) []string { return []string{"-errand", "{}"} }})
	if err == nil || !strings.Contains(err.Error(), `there is no library ""`) {
		t.Errorf("the error is %v, want what the program has said", err)
	}
}

func TestEnoughFiles(t *testing.T) {
	if err := enoughFiles(30); err != nil {
		t.Error(err)
	}
	err := enoughFiles(1 << 30)
	if err == nil || !strings.Contains(err.Error(), "-pairs ") || !strings.Contains(err.Error(), "ulimit -n 2147483712") {
		t.Errorf("the error is %v, want one that says what to do", err)
	}
}

// TestRepeat counts what all have done, and ends with what has failed.
func TestRepeat(t *testing.T) {
	if n, err := repeat(8, 1, func(int) error { return nil }); n < 8 || err != nil {
		t.Errorf("8 have done it %d times, %v", n, err)
	}
	if _, err := repeat(2, patience, func(int) error { return io.ErrNoProgress }); err == nil {
		t.Error("a failure is no error")
	}
}
