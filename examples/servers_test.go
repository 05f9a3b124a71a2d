package examples_test

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

func testEcho(t *testing.T, e example) {
	server := e.start(t, "-addr", "127.0.0.1:0")
	url := "ws://" + server.address(t)

	client := e.start(t, "-url", url)
	io.WriteString(client.stdin, "hello\nwörld\n")
	client.stdin.Close()
	client.wantExit(t, 0)
	if got := client.stdout.String(); got != "hello\nwörld\n" {
		t.Errorf("the client prints %q", got)
	}

	s := dial(t, url, nil)
	ctx, cancel := patient()
	defer cancel()
	if err := s.WriteMessage(ctx, wsconn.Binary, []byte{0xff}); err != nil {
		t.Fatal(err)
	}
	if typ, p, err := s.ReadMessage(ctx); typ != wsconn.Binary || string(p) != "\xff" || err != nil {
		t.Errorf("%v %q, %v", typ, p, err)
	}

	client = e.start(t, "-url", url)
	io.WriteString(client.stdin, "hello\n")
	client.stdout.await(t, "hello")
	wantStop(t, server, s)
	io.WriteString(client.stdin, "are you there?\n")
	client.wantExit(t, 1)
}

func testChat(t *testing.T, e example) {
	server := e.start(t, "-addr", "127.0.0.1:0")
	addr := server.address(t)
	wantPage(t, "http://"+addr, "'chat'")

	url := "ws://" + addr + "/chat"
	first := dial(t, url, nil)
	wantHear(t, first, "visitor 1 has come")
	second := dial(t, url, nil)
	for _, s := range []*wsconn.Socket{first, second} {
		wantHear(t, s, "visitor 2 has come")
	}
	say(t, first, "<b>is anybody there?")
	for _, s := range []*wsconn.Socket{first, second} {
		wantHear(t, s, "visitor 1: <b>is anybody there?")
	}
	second.Close()
	wantHear(t, first, "visitor 2 has gone")
	spare, err := net.Dial("tcp", addr) // as browsers have
	if err != nil {
		t.Fatal(err)
	}
	defer spare.Close()
	wantStop(t, server, first)
}

func testAuth(t *testing.T, e example) {
	server := e.start(t, "-addr", "127.0.0.1:0")
	addr := server.address(t)
	wantPage(t, "http://"+addr, "'socket'")
	ann, bob := newVisitor(t, addr), newVisitor(t, addr)

	ann.wantRefused(t, http.StatusUnauthorized, nil)
	ann.post(t, "login", "user=ann")
	bob.post(t, "login", "user=bob")
	forAnn, forBob := dial(t, ann.url, ann.options), dial(t, bob.url, bob.options)
	wantHear(t, forAnn, "you are ann")
	wantHear(t, forBob, "you are bob")
	ann.wantRefused(t, http.StatusForbidden, http.Header{"Origin": {"https://evil.example"}})
	for _, cookie := range ann.set {
		if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode {
			t.Errorf("a cookie for everybody: %v", cookie)
		}
	}

	ann.post(t, "logout", "")
	err := lastError(forAnn)
	if closed, ok := errors.AsType[*wsconn.CloseError](err); !ok || closed.Code != frames.ClosePolicyViolation {
		t.Errorf("after the logout: %v", err)
	}
	ann.wantRefused(t, http.StatusUnauthorized, nil)
	wantStop(t, server, forBob)
}

// visitor is a browser, as far as that matters here.
type visitor struct {
	page, url string
	client    http.Client
	options   *wsconn.DialOptions
	set       []*http.Cookie
}

