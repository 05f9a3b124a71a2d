package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/wsstream/wsstream/wsconn"
)

const (
	dialTimeout     = 10 * time.Second // of a target
	shutdownTimeout = 5 * time.Second  // for requests that are not tunnels yet
)

func serverCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var allow allowList
	fs := flag.NewFlagSet("server", flag.ContinueOnError)
	fs.Func("allow", "", func(s string) error {
		p, err := parsePattern(s)
		allow = append(allow, p)
		return err
	})
	open := fs.Bool("open", false, "")
	cert, key := fs.String("cert", "", ""), fs.String("key", "", "")
	verbose := fs.Bool("v", false, "")
	others, err := parse(fs, args)
	switch {
	case err != nil:
		return err
	case len(others) != 1:
		return usagef("server: want one address to listen on, as :8443 or 127.0.0.1:8080")
	case (*cert == "") != (*key == ""):
		return usagef("server: -cert and -key go together")
	case *open && allow != nil:
		return usagef("server: -open allows every target: leave -allow out, or -open")
	case *open:
		allow = allowList{anyTarget}
	case allow == nil:
		return usagef("server: say which targets clients may reach: -allow localhost:22, or -open for every one")
	}
	if _, _, err := net.SplitHostPort(others[0]); err != nil {
		return usagef("server: %v: want an address such as :8443 or 127.0.0.1:8080", err)
	}
	l, err := serverListen(others[0], *cert, *key)
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	fmt.Fprintln(stdout, "listening on", l.Addr())
	return serve(ctx, l, allow, newLogger(stderr, *verbose))
}

// serverListen listens for HTTPS if there is a certificate, else for HTTP.
func serverListen(addr, cert, key string) (net.Listener, error) {
	if cert == "" {
		return listen(addr)
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("-cert and -key: %w", err)
	}
	l, err := listen(addr)
	if err != nil {
		return nil, err
	}
	return tls.NewListener(wsconn.BelowTLS(l), &tls.Config{Certificates: []tls.Certificate{pair}}), nil
}

// serve is the server half, until ctx ends. It closes l.
func serve(ctx context.Context, l net.Listener, allow allowList, log *slog.Logger) error {
	h := &handler{allow: allow, log: log}
	srv := &http.Server{
		Handler:           h,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       dialTimeout + 20*time.Second,
		WriteTimeout:      dialTimeout + 20*time.Second,
		IdleTimeout:       time.Minute,
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		soon, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
		defer cancel()
		srv.Shutdown(soon)
		h.active.Wait() // Shutdown does not know WebSockets; they end with ctx, too
	})
	err := srv.Serve(l)
	if stop() { // Serve failed by itself
		return fmt.Errorf("server: %w", err)
	}
	<-stopped
	return nil
}

// handler connects each WebSocket to the target that its URL asks for.
type handler struct {
	allow  allowList
	log    *slog.Logger
	active sync.WaitGroup
}

// ServeHTTP answers with an error instead of a WebSocket if the target cannot
// be reached, so that the client learns why.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.active.Add(1)
	defer h.active.Done()
	target := r.URL.Query().Get("target")
	log := h.log.With("client", r.RemoteAddr, "target", target)
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		w.Header().Set("Upgrade", "websocket")
		http.Error(w, "this is a server for: tunnel client URL -L [BIND:]PORT:HOST:PORT", http.StatusUpgradeRequired)
		return
	}
	if !h.allow.allows(target) {
		log.Warn("target not allowed")
		http.Error(w, "this target is not allowed by the server", http.StatusForbidden)
		return
	}
	tcp, err := dialTarget(r.Context(), target)
	if err != nil {
		log.Warn("target not reached", "err", err)
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	ws, err := wsconn.Accept(w, r, &wsconn.AcceptOptions{CloseTimeout: closeTimeout})
	if err != nil { // it has been answered
		tcp.Close()
		log.Warn("handshake failed", "err", err)
		return
	}
	log.Debug("connected")
	// The context ends with that of serve, now that the connection is ours.
	logEnd(log, relay(r.Context(), tcp, ws))
}

func dialTarget(ctx context.Context, target string) (*net.TCPConn, error) {
	d := net.Dialer{Timeout: dialTimeout}
	c, err := d.DialContext(ctx, "tcp", target)
	if err != nil {
		return nil, err
	}
	return c.(*net.TCPConn), nil
}

// logEnd says how a connection ended.
func logEnd(log *slog.Logger, err error) {
	if err == nil || errors.Is(err, errStopping) {
		log.Debug("closed")
		return
	}
	log.Warn("connection failed", "err", err)
}
