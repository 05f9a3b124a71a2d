package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// meter measures what this process does from one moment on.
type meter struct {
	at      time.Time
	took    time.Duration
	cpu     time.Duration
	calls   int64
	mallocs uint64
	bytes   uint64
}

func startMeter() meter {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return meter{mallocs: m.Mallocs, bytes: m.TotalAlloc, cpu: cpuTime(), calls: ioCalls(), at: time.Now()}
}

// stop returns what has been used since then.
func (m meter) stop() meter {
	took, cpu, calls := time.Since(m.at), cpuTime(), ioCalls()
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	return meter{
		took: took, cpu: cpu - m.cpu, calls: calls - m.calls,
		mallocs: now.Mallocs - m.mallocs, bytes: now.TotalAlloc - m.bytes,
	}
}

// cpuTime is what this process has spent, in user space and in the kernel.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// ioCalls is how many system calls that read and write this process has made, as
// Linux counts them; elsewhere 0.
func ioCalls() (n int64) {
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if key == "syscr" || key == "syscw" {
			calls, _ := strconv.ParseInt(value, 10, 64)
			n += calls
		}
	}
	return n
}

// heldMemory is what is reachable once garbage has been collected, and the stacks,
// in bytes. Spans that are not full are not counted: they are what earlier messages
// have left.
func heldMemory() (heap, stacks int64) {
	for range 5 { // what is in a sync.Pool lives through one; stacks shrink by half
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc), int64(m.StackInuse)
}
