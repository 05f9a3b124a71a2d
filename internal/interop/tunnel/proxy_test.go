package tunnel_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/internal/interop/program"
)

// outward are the proxies that a client may have to go through.
var outward = []struct {
	name  string
	start func(t *testing.T, allowed string, user *url.Userinfo) *url.URL
	// What the client says of wrong credentials, and of none.
	wrong, none string
}{
	{"tinyproxy", func(t *testing.T, allowed string, user *url.Userinfo) *url.URL {
		u, _ := program.Tinyproxy(t, allowed, user)
		return u
	}, "401", "407"},
	{"squid", func(t *testing.T, allowed string, user *url.Userinfo) *url.URL {
		u, _ := program.Squid(t, "http", allowed, user)
		return u
	}, "407", "407"},
	{"microsocks", func(t *testing.T, _ string, user *url.Userinfo) *url.URL {
		u, _ := program.Microsocks(t, user)
		return u
	}, "authentication", "authentication"},
}

// Streams through a proxy on the way to the server, with and without
// credentials, and what is said if they are wrong.
func TestProxy(t *testing.T) {
	const password = "right-password"
	known := url.UserPassword("user", password)
	for _, p := range outward {
		t.Run(p.name, func(t *testing.T) {
			server, target := startServer(t), startTarget(t)
			address := strings.Trim(strings.TrimPrefix(server, "ws:"), "/")
			with := func(proxy *url.URL, user *url.Userinfo) []string {
				u := *proxy
				u.User = user
				return []string{"client", server, "-L", "0:" + target, "-proxy", u.String()}
			}
			everybody, members := p.start(t, address, nil), p.start(t, address, known)
			for _, args := range [][]string{with(everybody, nil), with(members, known)} {
				at := start(t, args...).says(`forwarding (\S+) to `)
				if err := exchange(at, some); err != nil {
					t.Error(err)
				}
			}
			for _, tt := range []struct {
				user *url.Userinfo
				says string
			}{
				{nil, p.none},
				{url.UserPassword("user", "wrong-password"), p.wrong},
				{url.UserPassword("nobody", password), p.wrong},
			} {
				wantFailure(t, with(members, tt.user), members.Host, tt.says)
			}
		})
	}
}

// Without -proxy the environment says which one to use. The server has a name that
// only the proxy can find.
func TestProxyOfEnvironment(t *testing.T) {
	target := startTarget(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(startServer(t), "ws://"), ":")
	port = strings.TrimSuffix(port, "/")
	proxy, _ := program.Squid(t, "http", "127.0.0.1:"+port, nil)
	t.Setenv("HTTP_PROXY", proxy.String())
	t.Setenv("http_proxy", proxy.String())
	t.Setenv("NO_PROXY", "")
	t.Setenv("no_proxy", "")
	url := "ws://" + program.SquidHost + ":" + port + "/"
	if err := exchange(startClient(t, url, "-L", "0:"+target), some); err != nil {
		t.Error(err)
	}
}

// wantFailure fails the test if the program does not end with exit code 1, and
// one line that has certain words and no password.
func wantFailure(t *testing.T, args []string, words ...string) {
	t.Helper()
	p := start(t, args...)
	code, output := p.Wait(), p.Output()
	if lines := strings.Count(output, "\n"); code != 1 || lines != 1 {
		t.Errorf("exit code %d and %d lines, want 1 of each:\n%s", code, lines, output)
	}
	for _, w := range words {
		if !strings.Contains(output, w) {
			t.Errorf("there is no %q in %s", w, output)
		}
	}
	if strings.Contains(output, "-password") {
		t.Errorf("a password is told: %s", output)
	}
}
