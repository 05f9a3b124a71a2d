package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/gate"
	"github.com/wsstream/wsstream/examples/tunnel/internal/meter"
	"github.com/wsstream/wsstream/examples/tunnel/internal/policy"
	"github.com/wsstream/wsstream/examples/tunnel/internal/server"
)

func serverCommand() command {
	return command{
		name:    "server",
		args:    "ADDR -allow HOST:PORT -token-file FILE [flags]",
		about:   "the end near the targets; ADDR is where to listen, as :8443 or 127.0.0.1:8080",
		setting: "listen",
		define: func(fs *flag.FlagSet) runner {
			f := new(serverFlags)
			f.define(fs)
			return f.run
		},
	}
}

// serverFlags are those of tunnel server.
type serverFlags struct {
	listen                  listenFlags
	log                     logFlags
	life                    lifeFlags
	targets                 policy.Targets
	binds                   policy.Binds
	backend                 string
	maxSessions, maxStreams int
	halfClose, udpIdle      time.Duration
	trusted                 []netip.Prefix
}

func (f *serverFlags) define(fs *flag.FlagSet) {
	f.listen.credentialFlags.define(fs)
	f.listen.define(fs)
	fs.Func("allow", "`HOST:PORT` that clients may reach: a name, *.example.com, an address, a network such as\n10.0.0.0/8, or *; a port, a range such as 8000-8999, or *; udp://HOST:PORT and unix:///PATH, too;\nmay be repeated", f.targets.Add)
	fs.Func("deny", "`HOST:PORT` that they may not reach all the same; may be repeated", f.listen.deny.Add)
	fs.Func("allow-reverse", "`[BIND:]PORT` at which clients may have this server listen, on loopback\nunless BIND says otherwise; may be repeated", f.binds.Add)
	fs.StringVar(&f.backend, "backend", "", "`URL` of a site to show to everybody who is not a client")
	fs.Func("trusted-proxy", "`NETWORK`, as 10.0.0.0/8 or an address, of proxies whose word about who the client is\ngoes into the log (X-Forwarded-For, Forwarded); may be repeated", f.trust)
	fs.IntVar(&f.maxSessions, "max-sessions", 0, "`N` sessions at a time (default 1024)")
	fs.IntVar(&f.maxStreams, "max-streams", 0, "`N` connections at a time in each session (default 1024)")
	fs.DurationVar(&f.halfClose, "half-close-timeout", 0, "reset a connection whose one direction has ended and on whose other one\nnothing has come for this `TIME` (default never)")
	fs.DurationVar(&f.udpIdle, "udp-idle", 0, "forget a UDP target after this `TIME` without a datagram (default 1m)")
	f.life.define(fs)
	f.log.define(fs)
}

// trust reads one -trusted-proxy.
func (f *serverFlags) trust(s string) error {
	prefix, err := netip.ParsePrefix(s)
	if addr, e := netip.ParseAddr(s); e == nil {
		prefix, err = addr.Prefix(addr.BitLen())
	}
	if err != nil {
		return fmt.Errorf("want a network such as 10.0.0.0/8, or an address")
	}
	f.trusted = append(f.trusted, prefix)
	return nil
}

func (f *serverFlags) run(ctx context.Context, p *process, args []string) error {
	if len(args) != 1 {
		return usagef("want one address to listen on, as :8443 or 127.0.0.1:8080")
	}
	log, live := f.life.logger(p, &f.log)
	defer live.stop()
	g, err := f.gate(p, log)
	if err != nil {
		return err
	}
	site, err := f.site(log)
	if err != nil {
		return err
	}
	book := meter.NewBook()
	s := server.New(server.Options{
		Gate: g, Backend: site, TrustedProxies: f.trusted, MaxSessions: f.maxSessions, MaxStreams: f.maxStreams,
		UDPIdle: f.udpIdle, HalfCloseTimeout: f.halfClose, KeepAlive: f.listen.keepAlive(),
		Log: log, Book: book,
	})
	l, err := f.listen.listen(args[0], f.life.check)
	if err != nil || f.life.check {
		return f.life.checked(p, err)
	}
	stopStatus, err := f.life.status(p, log, book, "server", s.Ready)
	if err != nil {
		return err
	}
	defer stopStatus()
	fmt.Fprintln(p.Stdout, "listening on", l.Addr())
	live.show(book)
	return f.listen.serve(ctx, p, l, s, log, func() {
		cut, cancel := f.life.drain.begin(log)
		defer cancel()
		s.Drain(cut)
	})
}

// gate says who is let in, and what clients may do.
func (f *serverFlags) gate(p *process, log *slog.Logger) (gate.Gate, error) {
	g, err := f.listen.gate(p, log)
	g.Rights = policy.Rights{Targets: f.targets, Deny: f.listen.deny, Binds: f.binds}
	switch {
	case err != nil:
	case f.targets.Empty() && f.binds.Empty() && !f.listen.rightsInTokens():
		err = usagef("say what clients may reach: -allow localhost:22, or -allow '*:*' for everything, or -allow-reverse 2222")
	case f.maxSessions < 0:
		err = usagef("-max-sessions %d: want a number from 1, or leave it out", f.maxSessions)
	}
	return g, err
}

// site is what everybody sees who is not a client, or nil.
func (f *serverFlags) site(log *slog.Logger) (http.Handler, error) {
	if f.backend == "" {
		return nil, nil
	}
	u, err := url.Parse(f.backend)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, usagef("-backend %q: want a URL such as http://127.0.0.1:3000", f.backend)
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(u)
			r.SetXForwarded()
			r.Out.Host = r.In.Host
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			log.Warn("the site cannot be reached", "backend", u.Redacted(), "reason", err)
			w.WriteHeader(http.StatusBadGateway)
		},
	}, nil
}
