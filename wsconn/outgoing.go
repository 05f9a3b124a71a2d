package wsconn

import (
	"context"
	"net/http"
	"strings"
)

// request returns the request for this hop as the caller wants it to be sent:
// with the cookies of the jar, and as BeforeRequest leaves it. What makes it a
// handshake is not in it.
func (q *clientRequest) request(ctx context.Context, opts *DialOptions) (*http.Request, *HandshakeError) {
	u, err := q.target.url()
	if err != nil {
		return nil, &HandshakeError{Reason: "the URL is no good", Err: err}
	}
	r := &http.Request{
		Method: http.MethodGet,
		URL:    u,
		Proto:  "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Host:   q.target.host,
		Header: q.header.Clone(),
	}
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
		r.Header.Del("Host")
	}
	r = r.WithContext(ctx)
	addCookies(r, opts.Jar)
	if opts.BeforeRequest != nil {
		if err := opts.BeforeRequest(r); err != nil {
			return nil, &HandshakeError{Reason: "DialOptions.BeforeRequest ended the dial", Err: err}
		}
	}
	if r.Header, err = headerWithHost(r); err != nil {
		return nil, &HandshakeError{Reason: "the request cannot be sent", Err: err}
	}
	r.URL, err = q.target.url() // it was the hook's
	return r, failureOf("the URL is no good", err)
}

// headerWithHost returns the header of a request after BeforeRequest, its Host
// included.
func headerWithHost(r *http.Request) (http.Header, error) {
	header := r.Header.Clone()
	if header == nil {
		header = make(http.Header)
	}
	if header.Get("Host") == "" && r.Host != "" {
		header.Set("Host", r.Host)
	}
	return cleanHeader("DialOptions.BeforeRequest", header)
}

// addCookies adds the cookies of the jar to those of the caller. There is one
// line of them (RFC 6265 section 5.4).
func addCookies(r *http.Request, jar http.CookieJar) {
	if jar == nil {
		return
	}
	cookies := jar.Cookies(r.URL)
	if own := r.Header.Values("Cookie"); len(cookies) > 0 && len(own) > 1 {
		r.Header.Set("Cookie", strings.Join(own, "; "))
	}
	for _, c := range cookies {
		r.AddCookie(c)
	}
}
