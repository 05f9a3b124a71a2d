package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// printTable writes rows of one table as Markdown.
func printTable(w io.Writer, rows []result) {
	fmt.Fprintf(w, "### %s\n\n", rows[0].Table)
	head := []string{"", ""}
	for _, f := range rows[0].figures {
		head = append(head, f.title)
		if f.relative == times {
			head = append(head, "×", "in the rounds")
		}
	}
	printRow(w, head)
	printRow(w, []string{"---", "---"}, strings.Split(strings.Repeat("--: ", len(head)-2), " ")[:len(head)-2])
	label := ""
	for _, r := range rows {
		shown := ""
		if r.Label != label {
			label, shown = r.Label, r.Label
		}
		printRow(w, []string{shown, r.which()}, r.cells())
	}
	fmt.Fprintln(w)
}

func printRow(w io.Writer, cells ...[]string) {
	for _, c := range cells {
		for _, cell := range c {
			fmt.Fprintf(w, "| %s ", cell)
		}
	}
	fmt.Fprintln(w, "|")
}

func (r result) cells() (cells []string) {
	for _, f := range r.figures {
		switch f.relative {
		case without:
			cells = append(cells, number(r.Relative[f.key].Median, f.digits))
		case times:
			rel := r.Relative[f.key]
			cells = append(cells, number(r.Medians[f.key], f.digits), number(rel.Median, 2), number(rel.Least, 2)+"–"+number(rel.Most, 2))
		case alone:
			cells = append(cells, number(r.Medians[f.key], f.digits))
		}
	}
	return cells
}

// number writes thousands with commas.
func number(v float64, digits int) string {
	s := strconv.FormatFloat(v, 'f', digits, 64)
	whole, fraction, dot := strings.Cut(s, ".")
	for at := len(whole) - 3; at > 0 && whole[at-1] != '-'; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if dot {
		return whole + "." + fraction
	}
	return whole
}
