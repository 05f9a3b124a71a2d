package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"
)

func completionCommand() command {
	return command{
		name:  "completion",
		args:  "bash|zsh|fish",
		about: "prints a script that completes the flags in a shell",
		define: func(*flag.FlagSet) runner {
			return func(_ context.Context, p *process, args []string) error {
				if len(args) == 1 {
					switch args[0] {
					case "bash":
						completeBash(p.Stdout)
						return nil
					case "zsh":
						io.WriteString(p.Stdout, "autoload -U +X bashcompinit && bashcompinit\n")
						completeBash(p.Stdout)
						return nil
					case "fish":
						completeFish(p.Stdout)
						return nil
					}
				}
				return usagef("completion: want bash, zsh or fish, as in: source <(tunnel completion bash)")
			}
		},
	}
}

// everyFlag calls f with each flag of each command, and the first line of its
// usage.
func everyFlag(f func(command, name, usage string, isFile bool)) {
	for _, c := range commands() {
		fs, _ := c.flags()
		fs.VisitAll(func(l *flag.Flag) {
			value, text := flag.UnquoteUsage(l)
			text, _, _ = strings.Cut(text, "\n")
			f(c.name, l.Name, text, value == "FILE")
		})
	}
}

func commandNames() []string {
	names := []string{"help"}
	for _, c := range commands() {
		if c.name != "completion" {
			names = append(names, c.name)
		}
	}
	return names
}

// completeBash prints what bash needs. Files are completed by default.
func completeBash(w io.Writer) {
	flags := make(map[string][]string)
	everyFlag(func(command, name, _ string, _ bool) { flags[command] = append(flags[command], "-"+name) })
	fmt.Fprintf(w, `_tunnel() {
	local word=${COMP_WORDS[COMP_CWORD]} words=
	if [ "$COMP_CWORD" -eq 1 ]; then
		words=%q
	elif [[ $word == -* ]]; then
		case ${COMP_WORDS[1]} in
`, strings.Join(commandNames(), " "))
	for _, c := range commands() {
		if len(flags[c.name]) > 0 {
			fmt.Fprintf(w, "\t\t%s) words=%q ;;\n", c.name, strings.Join(flags[c.name], " "))
		}
	}
	io.WriteString(w, `		esac
	fi
	COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _tunnel tunnel
`)
}

// completeFish prints what fish needs.
func completeFish(w io.Writer) {
	fmt.Fprintf(w, "complete -c tunnel -n __fish_use_subcommand -f -a %q\n", strings.Join(commandNames(), " "))
	everyFlag(func(command, name, usage string, isFile bool) {
		files := ""
		if isFile {
			files = " -rF"
		}
		fmt.Fprintf(w, "complete -c tunnel -n '__fish_seen_subcommand_from %s' -o %s%s -d '%s'\n",
			command, name, files, strings.ReplaceAll(usage, "'", `\'`))
	})
}
