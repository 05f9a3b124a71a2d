package testnet

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// leakGrace is how long goroutines and descriptors may take to go away: more
// than the ten seconds that a connection may linger after Close.
const leakGrace = 12 * time.Second

// Main is for TestMain: it runs the tests and ends the process, with code 1 if
// they passed but left goroutines or (on Linux) file descriptors behind. It
// prints what is left.
func Main(m *testing.M) {
	os.Exit(runChecked(m.Run, leakGrace, os.Stderr))
}

// runChecked is Main apart from the process.
func runChecked(run func() int, grace time.Duration, out io.Writer) int {
	before := takeSnapshot()
	code := run()
	if code != 0 || fuzzing() {
		return code
	}
	if left := before.leftovers(grace); left != "" {
		fmt.Fprintf(out, "the tests left behind:\n%s", left)
		return 1
	}
	return 0
}

// fuzzing says whether this process is part of a fuzzing run, whose workers
// keep pipes and shared memory to their end.
func fuzzing() bool {
	for _, name := range []string{"test.fuzz", "test.fuzzworker"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != f.DefValue {
			return true
		}
	}
	return false
}

// CheckLeaks fails tb at its end if goroutines or descriptors are left that were
// not there when CheckLeaks was called. Call it first, so that it looks last. A
// test that runs in parallel with others cannot use it: it panics there.
func CheckLeaks(tb testing.TB) {
	tb.Helper()
	tb.Setenv("WSSTREAM_LEAK_CHECK", "1") // which is what panics
	checkAfter(tb, leakGrace)
}

func checkAfter(tb testing.TB, grace time.Duration) {
	before := takeSnapshot()
	tb.Cleanup(func() {
		if left := before.leftovers(grace); left != "" {
			tb.Errorf("the test left behind:\n%s", left)
		}
	})
}

// snapshot is what there is at one moment.
type snapshot struct {
	goroutines  map[string]string // the header without its state → the stack
	descriptors map[string]string // the number → what it is open on
}

func takeSnapshot() snapshot {
	return snapshot{goroutines: goroutines(), descriptors: descriptors()}
}

// leftovers describes what there is now and was not in s, or returns "" as
// soon as there is no such thing. It gives up after grace.
func (s snapshot) leftovers(grace time.Duration) string {
	give := time.Now().Add(grace)
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		// Kept for the next request, which will not come.
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		left := s.describe(takeSnapshot())
		if left == "" || time.Now().After(give) {
			return left
		}
		time.Sleep(pause)
	}
}

func (s snapshot) describe(now snapshot) string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(now.goroutines)) {
		if _, old := s.goroutines[id]; !old {
			fmt.Fprintf(&b, "%s\n\n", now.goroutines[id])
		}
	}
	for _, fd := range slices.Sorted(maps.Keys(now.descriptors)) {
		if target := now.descriptors[fd]; s.descriptors[fd] != target {
			fmt.Fprintf(&b, "file descriptor %s: %s\n", fd, target)
		}
	}
	return b.String()
}

// goroutines returns the stacks of all goroutines but the calling one and
// those that the runtime and the standard library start once and for all.
func goroutines() map[string]string {
	buf := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	found := make(map[string]string)
	for i, stack := range bytes.Split(buf, []byte("\n\n")) {
		id, _, _ := bytes.Cut(stack, []byte(" [")) // "goroutine 7"
		if i > 0 && !forGood(stack) {              // the first one is the caller
			found[string(id)] = string(bytes.TrimSpace(stack))
		}
	}
	return found
}

// forGood says whether a goroutine runs until the process ends by design.
func forGood(stack []byte) bool {
	for _, name := range []string{
		"os/signal.loop(",       // started by the first signal.Notify
		"runtime.ensureSigM.",   // the same
		"testing.(*T).Parallel", // a test that waits for its turn
	} {
		if bytes.Contains(stack, []byte(name)) {
			return true
		}
	}
	return false
}

// descriptors returns the open files of this process, where the system says
// what they are, apart from those the runtime opens once and for all.
func descriptors() map[string]string {
	const dir = "/proc/self/fd"
	found := make(map[string]string)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return found
	}
	for _, e := range entries {
		target, err := os.Readlink(filepath.Join(dir, e.Name()))
		if err != nil { // the directory just read is closed again
			continue
		}
		switch target {
		case "anon_inode:[eventpoll]", "anon_inode:[eventfd]":
			continue
		}
		found[e.Name()] = target
	}
	return found
}
