package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// rowsOf runs a task whose libraries give the samples, round by round.
func rowsOf(t *testing.T, reference string, figures []figure, of map[string][]sample) []result {
	t.Helper()
	task := task{table: "A table", label: "1 KiB", reference: reference, figures: figures}
	for _, name := range slices.Sorted(maps.Keys(of)) {
		task.peers = append(task.peers, peer{library: library{name: name}})
	}
	rounds := map[string]int{}
	task.measure = func(p peer) (sample, error) {
		rounds[p.name]++
		return of[p.name][rounds[p.name]-1], nil
	}
	rows, err := task.run(len(of[reference]))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestTable: medians of ratios are those of each round, not ratios of medians.
func TestTable(t *testing.T) {
	rows := rowsOf(t, "a", []figure{{key: "rate", title: "MB/s", relative: times}, {key: "held", title: "B", relative: without}, {key: "cpu", title: "CPU", digits: 1}}, map[string][]sample{
		"a": {{"rate": 1000, "held": 10, "cpu": 1}, {"rate": 2000, "held": 20, "cpu": 1}, {"rate": 4000, "held": 30, "cpu": 3}},
		"b": {{"rate": 2000, "held": 1010, "cpu": 1.25}, {"rate": 1000, "held": 1020, "cpu": 7}, {"rate": 4000, "held": 1031, "cpu": 0.5}},
	})
	var out strings.Builder
	printTable(&out, rows)
	const want = `### A table

|  |  | MB/s | × | in the rounds | B | CPU |
| --- | --- | --: | --: | --: | --: | --: |
| 1 KiB | a | 2,000 | 1.00 | 1.00–1.00 | 0 | 1.0 |
|  | b | 2,000 | 1.00 | 0.50–2.00 | 1,000 | 1.2 |

`
	if out.String() != want {
		t.Errorf("the table is\n%s\nwant\n%s", &out, want)
	}
}

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		value  float64
		digits int
		want   string
	}{
		{0, 0, "0"}, {999, 0, "999"}, {1000, 0, "1,000"}, {-1000, 0, "-1,000"}, {-100, 0, "-100"},
		{1234567.891, 2, "1,234,567.89"}, {0.005, 1, "0.0"},
	} {
		if got := number(c.value, c.digits); got != c.want {
			t.Errorf("%v is %q, want %q", c.value, got, c.want)
		}
	}
}

// TestMatches: to each row of another library belongs the fastest of ours that
// makes messages at least as small.
func TestMatches(t *testing.T) {
	ours := wsstream().name
	row := func(name string, level int, rate, ratio float64) result {
		return result{Label: "1 KiB", Library: name, Level: level, Samples: []sample{{"rate": rate, "ratio": ratio}}, Medians: sample{"rate": rate, "ratio": ratio}}
	}
	got := matches([]result{
		row(ours, 1, 300, 4.0), row(ours, 5, 200, 4.7), row(ours, 6, 210, 4.8), row(ours, 9, 80, 5),
		row("x", 1, 150, 3.9), row("x", 5, 100, 4.72), row("x", 9, 70, 6),
	})
	var levels []int
	for _, m := range got {
		levels = append(levels, m.ours.Level)
	}
	if want := []int{1, 6, 0}; !slices.Equal(levels, want) {
		t.Fatalf("ours are of the levels %v, want %v", levels, want)
	}
	if f := got[1].faster.Median; f != 2.1 {
		t.Errorf("ours is %v times as fast, want 2.1", f)
	}
}
