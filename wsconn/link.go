package wsconn

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"net/url"

	"github.com/wsstream/wsstream/wsconn/internal/proxy"
)

// link is the connection that a dial is working on. There is one at a time:
// some proxies want a new one for another try.
type link struct {
	opts *DialOptions
	raw  net.Conn // as it was dialed
	stop func() bool
}

// reach opens a way to the target: a connection to it, or through a proxy.
func (l *link) reach(ctx context.Context, t target, p *proxyServer) (net.Conn, *HandshakeError) {
	if p == nil {
		conn, err := l.open(ctx, t.network, t.address)
		return conn, failureOf("could not connect to "+t.address, err)
	}
	tunnels := proxy.Dialer{
		URL:    p.url,
		Header: l.opts.ProxyHeader,
		Open:   func(ctx context.Context) (net.Conn, error) { return l.openProxy(ctx, p) },
	}
	if auth := l.opts.ProxyAuth; auth != nil {
		shown := &url.URL{Scheme: p.url.Scheme, Host: p.url.Host, User: p.url.User}
		tunnels.Auth = func(ctx context.Context, challenges []string) (string, error) {
			return auth(ctx, ProxyChallenge{Proxy: shown, Target: t.authority(), Challenges: challenges})
		}
	}
	conn, err := tunnels.Dial(ctx, t.authority())
	if err != nil {
		return nil, p.failure(ctx, t.authority(), err)
	}
	return conn, nil
}

// openProxy connects to the proxy, with TLS if it wants that.
func (l *link) openProxy(ctx context.Context, p *proxyServer) (net.Conn, error) {
	conn, err := l.open(ctx, "tcp", p.address)
	if err != nil {
		return nil, &proxyStep{errProxyDial, err}
	}
	if p.url.Scheme != "https" {
		return conn, nil
	}
	config := tlsConfig(l.opts.TLSConfig, p.name)
	// What is for the server alone.
	config.ServerName, config.EncryptedClientHelloConfigList = p.name, nil
	if conn, err = startTLS(ctx, conn, config); err != nil {
		return nil, &proxyStep{errProxyTLS, err}
	}
	return conn, nil
}

// open dials, after it has closed what was dialed before.
func (l *link) open(ctx context.Context, network, address string) (net.Conn, error) {
	l.drop()
	raw, err := open(ctx, network, address, l.opts.DialContext)
	if err != nil {
		return nil, contextOr(ctx, err)
	}
	// Closing is the one way to end whatever goes on, on any net.Conn, and
	// leaves nothing behind on it if it did not happen.
	l.raw, l.stop = raw, context.AfterFunc(ctx, func() { raw.Close() })
	return raw, nil
}

// keep frees the connection of the context. It returns false if that has ended:
// the connection is on its way to be closed.
func (l *link) keep() bool { return l.stop() }

// drop closes the connection, if there is one.
func (l *link) drop() {
	if l.raw != nil {
		l.stop()
		l.raw.Close()
		l.raw = nil
	}
}

// startTLS does the handshake of TLS. What keeps a write deadline off TLS is at
// the very bottom: so it is good for TLS inside of TLS, too.
func startTLS(ctx context.Context, conn net.Conn, config *tls.Config) (net.Conn, error) {
	if _, ok := belowAllTLS(conn).(*outlet); !ok {
		conn = belowTLS(conn)
	}
	hooks := trace{httptrace.ContextClientTrace(ctx)}
	hooks.tlsStarts()
	secure := tls.Client(conn, config)
	err := secure.HandshakeContext(ctx)
	hooks.tlsEnds(secure.ConnectionState(), err)
	if err != nil {
		return nil, err
	}
	return secure, nil
}
