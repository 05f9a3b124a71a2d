package main

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"github.com/wsstream/wsstream/examples/tunnel/internal/policy"
	"github.com/wsstream/wsstream/wsconn"
)

// reachFlags say how a client reaches its servers.
type reachFlags struct {
	credentialFlags
	header   http.Header
	ca, sni  string
	insecure bool
	proxy    string
}

func (r *reachFlags) define(fs *flag.FlagSet) {
	r.header = make(http.Header)
	fs.Func("H", "`'NAME: VALUE'` of a header for the handshake, Host among them; may be repeated", func(s string) error {
		return addHeader(r.header, s)
	})
	fs.StringVar(&r.ca, "ca", "", "`FILE` of certificates (PEM) to trust, and no others")
	fs.StringVar(&r.sni, "sni", "", "`NAME` that the server's certificate has to have, instead of the URL's host")
	fs.BoolVar(&r.insecure, "insecure", false, "do not check the server's certificate")
	fs.StringVar(&r.proxy, "proxy", "", "`URL` of a proxy, http, https or socks5, or none;\nwithout it as HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY say")
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

// dial makes options of the flags. The servers are those that will be dialed.
func (r *reachFlags) dial(servers []*url.URL, log *slog.Logger) (wsconn.DialOptions, error) {
	o := wsconn.DialOptions{KeepAlive: r.keepAlive()}
	for _, u := range servers {
		secure := u.Scheme == "wss" || u.Scheme == "https"
		if !secure && (r.ca != "" || r.cert != "" || r.sni != "" || r.insecure) {
			return o, usagef("-ca, -cert, -sni and -insecure are for wss://, but %s is not encrypted at all", u.Redacted())
		}
		if !secure && !loopback(u.Hostname()) {
			log.Warn("the connection is not encrypted: anybody on the way can read and change everything, the token included; use wss://", "server", u.Redacted())
		}
	}
	if r.insecure {
		log.Warn("-insecure: anybody on the way to the server can read and change everything")
	}
	var err error
	if o.TLSConfig, err = r.tls(); err != nil {
		return o, err
	}
	switch r.proxy {
	case "":
	case "none":
		o.Proxy = wsconn.NoProxy
	default:
		u, err := url.Parse(r.proxy)
		if err != nil || u.Host == "" {
			return o, usagef("-proxy %q: want a URL such as http://user:password@proxy:3128 or socks5://proxy:1080, or none", r.proxy)
		}
		o.Proxy = http.ProxyURL(u)
	}
	return o, nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// tls says which certificates of the server are good, and has the client's.
func (r *reachFlags) tls() (*tls.Config, error) {
	config := &tls.Config{InsecureSkipVerify: r.insecure, ServerName: r.sni}
	if (r.cert == "") != (r.key == "") {
		return nil, usagef("-cert and -key go together")
	}
	if r.cert != "" {
		pair, err := tls.LoadX509KeyPair(r.cert, r.key)
		if err != nil {
			return nil, fmt.Errorf("-cert and -key: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	if r.ca == "" {
		return config, nil
	}
	var err error
	config.RootCAs, err = certPool("-ca", r.ca)
	return config, err
}

// certPool reads the certificates that a flag names.
func certPool(flag, path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: there is no certificate in %s: want a PEM file", flag, path)
	}
	return pool, nil
}

// headers returns what makes the headers of a handshake. The token is read
// anew each time, so that it can be changed.
func (r *reachFlags) headers(env func(string) string) (func() (http.Header, error), error) {
	header := func() (http.Header, error) {
		h := r.header.Clone()
		secret := env(tokenVariable)
		if r.tokenFile != "" {
			var err error
			if secret, err = policy.SecretFrom(r.tokenFile); err != nil {
				return nil, fmt.Errorf("-token-file: %w", err)
			}
		}
		if secret != "" && h.Get("Authorization") == "" {
			h.Set("Authorization", "Bearer "+secret)
		}
		return h, nil
	}
	_, err := header()
	return header, err
}

// serverURL reads the URL of a server.
func serverURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, usagef("%q is not a URL: want one such as wss://example.com/", s)
	}
	switch u.Scheme {
	case "ws", "wss", "http", "https":
	default:
		return nil, usagef("%q is not the URL of a WebSocket server: want one such as wss://example.com/", s)
	}
	if u.Hostname() == "" || u.Fragment != "" {
		return nil, usagef("%q needs a host and cannot have a #fragment: want a URL such as wss://example.com/", s)
	}
	u.Path = cmp.Or(u.Path, "/")
	return u, nil
}
