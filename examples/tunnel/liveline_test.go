package main

import (
	"bytes"
	"io"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/meter"
)

// What is logged goes above the line, which comes again behind it.
func TestLiveLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		l := &liveLine{out: &out, terminal: true}
		io.WriteString(l, "first\n")
		l.show(meter.NewBook())
		time.Sleep(1500 * time.Millisecond)
		io.WriteString(l, "second\n")
		l.stop()
		const line = "0 sessions, 0 connections, 0 B up, 0 B down"
		want := "first\n" + clearLine + line + clearLine + "second\n" + line + clearLine
		if got := out.String(); got != want {
			t.Errorf("%q\nwant\n%q", got, want)
		}
	})
}

// What is no terminal gets the log and nothing else.
func TestNoLiveLine(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/log")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for name, out := range map[string]io.Writer{"a file": f, "a buffer": new(bytes.Buffer)} {
		l := newLiveLine(out, &logFlags{format: "text"})
		l.show(meter.NewBook())
		l.stop()
		if l.terminal {
			t.Errorf("%s is taken for a terminal", name)
		}
	}
	if info, err := f.Stat(); err != nil || info.Size() > 0 {
		t.Errorf("something was written: %v, %v", info, err)
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 1234567: "1.2 MB", 5e9: "5.0 GB", 7e12: "7.0 TB", 8e15: "8000.0 TB",
	} {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %s, want %s", n, got, want)
		}
	}
}
