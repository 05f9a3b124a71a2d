package main

import (
	"context"
	"flag"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/client"
	"github.com/wsstream/wsstream/examples/tunnel/internal/meter"
	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
)

func clientCommand() command {
	return command{
		name:    "client",
		args:    "URL -L|-R|-D|-W FORWARD [flags]",
		about:   "the end near the user; URL is the server's, as wss://example.com/, and there may be several",
		setting: "server",
		define: func(fs *flag.FlagSet) runner {
			f := new(clientFlags)
			f.define(fs)
			return f.run
		},
	}
}

// hangupTimeout is for standard input and output to end by themselves when ssh
// says that it has ended.
const hangupTimeout = 3 * time.Second

// clientFlags are those of tunnel client.
type clientFlags struct {
	forwards           []spec.Forward
	reach              reachFlags
	log                logFlags
	life               lifeFlags
	sessions           int
	wait               bool
	sessionWait        time.Duration
	halfClose, udpIdle time.Duration
}

func (f *clientFlags) define(fs *flag.FlagSet) {
	f.forward(fs, "L", "`[BIND:]PORT:HOST:PORT`: listen here, and connect to HOST:PORT there, as ssh does;\nalso with paths of Unix sockets, and udp:// before it; may be repeated", spec.ParseLocal)
	f.forward(fs, "R", "`[BIND:]PORT:HOST:PORT`: listen there, and connect to HOST:PORT here;\nwithout HOST:PORT a SOCKS5 and HTTP CONNECT proxy there, which connects here; may be repeated", spec.ParseRemote)
	f.forward(fs, "D", "`[BIND:]PORT` of a SOCKS5 and HTTP CONNECT proxy here, which connects there; may be repeated", spec.ParseDynamic)
	f.forward(fs, "W", "`HOST:PORT` to connect standard input and output to, for ProxyCommand of ssh;\nit is tried once, and -status, -sessions, -wait, -drain and the like have no meaning then", spec.ParseStdio)
	f.reach.credentialFlags.define(fs)
	f.reach.define(fs)
	fs.IntVar(&f.sessions, "sessions", 1, "`N` connections to each server at a time")
	fs.BoolVar(&f.wait, "wait", false, "keep trying also if no server can be reached from the very beginning")
	fs.DurationVar(&f.sessionWait, "session-wait", 0, "let new connections wait this `TIME` for a server before they are refused (default 10s)")
	fs.DurationVar(&f.halfClose, "half-close-timeout", 0, "reset a connection whose one direction has ended and on whose other one\nnothing has come for this `TIME` (default never)")
	fs.DurationVar(&f.udpIdle, "udp-idle", 0, "forget who sends datagrams after this `TIME` without one (default 1m)")
	f.life.define(fs)
	f.log.define(fs)
}

func (f *clientFlags) forward(fs *flag.FlagSet, name, usage string, parse func(string) (spec.Forward, error)) {
	fs.Func(name, usage, func(s string) error {
		forward, err := parse(s)
		if err == nil {
			f.forwards = append(f.forwards, forward)
		}
		return err
	})
}

func (f *clientFlags) run(ctx context.Context, p *process, args []string) error {
	servers, err := f.arguments(args)
	if err != nil {
		return err
	}
	stdio, err := f.stdio()
	if err != nil {
		return err
	}
	if stdio != nil && !f.log.verbose {
		f.log.quiet = true // standard error is ssh's, too
	}
	log, live := f.life.logger(p, &f.log)
	defer live.stop()
	header, err := f.reach.headers(p.Env)
	if err != nil {
		return err
	}
	dial, err := f.reach.dial(servers, log)
	if err != nil || f.life.check {
		return f.life.checked(p, err)
	}
	book := meter.NewBook()
	c := client.New(client.Options{
		Servers: servers, Sessions: f.sessions, Dial: dial, Header: header, Forwards: f.forwards,
		KeepTrying: f.wait, SessionWait: f.sessionWait, UDPIdle: f.udpIdle, HalfCloseTimeout: f.halfClose,
		Out: p.Stdout, Log: log, Book: book,
	})
	if stdio != nil {
		ctx, cancel := untilHangup(ctx, p.Hangup, hangupTimeout)
		defer cancel()
		return c.Stdio(ctx, stdio.Target, p.Stdin, closer(p.Stdout))
	}
	stopStatus, err := f.life.status(p, log, book, "client", c.Ready)
	if err != nil {
		return err
	}
	defer stopStatus()
	live.show(book)
	return f.serve(ctx, p, c, log)
}

// serve runs the client until ctx ends, and then until its connections have
// ended, or have had their time.
func (f *clientFlags) serve(ctx context.Context, p *process, c *client.Client, log *slog.Logger) error {
	done := make(chan error, 1)
	cut, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { done <- c.Run(ctx, cut) }()
	stopping := ctx.Done()
	for {
		select {
		case err := <-done:
			return err
		case <-p.Hangup:
			log.Info("connecting anew where there is no answer")
			c.Reconnect()
		case <-stopping:
			stopping = nil
			drained, stop := f.life.drain.begin(log)
			defer stop()
			context.AfterFunc(drained, cancel)
		}
	}
}

// arguments tells URLs of servers from chisel's remotes, which it adds to the
// forwards.
func (f *clientFlags) arguments(args []string) (servers []*url.URL, err error) {
	for _, a := range args {
		scheme, _, ok := strings.Cut(a, "://")
		if len(servers) == 0 || ok && (strings.HasPrefix(scheme, "ws") || strings.HasPrefix(scheme, "http")) {
			u, err := serverURL(a)
			if err != nil {
				return nil, err
			}
			servers = append(servers, u)
			continue
		}
		forward, err := spec.ParseRemoteSpec(a)
		if err != nil {
			return nil, usagef("%v", err)
		}
		f.forwards = append(f.forwards, forward)
	}
	switch {
	case len(servers) == 0:
		return nil, usagef("want the URL of a server, as wss://example.com/")
	case len(f.forwards) == 0:
		return nil, usagef("say what to forward, as -L 8080:localhost:80; see tunnel help client")
	}
	return servers, f.checkReverse()
}

// checkReverse refuses two forwards that listen at one address of the server,
// which would not know whose its connections are.
func (f *clientFlags) checkReverse() error {
	seen := make(map[spec.Addr]bool)
	for _, forward := range f.forwards {
		at := forward.Listen
		if !forward.Reverse || strings.HasSuffix(at.Address, ":0") {
			continue
		}
		if seen[at] {
			return usagef("%v: another forward listens at that address of the server: choose another port", forward)
		}
		seen[at] = true
	}
	return nil
}

// stdio returns the forward of standard input and output, if there is one.
func (f *clientFlags) stdio() (*spec.Forward, error) {
	for i := range f.forwards {
		if !f.forwards[i].Stdio {
			continue
		}
		if len(f.forwards) > 1 {
			return nil, usagef("-W connects standard input and output, and goes with no other forward")
		}
		return &f.forwards[i], nil
	}
	return nil, nil
}

// closer makes an io.WriteCloser of w, which may be one already.
func closer(w io.Writer) io.WriteCloser {
	if c, ok := w.(io.WriteCloser); ok {
		return c
	}
	return struct {
		io.Writer
		io.Closer
	}{w, io.NopCloser(nil)}
}
