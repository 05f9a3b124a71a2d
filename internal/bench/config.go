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
	tls       bool
	summary   bool
	scratch   string // a directory for what is built and written, removed afterwards
	json      string
	profile   string
	ratios    ratios
}

// command is the program: it prints what args ask for.
func command(args []string, out io.Writer) (err error) {
	c := config{ratios: ratios{}}
	flags, errand := c.flags()
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *errand != "" {
		return answerErrand(*errand, os.Stdin, out)
	}
	fmt.Fprintf(out, "`go run . %s`: %s\n\n", commandText(args), machine())
	if c.scratch, err = os.MkdirTemp("", "bench"); err != nil {
		return err
	}
	defer os.RemoveAll(c.scratch)
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

// flags are those of the command line. The last one is this program's own.
func (c *config) flags() (flags *flag.FlagSet, errand *string) {
	flags = flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&c.run, "run", "compressed", "workloads, with commas:\n"+aboutWorkloads())
	flags.Func("peers", "measure only libraries whose names match this regular `expression`", compiled(&c.peers))
	flags.Func("tables", "measure only rows whose \"table: label\" matches this regular `expression`", compiled(&c.tables))
	flags.StringVar(&c.reference, "reference", "", "the library to compare with, if not the workload's own")
	flags.IntVar(&c.rounds, "rounds", 5, "rounds")
	flags.DurationVar(&c.time, "time", 200*time.Millisecond, "how long each measurement takes, after a quarter of it to warm up")
	flags.IntVar(&c.pairs, "pairs", 200, "how many connections are idle; for 9900 a process has to be allowed 20000 open files")
	flags.StringVar(&c.json, "json", "", "also write everything to this file")
	flags.StringVar(&c.profile, "cpuprofile", "", "write a CPU profile to this file")
	flags.BoolVar(&c.apart, "apart", false, "upload, download, pingpong and echo: have the server in another process, of which nothing is counted")
	flags.BoolVar(&c.tls, "tls", false, "streams: over TLS, and compared with crypto/tls")
	flags.BoolVar(&c.summary, "summary", false, "streams: print one table, with a line for each workload and a column for each library")
	return flags, flags.String("errand", "", "what a process is to do that was started by another one of this program")
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

// streams are the terms of streams whose readers have a buffer of a size.
func (c config) streams(buffer int) terms { return terms{Stream: true, TLS: c.tls, Buffer: buffer} }

// over is for titles.
func (c config) over() string {
	if c.tls {
		return " over TLS"
	}
	return ""
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
