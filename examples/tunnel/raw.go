package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/raw"
	"github.com/wsstream/wsstream/examples/tunnel/internal/relay"
	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
)

func rawCommand() command {
	return command{
		name: "raw",
		args: "LISTEN TARGET [flags]",
		about: "one plain WebSocket a connection, for other programs at the other end: from 8080 to ws://HOST/,\n" +
			"      or from ws://:8080 to HOST:PORT",
		define: func(fs *flag.FlagSet) runner {
			f := new(rawFlags)
			f.define(fs)
			return f.run
		},
	}
}

// rawFlags are those of tunnel raw, for both of its directions.
type rawFlags struct {
	credentials    credentialFlags // of both
	listen         listenFlags
	reach          reachFlags
	log            logFlags
	drain          drainFlag
	origins        []string
	halfClose      time.Duration
	maxConnections int
}

func (f *rawFlags) define(fs *flag.FlagSet) {
	f.credentials.define(fs)
	f.listen.define(fs)
	f.reach.define(fs)
	fs.Func("origin", "`HOST` whose pages may connect, as noVNC's, besides those of this server itself; may be repeated", func(s string) error {
		f.origins = append(f.origins, s)
		return nil
	})
	fs.IntVar(&f.maxConnections, "max-connections", 0, "`N` connections at a time from WebSockets (default 1024)")
	fs.DurationVar(&f.halfClose, "half-close-timeout", 30*time.Second, "when a connection's one direction has ended and the other end does not know\nhalf-close, wait this `TIME` for more of its answer (default 30s)")
	f.drain.define(fs)
	f.log.define(fs)
}

func (f *rawFlags) run(ctx context.Context, p *process, args []string) error {
	if len(args) != 2 {
		return usagef("want two addresses: 8080 ws://HOST/, or ws://:8080 HOST:PORT")
	}
	f.listen.credentialFlags, f.reach.credentialFlags = f.credentials, f.credentials
	fromWebSocket, toWebSocket := strings.Contains(args[0], "://"), strings.Contains(args[1], "://")
	log := f.log.logger(p.Stderr)
	switch {
	case fromWebSocket && !strings.HasPrefix(args[0], "unix"):
		return f.serve(ctx, p, args[0], args[1], log)
	case toWebSocket:
		return f.forward(ctx, p, args[0], args[1], log)
	}
	return usagef("one of the two addresses is a WebSocket's: ws://HOST/ to connect to, or ws://:8080 to listen at")
}

// serve takes WebSockets at an address, and connects each to a target.
func (f *rawFlags) serve(ctx context.Context, p *process, at, to string, log *slog.Logger) error {
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "ws" && u.Scheme != "wss" {
		return usagef("%q: want ws://:8080, or wss://:8443 with -cert and -key", at)
	}
	if (u.Scheme == "wss") != (f.listen.cert != "") {
		return usagef("%q: wss:// and -cert with -key go together", at)
	}
	target, err := spec.ParseAddr(to)
	if err != nil || target.Network == "udp" {
		return usagef("target %q: want HOST:PORT or unix:///PATH", to)
	}
	g, err := f.listen.gate(p, log)
	if err != nil {
		return err
	}
	l, err := f.listen.listen(u.Host, false)
	if err != nil {
		return err
	}
	cut, end := context.WithCancel(context.Background())
	defer end()
	s := &raw.Server{
		Target: target, Gate: g, Origins: f.origins, KeepAlive: f.listen.keepAlive(),
		HalfClose: f.halfClose, MaxConnections: f.maxConnections, Log: log, Context: cut,
	}
	fmt.Fprintln(p.Stdout, "listening on", l.Addr())
	return f.listen.serve(ctx, p, l, s, log, func() { f.end(log, end, s.Wait) })
}

// end waits for connections to end, and cuts them after a while.
func (f *rawFlags) end(log *slog.Logger, cut func(), wait func()) {
	drained, stop := f.drain.begin(log)
	defer stop()
	defer context.AfterFunc(drained, cut)()
	wait()
}

// forward takes connections at an address, and makes a WebSocket of each.
func (f *rawFlags) forward(ctx context.Context, p *process, at, to string, log *slog.Logger) error {
	server, err := serverURL(to)
	if err != nil {
		return err
	}
	header, err := f.reach.headers(p.Env)
	if err != nil {
		return err
	}
	dial, err := f.reach.dial([]*url.URL{server}, log)
	if err != nil {
		return err
	}
	listen, err := listenAddr(at)
	if err != nil {
		return usagef("%v", err)
	}
	l, err := relay.Listen(listen.Network, listen.Address)
	if err != nil {
		return fmt.Errorf("cannot %w; choose another address or port, port 0 takes a free one", err)
	}
	fmt.Fprintln(p.Stdout, "listening on", l.Addr())
	ctx, stop := untilHangup(ctx, p.Hangup, 0)
	defer stop()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	cut, end := context.WithCancel(context.Background())
	defer end()
	c := &raw.Client{Server: server, Dial: dial, Header: header, HalfClose: f.halfClose, Log: log}
	served := make(chan struct{})
	go func() {
		defer close(served)
		c.Serve(cut, l)
	}()
	<-ctx.Done()
	f.end(log, end, func() { <-served })
	return nil
}

// listenAddr reads [BIND:]PORT, as of -D, or unix:///PATH.
func listenAddr(s string) (spec.Addr, error) {
	if strings.HasPrefix(s, "unix://") {
		return spec.ParseAddr(s)
	}
	f, err := spec.ParseDynamic(s)
	return f.Listen, err
}
