package demo

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// progress shows how far the demo is: on a terminal in a line that is
// overwritten, otherwise in a new line now and then.
type progress struct {
	out      io.Writer
	interval time.Duration
	before   string // a line that may be overwritten
	after    string
}

func newProgress(out io.Writer) *progress {
	if f, ok := out.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return &progress{out: out, interval: 100 * time.Millisecond, before: "\r"}
		}
	}
	return &progress{out: out, interval: 2 * time.Second, after: "\n"}
}

// start begins a step.
func (p *progress) start(step string) *counter {
	m := &counter{progress: p, step: step, begun: time.Now(), done: make(chan struct{}), gone: make(chan struct{})}
	go m.show()
	return m
}

// counter counts the bytes of one step. It is an io.Writer, to stand in an
// io.MultiWriter.
type counter struct {
	progress *progress
	step     string
	begun    time.Time
	n        atomic.Int64
	done     chan struct{}
	gone     chan struct{}
}

// Write counts. A nil counter does not.
func (m *counter) Write(p []byte) (int, error) {
	if m != nil {
		m.n.Add(int64(len(p)))
	}
	return len(p), nil
}

func (m *counter) show() {
	defer close(m.gone)
	tick := time.NewTicker(m.progress.interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			m.line(m.progress.after)
		case <-m.done:
			return
		}
	}
}

// stop ends the step with a line of its own.
func (m *counter) stop(err error) {
	close(m.done)
	<-m.gone
	if err != nil {
		fmt.Fprintf(m.progress.out, "%s%-22s failed%20s\n", m.progress.before, m.step, "")
		return
	}
	m.line("\n")
}

func (m *counter) line(after string) {
	p := m.progress
	fmt.Fprintf(p.out, "%s%-22s %8.1f MiB %6.1f s%s", p.before, m.step, float64(m.n.Load())/(1<<20), time.Since(m.begun).Seconds(), after)
}
