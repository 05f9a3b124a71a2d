package main

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
)

// logFlags say what is logged, and how.
type logFlags struct {
	verbose, quiet bool
	format         string
}

func (l *logFlags) define(fs *flag.FlagSet) {
	fs.BoolVar(&l.verbose, "v", false, "log every connection")
	fs.BoolVar(&l.quiet, "q", false, "log errors only, and show no live line")
	l.format = "text"
	fs.Func("log", "`FORMAT` of the log on standard error: text (default) or json", func(s string) error {
		if s != "text" && s != "json" {
			return fmt.Errorf("want text or json")
		}
		l.format = s
		return nil
	})
}

func (l *logFlags) logger(w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: slog.LevelInfo}
	if l.verbose {
		o.Level = slog.LevelDebug
	}
	if l.quiet {
		o.Level = slog.LevelError
	}
	if l.format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
