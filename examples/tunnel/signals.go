package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// exitSignalled is the exit code after a second signal.
const exitSignalled = 130

// signals returns a context that ends at the first SIGINT or SIGTERM; a second
// one does not wait for anything. SIGHUP arrives on the channel.
func signals() (context.Context, <-chan os.Signal) {
	ctx, stop := context.WithCancel(context.Background())
	ends := make(chan os.Signal, 2)
	signal.Notify(ends, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ends
		stop()
		<-ends
		os.Exit(exitSignalled)
	}()
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	return ctx, hup
}

// untilHangup is ctx, which also ends some time after a SIGHUP: for commands that
// have nothing to read again, and may have lost their terminal, or their ssh.
func untilHangup(ctx context.Context, hangup <-chan os.Signal, after time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-hangup:
			time.AfterFunc(after, cancel)
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}
