package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strings"
)

// measure runs the workloads, and prints the tables of each when it is done.
func (c config) measure(out io.Writer) (all []result, err error) {
	chosen, err := named(c.run)
	if err != nil {
		return nil, err
	}
	for _, w := range chosen {
		var results []result
		for _, t := range w.tasks(c) {
			rows, err := c.chosen(t).run(c.rounds)
			if err != nil {
				return nil, err
			}
			results = append(results, rows...)
		}
		all = append(all, results...)
		if c.summary {
			continue
		}
		for _, rows := range byTable(results) {
			printTable(out, rows)
			printMatches(out, rows)
		}
	}
	if c.summary {
		printSummary(out, all)
	}
	return all, nil
}

// named are the workloads of a list with commas.
func named(list string) (all []workload, err error) {
	for name := range strings.SplitSeq(list, ",") {
		if name == streamsName {
			all = append(all, slices.DeleteFunc(slices.Clone(workloads), func(w workload) bool { return !w.streams })...)
			continue
		}
		i := slices.IndexFunc(workloads, func(w workload) bool { return w.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no workload %q; there are\n%s", name, aboutWorkloads())
		}
		all = append(all, workloads[i])
	}
	return all, nil
}

// writeJSON writes everything that was measured.
func (c config) writeJSON(args []string, results []result) error {
	if c.json == "" {
		return nil
	}
	text, err := json.MarshalIndent(map[string]any{
		"command": commandText(args), "machine": machine(), "modules": modules(), "results": results,
	}, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(c.json, append(text, '\n'), 0o666)
}

// machine says where this runs.
func machine() string {
	return fmt.Sprintf("%s %s/%s, %d CPUs", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0))
}

// modules are the versions of what is measured, and of what that uses.
func modules() map[string]string {
	v := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			v[m.Path] = m.Version
		}
	}
	return v
}

// startProfile begins the profile that was asked for, and returns what ends it.
func (c config) startProfile() (stop func(), err error) {
	if c.profile == "" {
		return func() {}, nil
	}
	f, err := os.Create(c.profile)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		f.Close()
	}, nil
}
