package wsconn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/wsstream/wsstream/wsconn/internal/proxy"
)

// ProxyError is the cause of a [*HandshakeError] that a proxy is to blame for:
// it was not there, or did not open the way to the server. The server has not
// answered then, and the status of the HandshakeError is 0.
type ProxyError struct {
	// URL is that of the proxy, without its userinfo.
	URL string

	// Status is the HTTP status of the proxy's answer to CONNECT, or 0 if
	// there was none, as with SOCKS5.
	Status int

	// Header is the header of that answer.
	Header http.Header

	// Err is the cause where there was no answer, or nil.
	Err error
}

// Error says which proxy failed, and why.
func (e *ProxyError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("the proxy %s: %v", e.URL, e.Err)
	}
	return fmt.Sprintf("the proxy %s answered %s", e.URL, statusText(e.Status))
}

// Unwrap returns the cause.
func (e *ProxyError) Unwrap() error { return e.Err }

// Steps on the way to a proxy, for the reason of a failure.
var (
	errProxyDial = errors.New("dial")
	errProxyTLS  = errors.New("TLS")
)

// proxyStep is an error with the step at which it happened.
type proxyStep struct{ step, err error }

func (e *proxyStep) Error() string { return e.err.Error() }

// failure makes an error of what came of a dial to an address through the
// proxy.
func (p *proxyServer) failure(ctx context.Context, address string, err error) *HandshakeError {
	cause := &ProxyError{URL: p.String(), Err: err}
	failure := &HandshakeError{Err: cause}
	var step *proxyStep
	var refusal *proxy.Refusal
	var auth *proxy.AuthError
	switch {
	case errors.As(err, &refusal):
		cause.Status, cause.Header, cause.Err = refusal.Status, refusal.Header, nil
		failure.Reason = fmt.Sprintf("the proxy %s answered %s%s", p, statusText(refusal.Status), p.cure(refusal, address))
		return failure
	case errors.As(err, &step):
		cause.Err = step.err
		failure.Reason = step.reason(p)
	case errors.As(err, &auth):
		cause.Err = auth.Err
		failure.Reason = fmt.Sprintf("DialOptions.ProxyAuth has no answer to the proxy %s", p)
	default:
		failure.Reason = fmt.Sprintf("the proxy %s did not connect to %s", p, address)
		if strings.Contains(err.Error(), "authentication") && p.url.User == nil {
			failure.Reason += ", and may want credentials: put user:password into its URL"
		}
	}
	cause.Err = contextOr(ctx, cause.Err)
	return failure
}

func (e *proxyStep) reason(p *proxyServer) string {
	if e.step == errProxyDial {
		return fmt.Sprintf("could not connect to the proxy %s", p)
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](e.err); ok {
		return fmt.Sprintf("the proxy %s does not speak TLS there: for most proxies the scheme is http, also for wss", p)
	}
	return fmt.Sprintf("the TLS handshake with the proxy %s failed", p)
}

// cure says what may help against a refusal.
func (p *proxyServer) cure(r *proxy.Refusal, address string) string {
	switch r.Status {
	case http.StatusProxyAuthRequired, http.StatusUnauthorized: // which tinyproxy answers
		var schemes []string
		for _, challenge := range r.Header.Values("Proxy-Authenticate") {
			scheme, _, _ := strings.Cut(challenge, " ")
			schemes = append(schemes, scheme)
		}
		cure := "put user:password into its URL, or set DialOptions.ProxyAuth"
		switch {
		case r.Asked > 0:
			cure = "what DialOptions.ProxyAuth gives is not what it wants"
		case p.url.User != nil:
			cure = "the credentials in its URL are not what it wants, and DialOptions.ProxyAuth can give others"
		}
		if len(schemes) == 0 {
			return ": " + cure
		}
		return fmt.Sprintf(" and asks for %.60q: %s", strings.Join(schemes, ", "), cure)
	case http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return fmt.Sprintf(" to CONNECT %s: many proxies allow port 443 alone, so wss may pass", address)
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return fmt.Sprintf(": it did not reach %s", address)
	}
	return fmt.Sprintf(" to CONNECT %s", address)
}

func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}
