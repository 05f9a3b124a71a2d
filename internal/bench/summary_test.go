package main

import (
	"strings"
	"testing"
)

// TestSummary: a line for each workload, a column for each library, the reference
// first; what one cannot do is empty.
func TestSummary(t *testing.T) {
	speed := task{
		table: "Streams", label: "1 KiB", reference: "tcp", figures: []figure{{key: "rate", relative: times}, {key: "allocs"}},
		summary: []line{{key: "rate", title: "upload", digits: 2, relative: times}, {key: "allocs", title: "allocations", digits: 1}},
		peers:   []peer{{library: library{name: "a"}}, {library: library{name: "tcp"}}, {library: library{name: "b"}}},
		measure: func(p peer) (sample, error) {
			return map[string]sample{"tcp": {"rate": 2000}, "a": {"rate": 1000, "allocs": 2}, "b": {"rate": 3000}}[p.name], nil
		},
	}
	over := speed
	over.label, over.reference, over.summary = "8", "tcp, yamux", speed.summary[:1]
	over.peers = []peer{{library: library{name: "a, mux"}, column: "a"}, {library: library{name: "a, yamux"}, column: "-"}, {library: library{name: "tcp, yamux"}, column: "tcp"}}
	over.measure = func(p peer) (sample, error) {
		return map[string]sample{"tcp, yamux": {"rate": 10}, "a, mux": {"rate": 12}, "a, yamux": {"rate": 1}}[p.name], nil
	}
	unseen := speed
	unseen.table, unseen.summary = "Others", nil
	var all []result
	for _, task := range []task{speed, over, unseen} {
		rows, err := task.run(1)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rows...)
	}
	var out strings.Builder
	printSummary(&out, all)
	const want = `|  | tcp | a | b |
| --- | --: | --: | --: |
| upload | 1.00 | 0.50 | 1.50 |
| allocations | 0.0 | 2.0 | 0.0 |
| upload | 1.00 | 1.20 |  |
`
	if out.String() != want {
		t.Errorf("the summary is\n%s\nwant\n%s", &out, want)
	}
}

// TestSummaryCommand: the command that makes the README's table has a line of each
// workload, and no other table.
func TestSummaryCommand(t *testing.T) {
	var out strings.Builder
	args := []string{"-run", streamsName, "-summary", "-rounds", "1", "-time", "1ns", "-pairs", "10", "-peers", "^raw TCP(, yamux)?$|^wsstream(, mux)?$"}
	if err := command(args, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\n|  | raw TCP | wsstream |\n", "| upload, writes of 128 B | 1.00 |", "| download, writes of 1 MiB | 1.00 |", "| 64 bytes there and back, p50 | 1.00 |",
		"| idle, B a pair |", "streams: 8 | 1.00 |", "at a time: 1 | 1.00 |",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q", want)
		}
	}
	if strings.Contains(out.String(), "###") || t.Failed() {
		t.Errorf("the output is\n%s", &out)
	}
}
