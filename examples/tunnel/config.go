package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"strings"
)

// readConfig sets the flags of fs from a file: one a line, without the dash, and
// as often as it may be given. Behind "#" is a comment. Lines of the given
// setting are arguments, which it returns.
func readConfig(path string, fs *flag.FlagSet, setting string) (args []string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		key, value := configLine(lines.Text())
		switch {
		case key == "":
		case key == setting && value != "":
			args = append(args, value)
		default:
			if err := set(fs, key, value); err != nil {
				return nil, usagef("%s:%d: %v", path, n, err)
			}
		}
	}
	return args, lines.Err()
}

// configLine cuts a line into the name of a setting and its value.
func configLine(line string) (key, value string) {
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "#") {
		return "", ""
	}
	if comment := strings.Index(line, " #"); comment >= 0 {
		line = line[:comment]
	}
	end := strings.IndexAny(line+" ", " \t=")
	return line[:end], strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line[end:]), "="))
}

// set sets one flag.
func set(fs *flag.FlagSet, key, value string) error {
	f := fs.Lookup(key)
	if f == nil || key == "config" {
		return fmt.Errorf("there is no setting %q: they are those of tunnel help %s, without the dash", key, fs.Name())
	}
	if b, ok := f.Value.(interface{ IsBoolFlag() bool }); ok && b.IsBoolFlag() && value == "" {
		value = "true"
	}
	if err := f.Value.Set(value); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}
