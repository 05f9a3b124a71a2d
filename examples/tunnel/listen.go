package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/gate"
	"github.com/wsstream/wsstream/examples/tunnel/internal/policy"
	"github.com/wsstream/wsstream/wsconn"
)

const (
	headerTimeout   = 10 * time.Second // of a request
	shutdownTimeout = 5 * time.Second  // for requests that a site answers
)

// listenFlags say where a server listens, and whom it lets in.
type listenFlags struct {
	credentialFlags
	clientCA string
	open     bool
	deny     policy.Targets // to clients with rights of their own as well

	tokens atomic.Pointer[policy.Tokens]
	pair   atomic.Pointer[tls.Certificate]
}

func (f *listenFlags) define(fs *flag.FlagSet) {
	fs.StringVar(&f.clientCA, "client-ca", "", "`FILE` of certificates (PEM): clients need one that these have signed")
	fs.BoolVar(&f.open, "open", false, "let everybody in")
}

// gate says whom the server lets in.
func (f *listenFlags) gate(p *process, log *slog.Logger) (gate.Gate, error) {
	g := gate.Gate{ClientCerts: f.clientCA != ""}
	secret := p.Env(tokenVariable)
	asked := f.tokenFile != "" || secret != ""
	switch {
	case f.open && (asked || g.ClientCerts):
		return g, usagef("-open lets everybody in: leave it out, or the tokens and -client-ca")
	case !f.open && !asked && !g.ClientCerts:
		return g, usagef("say who may connect: -token-file FILE (openssl rand -hex 32 makes a token), TUNNEL_TOKEN, -client-ca FILE, or -open for everybody")
	case g.ClientCerts && f.cert == "":
		return g, usagef("-client-ca needs TLS: -cert and -key")
	case (f.cert == "") != (f.key == ""):
		return g, usagef("-cert and -key go together")
	case !asked:
		return g, nil
	}
	g.Tokens = f.tokens.Load
	return g, f.loadTokens(secret, log)
}

// loadTokens reads the tokens. If that fails those of before stay.
func (f *listenFlags) loadTokens(secret string, log *slog.Logger) error {
	var warnings []string
	tokens, err := policy.ParseTokens(strings.NewReader("environment "+secret), tokenVariable)
	if f.tokenFile != "" {
		tokens, warnings, err = policy.LoadTokens(f.tokenFile)
	}
	if err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	for _, w := range warnings {
		log.Warn(w)
	}
	tokens.Deny(f.deny)
	f.tokens.Store(tokens)
	return nil
}

// rightsInTokens reports whether a token says itself what its clients may reach.
func (f *listenFlags) rightsInTokens() bool {
	tokens := f.tokens.Load()
	return tokens != nil && tokens.HaveRights()
}

// listen listens for HTTPS if there is a certificate, else for HTTP; or, to
// check, only reads what it would need.
func (f *listenFlags) listen(addr string, check bool) (net.Listener, error) {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return nil, usagef("%v: want an address such as :8443 or 127.0.0.1:8080", err)
	}
	config, err := f.tls()
	if err != nil || check {
		return nil, err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot %w; choose another address or port, port 0 takes a free one", err)
	}
	if config == nil {
		return l, nil
	}
	return tls.NewListener(wsconn.BelowTLS(l), config), nil
}

func (f *listenFlags) tls() (*tls.Config, error) {
	if f.cert == "" {
		return nil, nil
	}
	if err := f.loadCert(); err != nil {
		return nil, err
	}
	config := &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.pair.Load(), nil },
		NextProtos:     []string{"http/1.1"},
	}
	if f.clientCA == "" {
		return config, nil
	}
	// Those without one are told so in HTTP, and see the site if there is one.
	config.ClientAuth = tls.VerifyClientCertIfGiven
	var err error
	config.ClientCAs, err = certPool("-client-ca", f.clientCA)
	return config, err
}

func (f *listenFlags) loadCert() error {
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return fmt.Errorf("-cert and -key: %w", err)
	}
	f.pair.Store(&pair)
	return nil
}

// reload reads tokens and certificate again.
func (f *listenFlags) reload(log *slog.Logger) {
	var failed error
	if f.tokenFile != "" {
		failed = f.loadTokens("", log)
	}
	if f.cert != "" {
		failed = errors.Join(failed, f.loadCert())
	}
	if failed != nil {
		log.Error("not everything could be read again, what was there before is still used", "reason", failed)
		return
	}
	log.Info("tokens and certificate read again")
}

// serve serves until ctx ends; then it listens no more, and drains.
func (f *listenFlags) serve(ctx context.Context, p *process, l net.Listener, h http.Handler, log *slog.Logger, drain func()) error {
	srv := &http.Server{
		Handler:           h,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       time.Minute,
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	for {
		select {
		case err := <-failed:
			return err
		case <-p.Hangup:
			f.reload(log)
		case <-ctx.Done():
			l.Close()
			drain() // before Shutdown, which waits for requests of a site
			soon, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
			defer cancel()
			srv.Shutdown(soon)
			srv.Close()
			return nil
		}
	}
}
