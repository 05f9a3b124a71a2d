package wsconn

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
)

// received is what ReadHandshake, and perhaps accept, made of a connection.
type received struct {
	r   *http.Request
	u   upgraded
	err error
}

// acceptBare is a server without net/http.
func acceptBare(ctx context.Context, conn net.Conn, opts *AcceptOptions) (got received) {
	w, r, err := ReadHandshake(ctx, conn)
	if err != nil {
		return received{err: err}
	}
	u, err := accept(w, r, opts, true)
	return received{r, u, err}
}

// bareExchange sends bytes to such a server and reads to the end what it
// answers.
func bareExchange(t *testing.T, opts *AcceptOptions, request string) (*http.Response, string, received) {
	t.Helper()
	client, conn := testnet.Pipe(1 << 20)
	outcome := make(chan received, 1)
	go func() { outcome <- acceptBare(t.Context(), conn, opts) }()
	io.WriteString(client, request)
	method, _, _ := strings.Cut(request, " ")
	in := bufio.NewReader(client)
	client.SetReadDeadline(time.Now().Add(testnet.Patience))
	resp, err := http.ReadResponse(in, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%.100q: %v", request, err)
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return resp, "", testnet.Take(t, "the connection", outcome)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("%.100q: body %q, %v", request, body, err)
	}
	if rest, err := io.ReadAll(in); len(rest) > 0 || err != nil {
		t.Errorf("%.100q: %q and %v behind the answer, want the end", request, rest, err)
	}
	client.Close()
	got := testnet.Take(t, "the refusal", outcome)
	if _, err := conn.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("%.100q: the connection is left open: %v", request, err)
	}
	return resp, string(body), got
}

