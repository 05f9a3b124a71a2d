package wsconn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/option"
)

// Dial connects to a WebSocket server and returns the connection as a
// net.Conn. It is what [DialSocket] and [NewConn] do, and it offers the
// extension by which two ends of this library agree on half-close.
//
// The URL has the scheme ws, wss, http or https (the latter two mean the
// former), or ws+unix or wss+unix: ws+unix:/run/app.sock:/path?query. Its
// userinfo becomes Basic authentication; a fragment is an error (RFC 6455
// section 3).
//
// The context and HandshakeTimeout bound the handshake and do not matter any
// more once Dial has returned. The hooks of an httptrace.ClientTrace in the
// context are called as net/http does it, for each request; CONNECT is not one
// of them. Every error is a [*HandshakeError].
func Dial(ctx context.Context, url string, opts *DialOptions) (*Conn, error) {
	if opts == nil {
		opts = &DialOptions{}
	}
	u, err := dial(ctx, url, opts, true)
	if err != nil {
		return nil, err
	}
	return NewConn(newSocket(u), &opts.Stream), nil
}

// DialSocket connects to a WebSocket server as [Dial] does, and returns the
// connection as a socket, which reads and writes messages.
func DialSocket(ctx context.Context, url string, opts *DialOptions) (*Socket, error) {
	if opts == nil {
		opts = &DialOptions{}
	}
	u, err := dial(ctx, url, opts, false)
	if err != nil {
		return nil, err
	}
	return newSocket(u), nil
}

// dial is the handshake of a client, redirects included. stream says whether it
// offers wsstream.
func dial(ctx context.Context, url string, opts *DialOptions, stream bool) (upgraded, error) {
	t, err := parseURL(url)
	if err != nil {
		return upgraded{}, &HandshakeError{URL: redactURL(url), Reason: "the URL is no good", Err: err}
	}
	q, err := newClientRequest(t, opts, stream)
	if err != nil {
		return upgraded{}, &HandshakeError{URL: t.String(), Reason: "the options are no good", Err: err}
	}
	limit := option.Or(opts.HandshakeTimeout, defaultHandshakeTimeout)
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, errHandshakeTimeout)
		defer cancel()
	}
	for followed := 0; ; followed++ {
		u, failure := attempt(ctx, &q, opts)
		if failure == nil {
			return u, nil
		}
		failure.URL = q.target.String()
		if context.Cause(ctx) == errHandshakeTimeout && failure.Timeout() {
			failure.Reason += fmt.Sprintf(" within DialOptions.HandshakeTimeout, %v", limit)
		}
		if followed >= opts.Redirects || !failure.isRedirect() {
			return upgraded{}, failure
		}
		if err := q.redirect(failure.Header.Get("Location")); err != nil {
			failure.Err = err
			return upgraded{}, failure
		}
	}
}

// errHandshakeTimeout tells our own bound from the caller's.
var errHandshakeTimeout = fmt.Errorf("wsconn: HandshakeTimeout: %w", context.DeadlineExceeded)

// attempt is one dial and one handshake.
func attempt(ctx context.Context, q *clientRequest, opts *DialOptions) (upgraded, *HandshakeError) {
	r, failure := q.request(ctx, opts)
	if failure != nil {
		return upgraded{}, failure
	}
	sent := *q
	sent.header, sent.url = r.Header.Clone(), *r.URL
	p, failure := chooseProxy(q.target, r, opts.Proxy)
	if failure != nil {
		return upgraded{}, failure
	}
	hooks := trace{httptrace.ContextClientTrace(ctx)}
	l := link{opts: opts}
	hooks.connecting(q.target.address)
	conn, failure := l.reach(ctx, q.target, p)
	var u upgraded
	if failure == nil {
		u, failure = shake(ctx, conn, &sent, opts)
	}
	if failure == nil && !l.keep() {
		failure = &HandshakeError{Reason: "the handshake was not finished", Err: ctx.Err()}
	}
	if failure != nil {
		l.drop()
		return upgraded{}, failure
	}
	u.conn.SetDeadline(time.Time{})
	u.settings = opts.settings()
	return u, nil
}

