package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/meter"
)

// clearLine is for terminals: to the first column, and nothing there.
const clearLine = "\r\x1b[K"

// liveLine is the last line of a terminal, which says how things are. What is
// written goes above it.
type liveLine struct {
	out      io.Writer
	terminal bool

	mu   sync.Mutex
	line string

	showing sync.WaitGroup
	done    chan struct{} // ends that; nil before show
}

// newLiveLine shows nothing yet, and never does if out is no terminal.
func newLiveLine(out io.Writer, l *logFlags) *liveLine {
	return &liveLine{out: out, terminal: isTerminal(out) && !l.quiet && l.format == "text"}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Write writes a log line.
func (l *liveLine) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.line == "" {
		return l.out.Write(p)
	}
	if _, err := io.WriteString(l.out, clearLine); err != nil {
		return 0, err
	}
	n, err := l.out.Write(p)
	if bytes.HasSuffix(p, []byte("\n")) {
		io.WriteString(l.out, l.line)
	}
	return n, err
}

// show begins to show the line, every second.
func (l *liveLine) show(book *meter.Book) {
	if !l.terminal {
		return
	}
	l.done = make(chan struct{})
	l.showing.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				l.set(summary(book.Snapshot()))
			case <-l.done:
				return
			}
		}
	})
}

func (l *liveLine) set(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line = line
	io.WriteString(l.out, clearLine+line)
}

// stop takes the line away.
func (l *liveLine) stop() {
	if l.done != nil {
		close(l.done)
		l.showing.Wait()
		l.set("")
	}
}

// summary is how things are, on one line.
func summary(s meter.Snapshot) string {
	var open, up, down int64
	for _, f := range s.Forwards {
		open, up, down = open+f.Open, up+f.Up, down+f.Down
	}
	return fmt.Sprintf("%d sessions, %d connections, %s up, %s down", len(s.Sessions), open, size(up), size(down))
}

// size is a number of bytes for people.
func size(n int64) string {
	v, units := float64(n), []string{"B", "kB", "MB", "GB", "TB"}
	for v >= 1000 && len(units) > 1 {
		v, units = v/1000, units[1:]
	}
	if units[0] == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", v, units[0])
}
