package wsconn

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// hopping answers each request by what hops has for its host and path, or with
// 101, and records who has sent which header.
func hopping(hops map[string]string, name string, seen *[]string) func(context.Context, string, string) (net.Conn, error) {
	return scripted(func(conn net.Conn, r *http.Request) {
		*seen = append(*seen, fmt.Sprintf("%s%s %q", r.Host, r.URL.Path, r.Header[name]))
		answer := hops[r.Host+r.URL.Path]
		if answer == "" {
			answer = goodAnswer
		}
		io.WriteString(conn, strings.Replace(answer, "ACCEPT", acceptValue(r.Header.Get("Sec-Websocket-Key")), 1))
	})
}

func newJar(t *testing.T) http.CookieJar {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return jar
}

func found(location, fields string) string {
	return "HTTP/1.1 302 Found\r\nLocation: " + location + "\r\n" + fields + "Content-Length: 0\r\n\r\n"
}

// Each host gets the cookies that are its own, and none of the caller's.
func TestCookiesOverRedirects(t *testing.T) {
	jar := newJar(t)
	jar.SetCookies(&url.URL{Scheme: "http", Host: "a.test"}, []*http.Cookie{{Name: "old", Value: "1"}})
	var seen []string
	hops := map[string]string{
		"a.test/":  found("http://b.test/x", "Set-Cookie: a=2\r\nSet-Cookie: deep=3; Path=/later\r\n"),
		"b.test/x": found("http://a.test/later", "Set-Cookie: b=5; Path=/\r\nSet-Cookie: old=; Max-Age=0\r\n"),
	}
	u, err := dial(t.Context(), "ws://a.test/", &DialOptions{
		Jar:         jar,
		Redirects:   5,
		Header:      http.Header{"Cookie": {"own=0", "own=1"}},
		DialContext: hopping(hops, "Cookie", &seen),
	}, true)
	if err != nil {
		t.Fatal(err)
	}
	u.conn.Close()
	want := []string{
		`a.test/ ["own=0; own=1; old=1"]`,
		`b.test/x []`,
		`a.test/later ["deep=3; old=1; a=2"]`,
	}
	if !slices.Equal(seen, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(seen, "\n"), strings.Join(want, "\n"))
	}
}

// The jar gets the cookies of whatever answer there was.
func TestCookiesOfEachAnswer(t *testing.T) {
	const field = "Set-Cookie: id=7; Path=/; Secure\r\n"
	for name, answer := range map[string]string{
		"accepted":  strings.TrimSuffix(goodAnswer, "\r\n") + field + "\r\n",
		"refused":   "HTTP/1.1 401 X\r\n" + field + "Content-Length: 0\r\n\r\n",
		"redirect":  found("/", field),
		"not proof": "HTTP/1.1 101 X\r\n" + field + "\r\n",
	} {
		jar := newJar(t)
		s := newHandshakeServer(t, &AcceptOptions{}, func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				io.WriteString(conn, strings.Replace(answer, "ACCEPT", acceptValue(r.Header.Get("Sec-Websocket-Key")), 1))
			})
		})
		s.StartTLS()
		u, err := dial(t.Context(), s.URL+"/chat?q", &DialOptions{Jar: jar, TLSConfig: s.Client().Transport.(*http.Transport).TLSClientConfig}, true)
		if err == nil {
			u.conn.Close()
		}
		if (err == nil) != (name == "accepted") {
			t.Errorf("%s: %v", name, err)
		}
		at, _ := url.Parse(s.URL)
		if got := fmt.Sprint(jar.Cookies(at)); got != "[id=7]" {
			t.Errorf("%s: the jar has %s", name, got)
		}
	}
}
