package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

// config is what the command line says.
type config struct {
	run       string
	peers     *regexp.Regexp // nil is all, as it is of the next one
	tables    *regexp.Regexp
	reference string
	rounds    int
	time      time.Duration
	pairs     int
	apart     bool
	json      string
	profile   string
	ratios    ratios
}

// command is the program: it prints what args ask for.
func command(args []string, out io.Writer) error {
	c := config{ratios: ratios{}}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&c.run, "run", "compressed", "workloads, with commas:\n"+aboutWorkloads())
	flags.Func("peers", "measure only libraries whose names match this regular `expression`", compiled(&c.peers))
	flags.Func("tables", "measure only rows whose \"table: label\" matches this regular `expression`", compiled(&c.tables))
	flags.StringVar(&c.reference, "reference", "", "the library to compare with, if not the workload's own")
	flags.IntVar(&c.rounds, "rounds", 5, "rounds")
	flags.DurationVar(&c.time, "time", 200*time.Millisecond, "how long each measurement takes, after a quarter of it to warm up")
	flags.IntVar(&c.pairs, "pairs", 200, "how many connections are idle")
	flags.StringVar(&c.json, "json", "", "also write everything to this file")
	flags.StringVar(&c.profile, "cpuprofile", "", "write a CPU profile to this file")
	flags.BoolVar(&c.apart, "apart", false, "echo and pingpong: have the server in another process, of which nothing is counted")
	errand := flags.String("errand", "", "what a process is to do that was started by another one of this program")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *errand != "" {
		return answerErrand(*errand, os.Stdin, out)
	}
	fmt.Fprintf(out, "`go run . %s`: %s\n\n", commandText(args), machine())
	stop, err := c.startProfile()
	if err != nil {
		return err
	}
	defer stop()
	results, err := c.measure(out)
	if err != nil {
		return err
	}
	return c.writeJSON(args, results)
}

// commandText is for a shell.
func commandText(args []string) string {
	quoted := slices.Clone(args)
	for i, arg := range quoted {
		if strings.ContainsAny(arg, " ()|*$^;&") {
			quoted[i] = "'" + arg + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// compiled is for a flag.
func compiled(re **regexp.Regexp) func(string) error {
	return func(text string) (err error) {
		*re, err = regexp.Compile(text)
		return err
	}
}

// with runs a measurement of what is there and back, on one connection.
func (c config) with(lib library, t terms, measure func(*pair) error) error {
	if c.apart {
		return withEcho(lib, t, measure)
	}
	return with(lib, t, measure)
}

// chosen leaves of a task what was asked for: no peers, if that is nothing.
func (c config) chosen(t task) task {
	if c.reference != "" {
		t.reference = c.reference
	}
	t.peers = slices.DeleteFunc(slices.Clone(t.peers), func(p peer) bool {
		return c.tables != nil && !c.tables.MatchString(t.table+": "+t.label) || c.peers != nil && !c.peers.MatchString(p.name)
	})
	return t
}
