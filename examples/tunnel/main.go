// Command tunnel carries TCP, UDP and Unix sockets through a web server, in
// WebSockets. Run "tunnel help" for what it can do and "tunnel demo" to see it
// work.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	stop, hup := signals()
	p := &process{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Env: os.Getenv, Hangup: hup}
	os.Exit(p.run(stop, os.Args[1:]))
}

// process is what a command has of the process that it runs in.
type process struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Env            func(name string) string
	Hangup         <-chan os.Signal // SIGHUP
}

// command is one of the things that the program does.
type command struct {
	name  string
	args  string // for the usage line
	about string
	// setting is what an argument is called in a file of -config.
	setting string
	// define defines the flags, and returns what runs once they are parsed.
	define func(fs *flag.FlagSet) runner
}

// runner runs a command until it is done, or ctx ends.
type runner func(ctx context.Context, p *process, args []string) error

// commands are in the order of the help.
func commands() []command {
	return []command{serverCommand(), clientCommand(), rawCommand(), checkCommand(), demoCommand(), completionCommand()}
}

// run is the program apart from the process. It returns the exit code.
func (p *process) run(ctx context.Context, args []string) int {
	err := p.command(ctx, args)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flag.ErrHelp):
		return 0
	}
	fmt.Fprintln(p.Stderr, "tunnel:", oneLine(err))
	if _, wrongly := errors.AsType[usageError](err); wrongly {
		return 2
	}
	return 1
}

func (p *process) command(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return usagef("say what to do: server, client, raw, check or demo; see tunnel help")
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		return p.help(args[1:])
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return p.start(ctx, c, args[1:])
		}
	}
	return usagef("there is no command %q: use server, client, raw, check or demo; see tunnel help", args[0])
}

// start parses the flags of a command and runs it.
func (p *process) start(ctx context.Context, c command, args []string) error {
	fs, run := c.flags()
	others, err := parse(fs, args)
	if errors.Is(err, flag.ErrHelp) {
		printHelp(p.Stdout, c)
		return err
	}
	if err != nil {
		return err
	}
	if f := fs.Lookup("config"); f != nil && f.Value.String() != "" {
		// Once more, behind what the file says: the command line wins.
		fs, run = c.flags()
		fromFile, err := readConfig(f.Value.String(), fs, c.setting)
		if err != nil {
			return fmt.Errorf("%s: -config: %w", c.name, err)
		}
		if others, err = parse(fs, args); err != nil {
			return err
		}
		if len(others) == 0 {
			others = fromFile
		}
	}
	if err := run(ctx, p, others); err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	return nil
}

func (c command) flags() (*flag.FlagSet, runner) {
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard) // one line of run is enough
	return fs, c.define(fs)
}
