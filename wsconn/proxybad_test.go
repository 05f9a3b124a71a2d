package wsconn

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
)

func through(scheme string) func(*http.Request) (*url.URL, error) {
	return http.ProxyURL(&url.URL{Scheme: scheme, Host: "localhost", User: url.UserPassword("user", "secret")})
}

func TestBadProxies(t *testing.T) {
	for _, tt := range []struct {
		name, answer string
		status       int
		want         string
	}{
		{"nothing", "", 0, "did not answer"},
		{"half an answer", "HTTP/1.1 200 OK\r\nX: ", 0, "unexpected EOF"},
		{"garbage", "SSH-2.0-OpenSSH_9.9\r\n", 0, "no HTTP/1"},
		{"TLS", "\x15\x03\x01\x00\x02\x02\x50", 0, "no HTTP/1"},
		{"HTTP/2", "HTTP/2 200\r\n\r\n", 0, "no HTTP/1"},
		{"no status", "HTTP/1.1\r\n\r\n", 0, "answered with"},
		{"garbage in the status", "HTTP/1.1 2x0 OK\r\n\r\n", 0, "answered with"},
		{"four digits", "HTTP/1.1 2000 OK\r\n\r\n", 0, "answered with"},
		{"garbage in the header", "HTTP/1.1 200 OK\r\ngarbage\r\n\r\n", 0, "the header of the proxy's answer"},
		{"endless header", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("a", 1000)+"\r\n", 1000), 0, "too long"},
		{"endless line", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("a", 1<<20), 0, "too long"},
		{"endless status line", "HTTP/1.1 200 " + strings.Repeat("a", 1<<20), 0, "too long"},
		{"many fields", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 257) + "\r\n", 0, "header fields"},
		{"interim answers for ever", strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 9), 0, "interim"},
		{"101", "HTTP/1.1 101 Switching Protocols\r\n\r\n", 101, "answered 101"},
		{"a redirect", "HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\n\r\n", 302, "answered 302 Found to CONNECT"},
		{"403", "HTTP/1.1 403 Forbidden\r\n\r\n", 403, "answered 403 Forbidden to CONNECT example.com:81: many proxies allow port 443 alone"},
		{"405", "HTTP/1.1 405 X\r\n\r\n", 405, "answered 405 Method Not Allowed to CONNECT"},
		{"407", "HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=\"a b\"\r\nProxy-Authenticate: NTLM\r\n\r\n", 407, `asks for "Basic, NTLM": the credentials in its URL`},
		{"502", "HTTP/1.1 502 Bad Gateway\r\n\r\n", 502, "it did not reach example.com:81"},
		{"an unknown status", "HTTP/1.1 599 X\r\n\r\n", 599, "answered 599 to CONNECT"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := failedDial(t, t.Context(), "ws://u:secret@example.com:81/path", &DialOptions{
				Redirects: 3, Proxy: through("http"), DialContext: answering(tt.answer),
			})
			cause, ok := errors.AsType[*ProxyError](e)
			if !ok || e.Status != 0 || e.Header != nil || cause.Status != tt.status || (cause.Header != nil) != (tt.status != 0) || (cause.Err != nil) != (tt.status == 0) {
				t.Fatalf("%+v", e)
			}
			for _, want := range []string{"ws://example.com:81/path", "http://localhost", tt.want} {
				if !strings.Contains(e.Error(), want) {
					t.Errorf("%v\nlacks %q", e, want)
				}
			}
			if text := e.Error() + cause.Error(); strings.Contains(text, "secret") || errors.Is(e, io.EOF) || e.Timeout() {
				t.Errorf("%s", text)
			}
		})
	}
}

func TestBadSOCKSProxies(t *testing.T) {
	for name, tt := range map[string]struct{ answers, want string }{
		"nothing":            {"", "unexpected EOF"},
		"HTTP":               {"HTTP/1.1 400 Bad Request\r\n", "SOCKS5"},
		"SOCKS4":             {"\x00\x5b", "SOCKS5"},
		"no method":          {"\x05\xff", "authentication"},
		"another method":     {"\x05\x01", "authentication"},
		"half an answer":     {"\x05\x02\x01\x00\x05\x00\x00", "unexpected EOF"},
		"not allowed":        {"\x05\x02\x01\x00\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00", "not allowed"},
		"refused":            {"\x05\x00\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00", "refused"},
		"an unknown address": {"\x05\x00\x05\x00\x00\x09\x00\x00\x00\x00\x00\x00", "address"},
	} {
		e := failedDial(t, t.Context(), "ws://example.com/", &DialOptions{Proxy: through("socks5h"), DialContext: func(context.Context, string, string) (net.Conn, error) {
			client, proxy := net.Pipe()
			go func() {
				defer proxy.Close()
				go io.Copy(io.Discard, proxy)
				io.WriteString(proxy, tt.answers)
			}()
			return client, nil
		}})
		if _, ok := errors.AsType[*ProxyError](e); !ok || !strings.Contains(e.Error(), tt.want) ||
			!strings.Contains(e.Error(), "the proxy socks5h://localhost did not connect to example.com:80") || strings.Contains(e.Error(), "secret") || errors.Is(e, io.EOF) {
			t.Errorf("%s: %v", name, e)
		}
	}
}