// open dials. A DialContext of the caller that does not mind its context is
// left behind when that ends.
func open(ctx context.Context, network, address string, dialContext func(context.Context, string, string) (net.Conn, error)) (net.Conn, error) {
	if dialContext == nil {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result)
	go func() {
		conn, err := dialContext(ctx, network, address)
		select {
		case done <- result{conn, err}:
		case <-ctx.Done():
			if conn != nil {
				conn.Close()
			}
		}
	}()
	select {
	case r := <-done:
		if r.conn == nil && r.err == nil {
			r.err = errors.New("DialOptions.DialContext returned neither a connection nor an error")
		}
		return r.conn, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// shake does the handshakes of TLS and WebSocket over a new transport.
func shake(ctx context.Context, conn net.Conn, q *clientRequest, opts *DialOptions) (upgraded, *HandshakeError) {
	if q.target.tls {
		var err error
		if conn, err = startTLS(ctx, conn, tlsConfig(opts.TLSConfig, q.target.serverName)); err != nil {
			return upgraded{}, &HandshakeError{Reason: tlsReason(err), Err: contextOr(ctx, err)}
		}
	}
	answer := newAnswerReader(conn)
	defer answer.free()
	resp, failure := answer.roundTrip(ctx, q)
	if failure != nil {
		return upgraded{}, failure
	}
	if cookies := resp.Cookies(); opts.Jar != nil && len(cookies) > 0 {
		opts.Jar.SetCookies(&q.url, cookies)
	}
	failure = &HandshakeError{Status: resp.StatusCode, Header: resp.Header}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		conn.SetReadDeadline(time.Now().Add(refusalBodyDelay))
		failure.Body = answer.body(resp)
		failure.Reason = refusalReason(failure)
		return upgraded{}, failure
	}
	agreed, err := q.check(resp)
	if err != nil {
		failure.Reason, failure.Err = "the server did not answer this handshake", err
		return upgraded{}, failure
	}
	return upgraded{
		conn:        conn,
		buffered:    answer.early(),
		role:        frames.Client,
		stream:      agreed.stream,
		compression: agreed.compression,
		outcome: outcome{
			subprotocol: agreed.subprotocol,
			extensions:  strings.Join(resp.Header.Values("Sec-Websocket-Extensions"), ", "),
			client:      clientOutcome{q.target.String(), answerText(resp), q.key},
		},
	}, nil
}

// roundTrip sends the request and reads the header of the answer.
func (a *answerReader) roundTrip(ctx context.Context, q *clientRequest) (*http.Response, *HandshakeError) {
	hooks := trace{httptrace.ContextClientTrace(ctx)}
	hooks.connected(a.conn)
	hooks.sending(q)
	_, err := a.conn.Write(q.bytes())
	hooks.sent(err)
	if err != nil {
		return nil, &HandshakeError{Reason: "the request could not be sent", Err: contextOr(ctx, err)}
	}
	a.hooks = hooks
	resp, err := a.next()
	if err != nil {
		return nil, &HandshakeError{Reason: "no usable answer", Err: contextOr(ctx, err)}
	}
	return resp, nil
}

// tlsConfig returns the caller's configuration for this handshake. Without
// NextProtos of its own it could lead to HTTP/2: http.Transport leaves h2 in
// the configurations it is given.
func tlsConfig(config *tls.Config, serverName string) *tls.Config {
	if config == nil {
		config = &tls.Config{}
	}
	config = config.Clone()
	config.NextProtos = []string{"http/1.1"}
	if config.ServerName == "" {
		config.ServerName = serverName
	}
	return config
}

func tlsReason(err error) string {
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the server does not speak TLS there, which wss and https need"
	}
	return "the TLS handshake failed"
}

// contextOr returns the error of the context if it has ended, since then that
// is why err happened.
func contextOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
