package main

import (
	"context"
	"flag"
	"log/slog"
	"time"
)

// drainFlag is how long connections have to end once the program is to stop.
type drainFlag struct{ time.Duration }

func (f *drainFlag) define(fs *flag.FlagSet) {
	fs.DurationVar(&f.Duration, "drain", 30*time.Second, "wait this `TIME` for connections to end after SIGTERM or SIGINT (default 30s)")
}

// begin says that the program stops, and returns a context that ends when
// connections have had their time.
func (f *drainFlag) begin(log *slog.Logger) (context.Context, context.CancelFunc) {
	log.Info("stopping: waiting for connections to end; a second signal does not wait", "at most", f.Duration)
	return context.WithTimeout(context.Background(), f.Duration)
}