// What comes right behind the answer of the proxy is the server's, however it
// was cut on the way.
func TestProxyEarlyBytes(t *testing.T) {
	const answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: nonsense\r\n\r\n"
	early := answer + "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
	for cut := range len(early) {
		links := 0
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(code int, header textproto.MIMEHeader) error { links += len(header["Link"]); return nil },
		})
		u, err := dial(ctx, "ws://h/", &DialOptions{Proxy: through("http"), DialContext: scripted(func(conn net.Conn, _ *http.Request) {
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				io.WriteString(conn, early[:cut])
				io.WriteString(conn, early[cut:])
			}()
			r, err := http.ReadRequest(bufio.NewReader(conn))
			if <-sent; err == nil {
				io.WriteString(conn, strings.Replace(goodAnswer, "ACCEPT", acceptValue(r.Header.Get("Sec-Websocket-Key")), 1)+"\x82\x00")
			}
		})}, true)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		rest, _ := io.ReadAll(u.conn)
		if all := string(u.buffered) + string(rest); all != "\x82\x00" || links != 1 {
			t.Fatalf("cut at %d: %q is left, and %d interim answers", cut, all, links)
		}
		u.conn.Close()
	}
	// A server with TLS has nothing to say so early but an alert.
	e := failedDial(t, t.Context(), "wss://h/", &DialOptions{Proxy: through("http"), DialContext: scripted(func(conn net.Conn, _ *http.Request) {
		go io.WriteString(conn, answer+"\x15\x03\x03\x00\x02\x02\x28")
		io.Copy(io.Discard, conn)
	})})
	if !strings.Contains(e.Error(), "remote error: tls: handshake failure") {
		t.Errorf("%v", e)
	}
}

// silent are proxies that stop to answer at some step.
var silent = []struct {
	name, scheme, target string
	answers              string
}{
	{"to CONNECT", "http", "ws://h/", ""},
	{"in the middle of an answer", "http", "wss://h/", "HTTP/1.1 200 OK\r\nX:"},
	{"to TLS", "https", "ws://h/", ""},
	{"to SOCKS5", "socks5h", "ws://h/", ""},
	{"to credentials", "socks5h", "ws://h/", "\x05\x02"},
	{"to the address", "socks5h", "wss://h/", "\x05\x02\x01\x00"},
	{"in the tunnel", "http", "ws://h/", "HTTP/1.1 200 OK\r\n\r\n"},
	{"in the tunnel, to TLS", "socks5h", "wss://h/", "\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"},
}

func TestSilentProxies(t *testing.T) {
	for _, tt := range silent {
		for _, cancelled := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/cancelled %v", tt.name, cancelled), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					start := time.Now()
					e := failedDial(t, ctx, tt.target, &DialOptions{
						HandshakeTimeout: time.Minute, Proxy: through(tt.scheme),
						DialContext: func(context.Context, string, string) (net.Conn, error) {
							client, proxy := testnet.Pipe()
							go func() {
								defer proxy.Close()
								io.WriteString(proxy, tt.answers)
								if cancelled {
									time.Sleep(time.Second)
									cancel()
								}
								io.Copy(io.Discard, proxy)
							}()
							return client, nil
						},
					})
					want, cause := time.Minute, context.DeadlineExceeded
					if cancelled {
						want, cause = time.Second, context.Canceled
					}
					if took := time.Since(start); took != want || !errors.Is(e, cause) || e.Timeout() == cancelled {
						t.Errorf("%v after %v", e, took)
					}
					if inTunnel := strings.HasPrefix(tt.name, "in the tunnel"); errors.As(e, new(*ProxyError)) == inTunnel {
						t.Errorf("%v", e)
					}
					if !cancelled && !strings.Contains(e.Error(), "within DialOptions.HandshakeTimeout, 1m0s") {
						t.Errorf("%v", e)
					}
				})
			})
		}
	}
}
