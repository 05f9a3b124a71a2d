package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// What other processes use, as Linux tells; elsewhere it is nothing.

// family is a process and all that it has started.
func family(pid int) []int {
	all := []int{pid}
	for _, path := range matching("/proc/%d/task/*/children", pid) {
		text, _ := os.ReadFile(path) // a thread may have ended just now
		for child := range strings.FieldsSeq(string(text)) {
			if n, err := strconv.Atoi(child); err == nil {
				all = append(all, family(n)...)
			}
		}
	}
	return all
}

// familyCPU is the time for which threads have run.
func familyCPU(pid int) (d time.Duration) {
	for _, member := range family(pid) {
		for _, path := range matching("/proc/%d/task/*/schedstat", member) {
			text, _ := os.ReadFile(path)
			ran, _, _ := strings.Cut(string(text), " ")
			n, _ := strconv.ParseInt(ran, 10, 64)
			d += time.Duration(n)
		}
	}
	return d
}

// familyMemory is what is resident, in bytes.
func familyMemory(pid int) (n int64) {
	for _, member := range family(pid) {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", member))
		for line := range strings.Lines(string(text)) {
			if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
				kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
				n += kib << 10
			}
		}
	}
	return n
}

func matching(pattern string, pid int) []string {
	paths, _ := filepath.Glob(fmt.Sprintf(pattern, pid)) // fails for patterns that are none
	return paths
}
