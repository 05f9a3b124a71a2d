package main

import (
	"fmt"
	"io"
	"slices"
)

// line is one of the table that is a summary of all workloads.
type line struct {
	key, title string
	digits     int
	relative   relation // times, or alone
}

// printSummary writes a line for each workload, and a column for each library.
func printSummary(w io.Writer, results []result) {
	columns, rows := summarize(results)
	if len(rows) == 0 {
		fmt.Fprintln(w, "None of these workloads has a line in the summary.")
		return
	}
	head, under := []string{""}, []string{"---"}
	for _, c := range columns {
		head, under = append(head, c), append(under, "--:")
	}
	printRow(w, head)
	printRow(w, under)
	for _, row := range rows {
		cells := []string{row.title}
		for _, c := range columns {
			cells = append(cells, row.cell(c))
		}
		printRow(w, cells)
	}
}

// summaryRow has the results by their columns.
type summaryRow struct {
	line
	of map[string]result
}

// summarize puts the reference before the others.
func summarize(results []result) (columns []string, rows []summaryRow) {
	at := map[string]int{} // of rows, by what is measured and which line of it
	for _, r := range results {
		if r.column == "-" || len(r.summary) == 0 {
			continue
		}
		if !slices.Contains(columns, r.column) {
			columns = append(columns, r.column)
			if r.reference {
				columns = slices.Insert(columns[:len(columns)-1], 0, r.column)
			}
		}
		for i, l := range r.summary {
			key := fmt.Sprint(r.Table, r.Label, i)
			if _, ok := at[key]; !ok {
				at[key] = len(rows)
				rows = append(rows, summaryRow{l, map[string]result{}})
			}
			rows[at[key]].of[r.column] = r
		}
	}
	return columns, rows
}

func (row summaryRow) cell(column string) string {
	r, ok := row.of[column]
	switch {
	case !ok:
		return ""
	case row.relative == times:
		return number(r.Relative[row.key].Median, row.digits)
	}
	return number(r.Medians[row.key], row.digits)
}