func TestReadHandshakeRefuses(t *testing.T) {
	many := func(n int) string { return strings.Repeat("X: y\r\n", n) }
	for _, tt := range []struct {
		name, request string
		status        int
	}{
		{"no Host", edit("Host: example.com\r\n", ""), 400},
		{"two Hosts", addField("Host: example.com"), 400},
		{"two Hosts in another case", addField("hOST: other"), 400},
		{"a Host with a path", edit("Host: example.com", "Host: example.com/x"), 400},
		{"a Host with userinfo", edit("Host: example.com", "Host: a@example.com"), 400},
		{"two Hosts in one", edit("Host: example.com", "Host: example.com, other"), 400},
		{"a Host with a quote", edit("Host: example.com", `Host: example.com"`), 400},
		{"a Host with a backslash", edit("Host: example.com", `Host: example.com\x`), 400},
		{"a Host with markup", edit("Host: example.com", "Host: <b>example.com"), 400},
		{"a Host that is not ASCII", edit("Host: example.com", "Host: ex\xc3\xa4mple.com"), 400},
		{"no version", edit(" HTTP/1.1", ""), 400},
		{"no target", edit("GET /path ", "GET "), 400},
		{"a bad version", edit("HTTP/1.1", "HTTP/one"), 400},
		{"a bad target", edit("/path", "path"), 400},
		{"a bad method", edit("GET", "G(T"), 400},
		{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
		{"HTTP/3 in letters", edit("HTTP/1.1", "HTTP/3.0"), 505},
		{"an empty line first", "\r\n" + goodRequest, 400},
		{"bare LF", strings.ReplaceAll(goodRequest, "\r\n", "\n"), 400},
		{"one bare LF", edit("example.com\r\n", "example.com\n"), 400},
		{"bare CR", addField("X: a\rY: b"), 400},
		{"NUL", addField("X: a\x00b"), 400},
		{"a folded line", addField("X: a\r\n b"), 400},
		{"a space before the colon", addField("X : a"), 400},
		{"a space before the name", edit("Host", " Host"), 400},
		{"no colon", addField("Broken"), 400},
		{"no name", addField(": x"), 400},
		{"a name that is no token", addField("X(: a"), 400},
		{"a body", edit("\r\n\r\n", "\r\nContent-Length: 5\r\n\r\nhello"), 400},
		{"a chunked body", edit("\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400},
		{"both kinds of body", addField("Content-Length: 0\r\nTransfer-Encoding: chunked"), 400},
		{"another coding", addField("Transfer-Encoding: gzip"), 400},
		{"two lengths", addField("Content-Length: 0\r\nContent-Length: 1"), 400},
		{"a bad length", addField("Content-Length: +0"), 400},
		{"too many fields", edit("\r\n\r\n", "\r\n"+many(maxFields-4)+"\r\n"), 431},
		{"a long line", addField("X: " + strings.Repeat("y", maxHead)), 431},
		{"a long target", edit("/path", "/"+strings.Repeat("y", maxHead)), 431},
		{"a line without end", strings.Repeat("y", 2*maxHead), 431},
		{"many long lines", edit("\r\n\r\n", "\r\n"+strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 70)+"\r\n"), 431},
		{"TLS", "\x16\x03\x01\x02\x00\n", 400},

		// These are Accept's.
		{"a page", "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", 426},
		{"HTTP/1.0 without a Host", "GET / HTTP/1.0\r\n\r\n", 426},
		{"POST", edit("GET", "POST"), 405},
		{"HEAD", edit("GET", "HEAD"), 405},
		{"other Origin", addField("Origin: https://evil.example"), 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, body, got := bareExchange(t, &AcceptOptions{}, tt.request)
			if resp.StatusCode != tt.status || resp.ProtoMinor != 1 || !resp.Close || resp.ContentLength <= 0 || resp.Header.Get("Date") == "" {
				t.Errorf("%s %v, length %d, close %t, want %d", resp.Status, resp.Header, resp.ContentLength, resp.Close, tt.status)
			}
			e, ok := errors.AsType[*HandshakeError](got.err)
			if !ok || e.Status != tt.status || e.RemoteAddr == "" || e.Reason == "" {
				t.Fatalf("%+v, want status %d", got.err, tt.status)
			}
			if tt.name != "HEAD" && string(e.Body) != body {
				t.Errorf("%q was answered, the error has %q", body, e.Body)
			}
		})
	}
}

func TestReadHandshakeAccepts(t *testing.T) {
	for _, tt := range []struct {
		name, request string
	}{
		{"plain", goodRequest},
		{"a body of no bytes", addField("Content-Length: 0")},
		{"as many fields as allowed", edit("\r\n\r\n", "\r\n"+strings.Repeat("X: y\r\n", maxFields-5)+"\r\n")},
		{"a long line", addField("X: " + strings.Repeat("y", maxHead-500))},
		{"an empty field", addField("X:")},
		{"text that is not ASCII", addField("X: \xc3\xa4\xff")},
		{"tabs", edit("Host: example.com", "Host:\texample.com\t")},
		{"a whole URL", edit("/path", "http://other/path")},
		{"a query", edit("/path", "/path?a=b%20c")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, _, got := bareExchange(t, &AcceptOptions{}, tt.request)
			if resp.StatusCode != 101 || got.err != nil {
				t.Fatalf("%s, %v", resp.Status, got.err)
			}
			got.u.conn.Close()
			want := requestOverHTTP(t, tt.request)
			r := got.r
			if r.Method != want.Method || r.URL.String() != want.URL.String() || r.Host != want.Host || r.RequestURI != want.RequestURI || r.Proto != want.Proto ||
				fmt.Sprint(r.Header) != fmt.Sprint(want.Header) || r.ContentLength != want.ContentLength || r.Body != http.NoBody || r.TLS != nil {
				t.Errorf("%+v\nwant as net/http has it\n%+v", r, want)
			}
			if a, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr); r.RemoteAddr == "" || a == nil {
				t.Errorf("from %q, to %v", r.RemoteAddr, a)
			}
		})
	}
}

// requestOverHTTP returns what net/http makes of a request.
func requestOverHTTP(t *testing.T, request string) *http.Request {
	requests := make(chan *http.Request, 1)
	l := newPipeListener()
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { requests <- r })}
	go server.Serve(l)
	defer server.Close()
	client, conn := testnet.Pipe(1 << 20)
	defer client.Close()
	l.conns <- conn
	io.WriteString(client, request)
	return testnet.Take(t, "the request over net/http", requests)
}
