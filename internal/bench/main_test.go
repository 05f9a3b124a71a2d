package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestMain is the program where a test has started itself on an errand.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-errand" {
		if err := command(os.Args[1:], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// TestWorkloads: each measures every library that can do it, some rows of each
// for as short as can be.
func TestWorkloads(t *testing.T) {
	type choice struct {
		tables, peers string
		rounds        int
	}
	few := map[string]choice{
		"compressed":      {"without context takeover: 1 KiB|with context takeover: 16 KiB", "", 2},
		"echo":            {"without context takeover: 1 KiB|12 bits: 16 KiB", "", 2},
		"levels":          {"without context takeover, all levels: 1 KiB", "wsstream|coder", 1},
		"idle-compressed": {"with context takeover", "wsstream|coder|raw TCP", 1},
		"upload":          {"128 B|32 KiB", "", 2},
		"download":        {"1 MiB", "", 2},
		"pingpong":        {"", "", 2},
		"idle":            {"", "", 1},
		"mux":             {"streams: 8", "", 2},
		"opens":           {"at a time: 8", "", 2},
		"tunnel":          {"upload, connections: 1|download, connections: 8|at a time: 8|there and back: $", "TCP|relays|tunnel", 1},
	}
	for _, w := range workloads {
		t.Run(w.name, func(t *testing.T) {
			some, ok := few[w.name]
			if !ok {
				t.Fatal("this test does not know what to measure of it")
			}
			c := config{
				run: w.name, tables: regexp.MustCompile(some.tables), peers: regexp.MustCompile(some.peers),
				rounds: some.rounds, time: 1, pairs: 30, ratios: ratios{}, scratch: t.TempDir(),
			}
			var out strings.Builder
			results, err := c.measure(&out)
			if err != nil {
				t.Fatal(err)
			}
			if len(results) < 3 {
				t.Errorf("there are %d rows", len(results))
			}
			for _, r := range results {
				r.want(t, c.rounds)
				if !strings.Contains(out.String(), "| "+r.which()+" |") {
					t.Errorf("no table has %s", r.which())
				}
			}
		})
	}
}

// want checks that everything was measured in each round.
func (r result) want(t *testing.T, rounds int) {
	t.Helper()
	if len(r.Samples) != rounds {
		t.Errorf("%s, %s has %d samples", r.Label, r.which(), len(r.Samples))
	}
	for _, s := range r.Samples {
		for _, f := range r.figures {
			value, ok := s[f.key]
			mayBeNone := f.key != "rate" && f.key != "ratio" && f.key != "p50" && f.key != "held"
			if !ok || value <= 0 && !mayBeNone {
				t.Errorf("%s, %s: %s is %v", r.Label, r.which(), f.title, value)
			}
		}
	}
}

// TestApart: the server may be in another process.
func TestApart(t *testing.T) {
	for _, workload := range []string{"echo", "pingpong", "upload", "download"} {
		c := config{run: workload, tables: regexp.MustCompile("12 bits: 1 KiB|64|writes of 32"), rounds: 1, time: 1, apart: true, ratios: ratios{}}
		results, err := c.measure(io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			r.want(t, 1)
		}
		if len(results) < 3 {
			t.Errorf("%s: there are %d rows", workload, len(results))
		}
	}
}

// TestOverTLS: all workloads of streams can have TLS below them, and are compared
// with that.
func TestOverTLS(t *testing.T) {
	c := config{
		run: streamsName, tables: regexp.MustCompile("writes of 1 KiB|64|come|streams: 1|time: 1"), peers: regexp.MustCompile("wsstream|tls|TCP"),
		rounds: 1, time: 1, pairs: 30, tls: true, ratios: ratios{},
	}
	results, err := c.measure(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	references := map[string]bool{}
	for _, r := range results {
		r.want(t, 1)
		if !strings.Contains(r.Table, "over TLS") || strings.Contains(r.Library, "TCP") {
			t.Errorf("%s is measured, in the table %s", r.which(), r.Table)
		}
		if r.reference {
			references[r.Library] = true
		}
	}
	if len(references) != 2 || !references["crypto/tls"] || !references["crypto/tls, yamux"] {
		t.Errorf("the references are %v", references)
	}
}

// TestServerThatFails: what goes wrong in the other process ends the measurement.
func TestServerThatFails(t *testing.T) {
	lib := rawTCP()
	err := withServer(errand{Name: "flow", Library: lib.name, Terms: terms{Stream: true, Buffer: 8}, Size: 8}, lib, func(p *pair, other *process) error {
		p.client.Close() // so that nothing can arrive
		return other.await(1)
	})
	if err == nil || !strings.Contains(err.Error(), "exit status 1") {
		t.Errorf("the error is %v, want one that says that the other process has failed", err)
	}
}

func TestNamed(t *testing.T) {
	chosen, err := named("echo," + streamsName)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, w := range chosen {
		names = append(names, w.name)
	}
	const want = "echo upload download pingpong idle mux opens"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("the workloads are %s, want %s", got, want)
	}
}

func TestErrand(t *testing.T) {
	for text, want := range map[string]string{
		"{":                                      "JSON",
		`{"Library":"none"}`:                     `"none"`,
		`{"Name":"nothing","Library":"raw TCP"}`: `"nothing"`,
	} {
		if err := answerErrand(text, strings.NewReader(""), io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the errand %s is %v, want an error with %s", text, err, want)
		}
	}
	lib := rawTCP()
	lib.name = "none"
	if s, err := holding(lib, terms{Stream: true, Buffer: idleBuffer}, 1); err == nil {
		t.Errorf("an errand that fails has the answer %v", s)
	}
}

func TestCommand(t *testing.T) {
	file := t.TempDir() + "/bench.json"
	var out strings.Builder
	args := []string{"-run", "upload", "-peers", "raw TCP|wsstream", "-tables", "writes of 1 KiB", "-rounds", "1", "-time", "1ms", "-json", file}
	if err := command(args, &out); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for where, c := range map[string]struct{ text, want string }{
		"the output":         {out.String(), "`go run . -run upload -peers 'raw TCP|wsstream' -tables 'writes of 1 KiB'"},
		"the output's table": {out.String(), "| writes of 1 KiB | wsstream |"},
		"the file":           {string(text), `"library": "wsstream (again)"`},
	} {
		if !strings.Contains(c.text, c.want) {
			t.Errorf("%s has no %s:\n%s", where, c.want, c.text)
		}
	}
	if strings.Contains(out.String(), "gobwas") {
		t.Errorf("what was not asked for is there:\n%s", &out)
	}
	if err := command([]string{"-run", "nothing"}, &out); err == nil || !strings.Contains(err.Error(), "pingpong") {
		t.Errorf("an unknown workload is %v, want the names of those that there are", err)
	}
}
