package main

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
)

// task is what is measured of several libraries: some rows of a table.
type task struct {
	table     string // the title of the table
	label     string // of these rows, in its first column
	reference string // the library that the others are compared with
	figures   []figure
	peers     []peer
	measure   func(peer) (sample, error)
	summary   []line // what the table of -summary shows of it
}

// peer is a library as it is measured.
type peer struct {
	library
	level  int    // of compression; zero is the library's default
	column string // of the table of -summary, if that is not its name; "-" is none
}

// figure is a column.
type figure struct {
	key, title string
	digits     int
	relative   relation
}

// relation says how a figure is compared with the reference's of the same round.
type relation int

const (
	alone   relation = iota // it is not
	times                   // in a column of its own: how many times that
	without                 // it is shown less that
)

// sample is what one measurement gave, by the keys of figures.
type sample map[string]float64

// result is what all rounds gave for one library.
type result struct {
	Table     string            `json:"table"`
	Label     string            `json:"label"`
	Library   string            `json:"library"`
	Level     int               `json:"level,omitzero"`
	Samples   []sample          `json:"samples"`
	Medians   sample            `json:"medians"`
	Relative  map[string]spread `json:"relative"` // to the reference of the same round
	figures   []figure
	reference bool
	summary   []line
	column    string
}

// spread is what the rounds make of a figure.
type spread struct {
	Median float64 `json:"median"`
	Least  float64 `json:"least"`
	Most   float64 `json:"most"`
}

func spreadOf(values []float64) spread {
	sorted := slices.Sorted(slices.Values(values))
	return spread{median(sorted), sorted[0], sorted[len(sorted)-1]}
}

func median(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// run measures all libraries in each round, one after the other, so that what
// else the machine does meets all of them.
func (t task) run(rounds int) ([]result, error) {
	results := make([]result, len(t.peers))
	for i, p := range t.peers {
		results[i] = result{Table: t.table, Label: t.label, Library: p.name, Level: p.level, figures: t.figures, reference: p.name == t.reference, summary: t.summary, column: cmp.Or(p.column, p.name)}
	}
	for range rounds {
		for i, p := range t.peers {
			runtime.GC()
			s, err := t.measure(p)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", t.table, t.label, err)
			}
			results[i].Samples = append(results[i].Samples, s)
		}
	}
	t.compare(results)
	return results, nil
}

// compare makes of the samples what the table shows.
func (t task) compare(results []result) {
	ref := max(slices.IndexFunc(results, func(r result) bool { return r.reference }), 0)
	for i := range results {
		r := &results[i]
		r.Medians, r.Relative = sample{}, map[string]spread{}
		for _, f := range t.figures {
			var values, relative []float64
			for round, s := range r.Samples {
				values = append(values, s[f.key])
				relative = append(relative, f.relative.of(s[f.key], results[ref].Samples[round][f.key]))
			}
			r.Medians[f.key] = spreadOf(values).Median
			r.Relative[f.key] = spreadOf(relative)
		}
	}
}

func (rel relation) of(value, reference float64) float64 {
	switch {
	case rel == without:
		return value - reference
	case reference == 0:
		return 0
	}
	return value / reference
}

// byTable brings the rows of a table together, in the order of tasks.
func byTable(results []result) (tables [][]result) {
	order := map[string]int{}
	for _, r := range results {
		if _, ok := order[r.Table]; !ok {
			order[r.Table] = len(order)
			tables = append(tables, nil)
		}
		tables[order[r.Table]] = append(tables[order[r.Table]], r)
	}
	return tables
}

// which is how a row names the library.
func (r result) which() string {
	if r.Level == 0 {
		return r.Library
	}
	return fmt.Sprintf("%s, level %d", r.Library, r.Level)
}
