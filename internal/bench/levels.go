package main

import (
	"fmt"
	"io"
	"slices"
)

// nearlyEqual is how much worse a ratio may be and still count as equal.
const nearlyEqual = 0.99

// levels measures every level of every library, so that speeds can be compared at
// equal ratios.
func levels(c config) []task {
	tasks := compressedTasks(c, "one way", compressedOneWay)
	tasks = slices.DeleteFunc(tasks, func(t task) bool { return t.table == tasks[len(tasks)-1].table }) // small windows have one level
	for i := range tasks {
		tasks[i].table += ", all levels"
		tasks[i].peers = atAllLevels(tasks[i].peers)
	}
	return tasks
}

// atAllLevels leaves out what is this library under another name.
func atAllLevels(peers []peer) (all []peer) {
	for i, p := range peers {
		if i > 0 && slices.Equal(p.levels, peers[0].levels) && p.ours {
			continue
		}
		if len(p.levels) == 0 {
			all = append(all, p)
		}
		for _, level := range p.levels {
			p.level = level
			all = append(all, p)
		}
	}
	return all
}

// match is a row of another library, and the fastest of this one's whose ratio is
// not worse.
type match struct {
	theirs, ours result
	faster       spread // how many times as fast ours is, in the rounds
}

// matches compares each row of others with ours.
func matches(rows []result) (all []match) {
	for _, theirs := range rows {
		if theirs.Library == wsstream().name {
			continue
		}
		best := match{theirs: theirs}
		for _, ours := range rows {
			if ours.Library != wsstream().name || ours.Label != theirs.Label || ours.Medians["ratio"] < nearlyEqual*theirs.Medians["ratio"] {
				continue
			}
			if best.ours.Medians == nil || ours.Medians["rate"] > best.ours.Medians["rate"] {
				best.ours = ours
			}
		}
		if best.ours.Medians != nil {
			var faster []float64
			for round, s := range best.ours.Samples {
				faster = append(faster, s["rate"]/theirs.Samples[round]["rate"])
			}
			best.faster = spreadOf(faster)
		}
		all = append(all, best)
	}
	return all
}

// printMatches writes them as a table of their own, if these are rows with
// levels.
func printMatches(w io.Writer, rows []result) {
	if !slices.ContainsFunc(rows, func(r result) bool { return r.Level > 0 }) {
		return
	}
	fmt.Fprintf(w, "### %s: ours at an equal or better ratio\n\n", rows[0].Table)
	printRow(w, []string{"", "", "MB/s", "plain/wire", "ours", "MB/s", "plain/wire", "× faster", "in the rounds"})
	printRow(w, []string{"---", "---", "--:", "--:", "---", "--:", "--:", "--:", "--:"})
	for _, m := range matches(rows) {
		cells := []string{m.theirs.Label, m.theirs.which(), number(m.theirs.Medians["rate"], 0), number(m.theirs.Medians["ratio"], 2)}
		if m.ours.Medians == nil {
			cells = append(cells, "none", "", "", "", "")
		} else {
			cells = append(cells, fmt.Sprintf("level %d", m.ours.Level), number(m.ours.Medians["rate"], 0), number(m.ours.Medians["ratio"], 2),
				number(m.faster.Median, 2), number(m.faster.Least, 2)+"–"+number(m.faster.Most, 2))
		}
		printRow(w, cells)
	}
	fmt.Fprintln(w)
}
