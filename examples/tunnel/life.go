package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/wsstream/wsstream/examples/tunnel/internal/meter"
	"github.com/wsstream/wsstream/examples/tunnel/internal/status"
)

// lifeFlags are for what runs for long: how it is watched and stopped.
type lifeFlags struct {
	statusAddr string
	drain      drainFlag
	config     string
	check      bool
}

func (f *lifeFlags) define(fs *flag.FlagSet) {
	fs.StringVar(&f.statusAddr, "status", "", "`ADDR` of a page for browsers, with /healthz, /readyz and /metrics (Prometheus),\nas 127.0.0.1:9090")
	f.drain.define(fs)
	fs.StringVar(&f.config, "config", "", "`FILE` with these flags, one a line, without the dash; the command line wins")
	fs.BoolVar(&f.check, "check-config", false, "say what is wrong with flags and files, and do nothing else")
}

// logger returns the log, and the live line below it.
func (f *lifeFlags) logger(p *process, l *logFlags) (*slog.Logger, *liveLine) {
	live := newLiveLine(p.Stderr, l)
	return l.logger(live), live
}

// checked ends a command after -check-config.
func (f *lifeFlags) checked(p *process, err error) error {
	if err == nil {
		fmt.Fprintln(p.Stdout, "the configuration is good")
	}
	return err
}

// status serves the page, if it is wanted.
func (f *lifeFlags) status(p *process, log *slog.Logger, book *meter.Book, role string, ready func() error) (stop func(), err error) {
	ctx, cancel := context.WithCancel(context.Background())
	go book.Sample(ctx)
	if f.statusAddr == "" {
		return cancel, nil
	}
	l, err := net.Listen("tcp", f.statusAddr)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("-status: cannot %w; choose another address or port, port 0 takes a free one", err)
	}
	if host, _, _ := net.SplitHostPort(l.Addr().String()); !loopback(host) {
		log.Warn("-status: whoever reaches this address sees the names of clients and targets: it asks for no password", "address", l.Addr())
	}
	srv := &http.Server{
		Handler:           status.Handler(book, "tunnel "+role, ready),
		ReadHeaderTimeout: headerTimeout,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go srv.Serve(l)
	fmt.Fprintf(p.Stdout, "status on http://%s/\n", l.Addr())
	return func() {
		srv.Close()
		cancel()
	}, nil
}
