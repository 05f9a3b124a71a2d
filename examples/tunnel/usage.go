package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// usageError is the error of a command that was called wrongly.
type usageError string

func (e usageError) Error() string { return string(e) }

func usagef(format string, args ...any) error { return usageError(fmt.Sprintf(format, args...)) }

// parse reads the flags of fs. Unlike fs.Parse it takes them also behind other
// arguments, which it returns.
func parse(fs *flag.FlagSet, args []string) (others []string, err error) {
	for {
		err := fs.Parse(args)
		switch {
		case errors.Is(err, flag.ErrHelp):
			return nil, err
		case err != nil:
			return nil, usagef("%s: %v; see tunnel help %s", fs.Name(), err, fs.Name())
		case fs.NArg() == 0:
			return others, nil
		}
		others = append(others, fs.Arg(0))
		args = fs.Args()[1:]
	}
}

// oneLine is the text of an error on one line, also if it is several, and without
// what a terminal would take for commands: a part may be of a server's making.
func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), unicode.IsControl), "; ")
}

const helpHead = `tunnel carries TCP, UDP and Unix sockets through a web server, in WebSockets.

`

const helpTail = `
tunnel help COMMAND lists the flags of a command.
Exit codes: 0 done, for server, client and raw also when stopped by a signal; 1 failed; 2 called wrongly; 130 stopped by a second signal.
`

// help prints what the program, or one of its commands, does.
func (p *process) help(args []string) error {
	if len(args) == 0 {
		io.WriteString(p.Stdout, helpHead)
		for _, c := range commands() {
			fmt.Fprintf(p.Stdout, "  tunnel %s %s\n      %s\n", c.name, c.args, c.about)
		}
		io.WriteString(p.Stdout, helpTail)
		return nil
	}
	for _, c := range commands() {
		if c.name == args[0] {
			printHelp(p.Stdout, c)
			return nil
		}
	}
	return usagef("there is no command %q; see tunnel help", args[0])
}

// printHelp lists the flags of a command.
func printHelp(w io.Writer, c command) {
	fmt.Fprintf(w, "tunnel %s %s\n\n%s.\n\n", c.name, c.args, strings.ToUpper(c.about[:1])+c.about[1:])
	fs, _ := c.flags()
	fs.VisitAll(func(f *flag.Flag) {
		value, text := flag.UnquoteUsage(f)
		if value != "" {
			value = " " + value
		}
		fmt.Fprintf(w, "  -%s%s\n      %s\n", f.Name, value, strings.ReplaceAll(text, "\n", "\n      "))
	})
}
