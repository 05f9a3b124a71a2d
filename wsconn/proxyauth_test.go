package wsconn

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// challenger is an HTTP proxy over net.Pipe that answers each CONNECT but the
// last with a 407. Behind the last it is the server.
type challenger struct {
	refusal string   // the 407
	rounds  int      // how many of them
	close   bool     // the connection after each
	conns   int      // how many were dialed
	asked   []string // each Proxy-Authorization
}

func (c *challenger) dial(context.Context, string, string) (net.Conn, error) {
	c.conns++
	client, proxy := net.Pipe()
	go func() {
		defer proxy.Close()
		r := bufio.NewReader(proxy)
		for {
			request, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			if request.Method != http.MethodConnect {
				io.WriteString(proxy, strings.Replace(goodAnswer, "ACCEPT", acceptValue(request.Header.Get("Sec-Websocket-Key")), 1))
				if auth := request.Header["Proxy-Authorization"]; auth != nil {
					c.asked = append(c.asked, "the server saw "+auth[0])
				}
				return
			}
			c.asked = append(c.asked, request.Header.Get("Proxy-Authorization"))
			if len(c.asked) > c.rounds {
				io.WriteString(proxy, "HTTP/1.1 200 OK\r\n\r\n")
				continue
			}
			if io.WriteString(proxy, c.refusal); c.close {
				return
			}
		}
	}()
	return client, nil
}

const challenge = "HTTP/1.1 407 X\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM x\r\n"

func TestProxyAuthRounds(t *testing.T) {
	const body = "Content-Length: 5\r\n\r\nhello"
	for _, tt := range []struct {
		name   string
		c      challenger
		userPW *url.Userinfo
		conns  int
		first  string
	}{
		{"one round", challenger{refusal: challenge + body, rounds: 1}, nil, 1, ""},
		{"four rounds", challenger{refusal: challenge + body, rounds: 4}, nil, 1, ""},
		{"no body", challenger{refusal: challenge + "Content-Length: 0\r\n\r\n", rounds: 2}, nil, 1, ""},
		{"chunked", challenger{refusal: challenge + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", rounds: 2}, nil, 1, ""},
		{"interim answers", challenger{refusal: "HTTP/1.1 100 Continue\r\n\r\n" + challenge + body, rounds: 2}, nil, 1, ""},
		{"credentials in the URL", challenger{refusal: challenge + body, rounds: 1}, url.UserPassword("u", "p"), 1, "Basic dTpw"},
		{"closes and says so", challenger{refusal: challenge + "Connection: close\r\n" + body, rounds: 3, close: true}, nil, 4, ""},
		{"closes and says so otherwise", challenger{refusal: challenge + "Proxy-Connection: Close\r\n" + body, rounds: 1}, nil, 2, ""},
		{"closes and does not say so", challenger{refusal: challenge + body, rounds: 3, close: true}, nil, 4, ""},
		{"closes with the body", challenger{refusal: challenge + "\r\nhello", rounds: 2, close: true}, nil, 3, ""},
		{"HTTP/1.0", challenger{refusal: strings.Replace(challenge, "1.1", "1.0", 1) + body, rounds: 1}, nil, 2, ""},
		{"a long body", challenger{refusal: challenge + "Content-Length: 100000\r\n\r\n" + strings.Repeat("x", 100_000), rounds: 1}, nil, 2, ""},
		{"a long body in chunks", challenger{refusal: challenge + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("400\r\n"+strings.Repeat("x", 1024)+"\r\n", 200), rounds: 1}, nil, 2, ""},
		{"more than an answer", challenger{refusal: challenge + body + "HTTP/1.1 200 OK\r\n\r\n", rounds: 1}, nil, 2, ""},
		{"no length that can be read", challenger{refusal: challenge + "Content-Length: x\r\n\r\n", rounds: 1}, nil, 2, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				want := []string{tt.first}
				u, err := dial(t.Context(), "ws://h/", &DialOptions{
					DialContext: tt.c.dial,
					Proxy:       http.ProxyURL(&url.URL{Scheme: "http", Host: "p", User: tt.userPW}),
					ProxyAuth: func(_ context.Context, c ProxyChallenge) (string, error) {
						if c.Proxy.Host != "p" || c.Target != "h:80" || !slices.Equal(c.Challenges, []string{"Negotiate", "NTLM x"}) {
							t.Errorf("asked %+v", c)
						}
						want = append(want, fmt.Sprint("Negotiate ", len(want)))
						return want[len(want)-1], nil
					},
				}, true)
				if err != nil {
					t.Fatal(err)
				}
				u.conn.Close()
				synctest.Wait()
				if tt.name == "closes and does not say so" {
					// What found the connection closed was sent again.
					tt.c.asked = slices.Compact(tt.c.asked)
				}
				if !slices.Equal(tt.c.asked, want) || tt.c.conns != tt.conns || len(want) != tt.c.rounds+1 {
					t.Errorf("%d connections, on which came %q, want %d and %q", tt.c.conns, tt.c.asked, tt.conns, want)
				}
			})
		})
	}
}

func TestProxyAuthFails(t *testing.T) {
	no := errors.New("no ticket")
	for _, tt := range []struct {
		name   string
		auth   func(context.Context) (string, error)
		status int
		want   string
	}{
		{"asked for ever", func(context.Context) (string, error) { return "x", nil }, 407, `asks for "Negotiate, NTLM": what DialOptions.ProxyAuth gives`},
		{"error", func(context.Context) (string, error) { return "", no }, 0, "DialOptions.ProxyAuth has no answer to the proxy http://p: no ticket"},
		{"control character", func(context.Context) (string, error) { return "a\r\nb", nil }, 0, "control character"},
	} {
		c := challenger{refusal: challenge + "Content-Length: 0\r\n\r\n", rounds: 100}
		asked := 0
		e := failedDial(t, t.Context(), "ws://h/", &DialOptions{
			DialContext: c.dial,
			Proxy:       http.ProxyURL(&url.URL{Scheme: "http", Host: "p"}),
			ProxyAuth: func(ctx context.Context, _ ProxyChallenge) (string, error) {
				asked++
				return tt.auth(ctx)
			},
		})
		cause, ok := errors.AsType[*ProxyError](e)
		if !ok || cause.Status != tt.status || !strings.Contains(e.Error(), tt.want) || errors.Is(e, no) != (tt.name == "error") {
			t.Errorf("%s: %v", tt.name, e)
		}
		if want := map[string]int{"asked for ever": 4}[tt.name]; want != 0 && asked != want {
			t.Errorf("%s: asked %d times", tt.name, asked)
		}
	}
}

// A proxy that does not end its answer costs a second and a new connection.
func TestProxyAuthWithBodyThatStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := challenger{refusal: challenge + "Content-Length: 100\r\n\r\nbegin", rounds: 1}
		start := time.Now()
		u, err := dial(t.Context(), "ws://h/", &DialOptions{
			DialContext: c.dial,
			Proxy:       http.ProxyURL(&url.URL{Scheme: "http", Host: "p"}),
			ProxyAuth:   func(context.Context, ProxyChallenge) (string, error) { return "x", nil },
		}, true)
		if err != nil {
			t.Fatal(err)
		}
		u.conn.Close()
		if took := time.Since(start); took != time.Second || c.conns != 2 {
			t.Errorf("%d connections after %v", c.conns, took)
		}
	})
}
