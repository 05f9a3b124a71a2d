package wsconn

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

func TestRedirectCredentials(t *testing.T) {
	const from = "wss://user:pass@a.example/dir/page?q"
	for _, tt := range []struct {
		name, from, location string
		url                  string // where it leads, or "" for an error
		kept                 bool   // the credentials
	}{
		{"path", from, "/other", "wss://a.example/other", true},
		{"relative path", from, "other?x#fragment", "wss://a.example/dir/other?x", true},
		{"query", from, "?x", "wss://a.example/dir/page?x", true},
		{"same host", from, "wss://a.example/", "wss://a.example/", true},
		{"same host, said otherwise", from, "https://A.EXAMPLE:443/", "wss://a.example/", true},
		{"other host", from, "wss://b.example/", "wss://b.example/", false},
		{"other host, same scheme", from, "//b.example/x", "wss://b.example/x", false},
		{"subdomain", from, "wss://x.a.example/", "wss://x.a.example/", false},
		{"other port", from, "wss://a.example:8443/", "wss://a.example:8443/", false},
		{"down to ws", from, "ws://a.example/", "ws://a.example/", false},
		{"down to ws on the same port", from, "http://a.example:443/", "ws://a.example:443/", false},
		{"up to wss on the same port", "ws://user:pass@a.example:81/", "wss://a.example:81/", "wss://a.example:81/", true},
		{"to a Unix socket", from, "ws+unix:/s:/p", "", false},
		{"to a Unix socket with the name of the server", from, "ws+unix:a.example%3A443:/p", "", false},
		{"from a Unix socket", "ws+unix://user:pass@/s:/p", "ws://localhost/", "ws://localhost/", false},
		{"other Unix socket", "ws+unix://user:pass@/s:/p", "ws+unix:/s2:/p", "", false},
		{"path behind a Unix socket", "ws+unix://user:pass@/s:/p/q", "r", "ws+unix:/s:/p/r", true},
		{"no Location", from, "", "", false},
		{"no WebSocket", from, "mailto:a@b", "", false},
		{"no URL", from, "http://a b/", "", false},
		{"no URL, relative", from, ":x", "", false},
		{"line break", from, "/a\r\nX: y", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			start, err := parseURL(tt.from)
			if err != nil {
				t.Fatal(err)
			}
			q, err := newClientRequest(start, &DialOptions{Header: http.Header{"cookie": {"c=1"}, "Host": {"virtual"}, "X-Own": {"1"}}}, true)
			if err != nil {
				t.Fatal(err)
			}
			key := q.key
			if err := q.redirect(tt.location); (err == nil) != (tt.url != "") {
				t.Fatalf("error %v", err)
			} else if err != nil {
				return
			}
			if got := q.target.String(); got != tt.url {
				t.Errorf("leads to %s, want %s", got, tt.url)
			}
			for _, name := range []string{"Authorization", "Cookie", "Host"} {
				if kept := q.header.Get(name) != ""; kept != tt.kept {
					t.Errorf("%s is kept: %v", name, kept)
				}
			}
			if q.header.Get("X-Own") != "1" || q.key == key {
				t.Errorf("header %v, key %q after %q", q.header, q.key, key)
			}
		})
	}
}

func TestRedirectWithUserinfo(t *testing.T) {
	start, _ := parseURL("ws://user:pass@a.example/")
	q, _ := newClientRequest(start, &DialOptions{}, true)
	if err := q.redirect("ws://other@b.example/"); err != nil {
		t.Fatal(err)
	}
	if got := q.header.Get("Authorization"); got != "Basic b3RoZXI6" {
		t.Errorf("Authorization %q, want that of the new URL", got)
	}
}

// Once on another host, coming back does not bring the credentials back.
func TestRedirectDropsForGood(t *testing.T) {
	start, _ := parseURL("ws://user:pass@a.example/")
	q, _ := newClientRequest(start, &DialOptions{Header: http.Header{"Cookie": {"c=1"}}}, true)
	for _, location := range []string{"ws://b.example/", "ws://a.example/"} {
		if err := q.redirect(location); err != nil {
			t.Fatal(err)
		}
	}
	if len(q.header) != 0 {
		t.Errorf("header %v", q.header)
	}
}

// redirecting answers the path /n with a redirect to /n-1, and /0 with 101.
func redirecting(status int, asked *[]string) func(context.Context, string, string) (net.Conn, error) {
	return scripted(func(conn net.Conn, r *http.Request) {
		*asked = append(*asked, r.Host+r.URL.Path)
		var n int
		if fmt.Sscanf(r.URL.Path, "/%d", &n); n > 0 {
			fmt.Fprintf(conn, "HTTP/1.1 %d X\r\nLocation: http://h%d/%d\r\nContent-Length: 0\r\n\r\n", status, n-1, n-1)
			return
		}
		io.WriteString(conn, strings.Replace(goodAnswer, "ACCEPT", acceptValue(r.Header.Get("Sec-Websocket-Key")), 1))
	})
}

func TestDialRedirects(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for allowed := range 4 {
			var asked []string
			u, err := dial(t.Context(), "ws://h2/2", &DialOptions{Redirects: allowed, DialContext: redirecting(status, &asked)}, true)
			want := []string{"h2/2", "h1/1", "h0/0"}[:min(allowed+1, 3)]
			if fmt.Sprint(asked) != fmt.Sprint(want) {
				t.Errorf("%d, %d allowed: asked %v, want %v", status, allowed, asked, want)
			}
			if allowed >= 2 {
				if err != nil {
					t.Fatal(err)
				}
				u.conn.Close()
				continue
			}
			e, ok := err.(*HandshakeError)
			if !ok || e.Status != status || e.URL != fmt.Sprintf("ws://h%d/%d", 2-allowed, 2-allowed) || !strings.Contains(e.Error(), "DialOptions.Redirects") {
				t.Errorf("%d, %d allowed: %v", status, allowed, err)
			}
		}
	}
}

func TestDialRedirectsThatLeadNowhere(t *testing.T) {
	for _, location := range []string{"", "Location: gopher://h/\r\n", "Location: http://a b/\r\n"} {
		e := failedDial(t, t.Context(), "ws://h/", &DialOptions{
			Redirects:   5,
			DialContext: answering("HTTP/1.1 302 Found\r\n" + location + "Content-Length: 0\r\n\r\n"),
		})
		if e.Status != 302 || e.Err == nil {
			t.Errorf("%q: %v", location, e)
		}
	}
	for _, status := range []int{300, 304, 305, 306} {
		e := failedDial(t, t.Context(), "ws://h/", &DialOptions{
			Redirects:   5,
			DialContext: answering(fmt.Sprintf("HTTP/1.1 %d X\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", status)),
		})
		if e.Status != status {
			t.Errorf("%d: %v", status, e)
		}
	}
}

func TestDialRedirectLoopEnds(t *testing.T) {
	asked := 0
	e := failedDial(t, t.Context(), "ws://h/", &DialOptions{Redirects: 10, DialContext: scripted(func(conn net.Conn, _ *http.Request) {
		asked++
		io.WriteString(conn, "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")
	})})
	if e.Status != 302 || asked != 11 {
		t.Errorf("%d requests, %v", asked, e)
	}
}