func newVisitor(t *testing.T, addr string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{page: "http://" + addr + "/", url: "ws://" + addr + "/socket"}
	v.client = http.Client{Jar: jar, Timeout: testnet.Patience, Transport: new(http.Transport),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	v.options = &wsconn.DialOptions{Jar: jar}
	t.Cleanup(v.client.CloseIdleConnections)
	return v
}

// post sends a form, after which the browser shall look at the page again.
func (v *visitor) post(t *testing.T, path, form string) {
	t.Helper()
	values, err := url.ParseQuery(form)
	if err != nil {
		t.Fatal(err)
	}
	response, err := v.client.PostForm(v.page+path, values)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	v.set = append(v.set, response.Cookies()...)
	if response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != "/" {
		t.Errorf("%s: %s to %q", path, response.Status, response.Header.Get("Location"))
	}
}

func (v *visitor) wantRefused(t *testing.T, status int, header http.Header) {
	t.Helper()
	options := *v.options
	options.Header = header
	wantRefused(t, v.url, status, &options)
}

func testTLS(t *testing.T, e example) {
	server := e.start(t, "-addr", "127.0.0.1:0")
	words := strings.Fields(server.stdout.await(t, `go run ./examples/tls (.*)\n`)[1])
	client := e.start(t, words...)
	client.wantExit(t, 0)
	if got := client.stdout.String(); got != "hello, in TLS 1.3\n" {
		t.Errorf("the client prints %q", got)
	}
	stranger := e.start(t, words[:2]...)
	stranger.wantExit(t, 1)
	stranger.stderr.await(t, "certificate")
	wantStop(t, server)
	wantGone(t, words[3])
}

func testEndpoints(t *testing.T, e example) {
	server := e.start(t, "-addr", "127.0.0.1:0")
	addr := server.address(t)
	wantRefused(t, "ws://"+addr+"/lower", http.StatusNotFound, nil)
	socket := func(path string) *wsconn.Socket { return dial(t, "ws://"+addr+path, nil) }

	upper, clock := socket("/upper"), socket("/time")
	say(t, upper, "hello")
	wantHear(t, upper, "HELLO")
	if now := hear(t, clock); !regexp.MustCompile(`^\d\d:\d\d:\d\d$`).MatchString(now) {
		t.Errorf("the time is %q", now)
	}
	red1, red2, blue1, blue2 := socket("/rooms/red"), socket("/rooms/red"), socket("/rooms/blue"), socket("/rooms/blue")
	testnet.Poll(t, "the last socket", func() bool {
		return get(t, "http://"+addr) == "upper 1, time 1, rooms 4\n"
	})
	say(t, red1, "from red")
	wantHear(t, red2, "from red")
	say(t, blue1, "from blue")
	wantHear(t, blue2, "from blue")
	say(t, red2, "back")
	wantHear(t, red1, "back") // and nothing else before it
	wantStop(t, server, upper, clock, red1, red2, blue1, blue2)
}

func testStats(t *testing.T, e example) {
	server := e.start(t, "-addr", "127.0.0.1:0")
	addr := server.address(t)
	wantPage(t, "http://"+addr, "'stats'")
	first, second := dial(t, "ws://"+addr+"/stats", nil), dial(t, "ws://"+addr+"/stats", nil)
	for _, s := range []*wsconn.Socket{first, second} {
		testnet.Poll(t, "a report of two", func() bool {
			var figures struct {
				Watchers, Goroutines int
				HeapMiB              float64
				Uptime               string
			}
			if err := json.Unmarshal([]byte(hear(t, s)), &figures); err != nil {
				t.Fatal(err)
			}
			if figures.Goroutines == 0 || figures.HeapMiB <= 0 || figures.Uptime == "" {
				t.Errorf("figures are missing: %+v", figures)
			}
			return figures.Watchers == 2
		})
	}
	wantStop(t, server, first, second)
}

func wantRefused(t *testing.T, url string, status int, options *wsconn.DialOptions) {
	t.Helper()
	ctx, cancel := patient()
	defer cancel()
	s, err := wsconn.DialSocket(ctx, url, options)
	if err == nil {
		s.Terminate()
	}
	if e, ok := errors.AsType[*wsconn.HandshakeError](err); !ok || e.Status != status {
		t.Errorf("%s: %v, want status %d", url, err, status)
	}
}

// wantPage wants HTML that opens the WebSocket at an endpoint.
func wantPage(t *testing.T, url, endpoint string) {
	t.Helper()
	page := get(t, url)
	for _, part := range []string{"<!DOCTYPE html>", "new WebSocket(", endpoint} {
		if !strings.Contains(page, part) {
			t.Errorf("the page has no %s:\n%s", part, page)
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	client := http.Client{Timeout: testnet.Patience, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", url, response.Status, err)
	}
	return string(body)
}
