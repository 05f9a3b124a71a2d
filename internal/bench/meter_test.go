package main

import (
	"bytes"
	"encoding/json"
	"runtime"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
)

var kept [][]byte

func TestMeter(t *testing.T) {
	c, _ := testnet.TCPPair(t)
	m := startMeter()
	for range 100 {
		kept = append(kept, make([]byte, 1000))
		if _, err := c.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	for begin := cpuTime(); cpuTime()-begin < time.Millisecond; {
	}
	used := m.stop()
	if used.mallocs < 100 || used.bytes < 100_000 {
		t.Errorf("it saw %d allocations of %d bytes, want 100 of 100,000 and a few", used.mallocs, used.bytes)
	}
	if used.cpu < time.Millisecond || used.took <= 0 {
		t.Errorf("it saw %v of CPU time in %v, want a millisecond in some time", used.cpu, used.took)
	}
	if runtime.GOOS == "linux" && used.calls < 100 {
		t.Errorf("it saw %d calls, want 100", used.calls)
	}
}

// TestJSONLog: it is always the same, and JSON.
func TestJSONLog(t *testing.T) {
	log := jsonLog(100_000)
	if len(log) != 100_000 || !bytes.Equal(log, jsonLog(100_000)) {
		t.Error("the log is not the same again")
	}
	lines := bytes.Split(log, []byte("\n"))
	for i, line := range lines[:len(lines)-1] { // the last one is cut
		var event struct{ Time, Level, Msg string }
		if err := json.Unmarshal(line, &event); err != nil || event.Time == "" || event.Level == "" || event.Msg == "" {
			t.Fatalf("line %d is %s: %v", i, line, err)
		}
	}
}

func TestLogMessages(t *testing.T) {
	for _, size := range []int{1 << 10, 256 << 10} {
		messages := logMessages(size)
		if n := len(messages) * size; n < corpus-size || len(messages[0]) != size {
			t.Errorf("messages of %d bytes are %d, the first of %d", size, len(messages), len(messages[0]))
		}
		if bytes.Equal(messages[0], messages[1]) {
			t.Errorf("the second message of %d bytes is the first", size)
		}
	}
}

func TestTally(t *testing.T) {
	var arrived tally
	arrived.add(3)
	reached := func(ch <-chan struct{}) bool {
		select {
		case <-ch:
			return true
		default:
			return false
		}
	}
	if !reached(arrived.expect(3)) {
		t.Error("what is there already is waited for")
	}
	ch := arrived.expect(7)
	arrived.add(3)
	if reached(ch) {
		t.Error("6 are taken for 7")
	}
	arrived.add(2)
	arrived.add(1)
	if !reached(ch) {
		t.Error("9 are not taken for 7")
	}
}
