package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/wsstream/wsstream/wsconn"
)

func clientCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var forwards []forward
	header := make(http.Header)
	fs := flag.NewFlagSet("client", flag.ContinueOnError)
	fs.Func("L", "", func(s string) error {
		f, err := parseForward(s)
		forwards = append(forwards, f)
		return err
	})
	fs.Func("H", "", func(s string) error { return addHeader(header, s) })
	ca, insecure := fs.String("ca", "", ""), fs.Bool("insecure", false, "")
	verbose := fs.Bool("v", false, "")
	others, err := parse(fs, args)
	switch {
	case err != nil:
		return err
	case len(others) != 1:
		return usagef("client: want one URL, the server's, as wss://example.com/")
	case len(forwards) == 0:
		return usagef("client: say what to forward, as -L 8080:localhost:80")
	}
	server, err := parseServerURL(others[0])
	if err != nil {
		return err
	}
	if secure := server.Scheme == "wss" || server.Scheme == "https"; !secure && (*ca != "" || *insecure) {
		return usagef("client: -ca and -insecure are for a wss:// URL, this one is not encrypted at all")
	}
	config, err := tlsConfig(*ca, *insecure)
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	c := &client{server: server, log: newLogger(stderr, *verbose)}
	c.options = wsconn.DialOptions{Header: header, TLSConfig: config, CloseTimeout: closeTimeout}
	if *insecure {
		c.log.Warn("-insecure: anybody on the way to the server can read and change everything")
	}
	return c.run(ctx, forwards, stdout)
}

// addHeader reads one -H.
func addHeader(h http.Header, s string) error {
	name, value, ok := strings.Cut(s, ":")
	if !ok || name == "" || strings.ContainsAny(name, " \t") || strings.ContainsAny(s, "\r\n") {
		return fmt.Errorf("want 'Name: value'")
	}
	h.Add(name, strings.TrimSpace(value))
	return nil
}

func parseServerURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, usagef("client: %v: want a URL such as wss://example.com/", err)
	}
	switch u.Scheme {
	case "ws", "wss", "http", "https":
	default:
		return nil, usagef("client: %q is not a URL of a WebSocket server: want one such as wss://example.com/", s)
	}
	if u.Hostname() == "" || u.Fragment != "" {
		return nil, usagef("client: %q needs a host and cannot have a #fragment: want a URL such as wss://example.com/", s)
	}
	return u, nil
}

// tlsConfig says which certificates of the server are good.
func tlsConfig(ca string, insecure bool) (*tls.Config, error) {
	config := &tls.Config{InsecureSkipVerify: insecure}
	if ca == "" {
		return config, nil
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, fmt.Errorf("-ca: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("-ca: there is no certificate in %s: want a PEM file", ca)
	}
	return config, nil
}

// client is the client half: it makes a WebSocket of every TCP connection.
type client struct {
	server  *url.URL
	options wsconn.DialOptions
	log     *slog.Logger
}

// run listens for all forwards, says so on stdout, and serves them until ctx
// ends.
func (c *client) run(ctx context.Context, forwards []forward, stdout io.Writer) error {
	listeners := make([]net.Listener, len(forwards))
	for i, f := range forwards {
		l, err := listen(f.listen)
		if err != nil {
			return fmt.Errorf("client: %w", err)
		}
		defer l.Close()
		listeners[i] = l
	}
	var all sync.WaitGroup
	for i, f := range forwards {
		fmt.Fprintf(stdout, "forwarding %v to %s\n", listeners[i].Addr(), f.target)
		all.Go(func() { c.forward(ctx, listeners[i], f.target) })
	}
	all.Wait()
	return nil
}

// forward carries the connections of l to target. When ctx ends it closes l,
// and returns once the connections have ended as well.
func (c *client) forward(ctx context.Context, l net.Listener, target string) {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	var open sync.WaitGroup
	acceptAll(l, c.log, func(tcp *net.TCPConn) {
		open.Go(func() { c.carry(ctx, tcp, target) })
	})
	open.Wait()
}

// carry is one connection.
func (c *client) carry(ctx context.Context, tcp *net.TCPConn, target string) {
	log := c.log.With("from", tcp.RemoteAddr(), "target", target)
	ws, err := wsconn.Dial(ctx, c.urlFor(target), &c.options)
	if err != nil {
		tcp.SetLinger(0) // a reset: an end would look like an empty answer
		tcp.Close()
		log.Error("cannot connect", "err", err)
		return
	}
	log.Debug("connected")
	logEnd(log, relay(ctx, tcp, ws))
}

// urlFor asks the server for target, in the query.
func (c *client) urlFor(target string) string {
	u := *c.server
	query := u.Query()
	query.Set("target", target)
	u.RawQuery = query.Encode()
	return u.String()
}
