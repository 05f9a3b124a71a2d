package wsconn

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// withoutProxies takes the variables for proxies away for a test.
func withoutProxies(t *testing.T) {
	t.Setenv("REQUEST_METHOD", "")
	for _, name := range proxyVariables {
		t.Setenv(name, "")
		t.Setenv(strings.ToLower(name), "")
	}
}

func TestProxyFromEnvironment(t *testing.T) {
	type env map[string]string
	for _, tt := range []struct {
		name string
		env  env
		url  string
		want string // "" for none, "error" for one
	}{
		{"nothing", nil, "http://h/", ""},
		{"HTTP_PROXY for ws", env{"HTTP_PROXY": "http://p:1"}, "http://h/", "http://p:1"},
		{"HTTP_PROXY is not for wss", env{"HTTP_PROXY": "http://p:1"}, "https://h/", ""},
		{"HTTPS_PROXY for wss", env{"HTTPS_PROXY": "http://p:1"}, "https://h/", "http://p:1"},
		{"HTTPS_PROXY is not for ws", env{"HTTPS_PROXY": "http://p:1"}, "http://h/", ""},
		{"in small letters", env{"https_proxy": "socks5h://p"}, "https://h/", "socks5h://p"},
		{"small letters first", env{"https_proxy": "http://a", "HTTPS_PROXY": "http://b"}, "https://h/", "http://a"},
		{"without a scheme", env{"HTTP_PROXY": "p:3128"}, "http://h/", "http://p:3128"},
		{"with credentials", env{"HTTP_PROXY": "http://u:p@p"}, "http://h/", "http://u:p@p"},
		{"ALL_PROXY for ws", env{"ALL_PROXY": "socks5://p"}, "http://h/", "socks5://p"},
		{"ALL_PROXY for wss", env{"all_proxy": "socks5://p"}, "https://h/", "socks5://p"},
		{"small letters first, for all", env{"all_proxy": "http://a", "ALL_PROXY": "http://b"}, "https://h/", "http://a"},
		{"its own variable first", env{"ALL_PROXY": "http://a", "HTTPS_PROXY": "http://b"}, "https://h/", "http://b"},
		{"the other's variable", env{"ALL_PROXY": "http://a", "HTTPS_PROXY": "http://b"}, "http://h/", "http://a"},
		{"NO_PROXY, a name", env{"HTTP_PROXY": "http://p", "NO_PROXY": "x, h"}, "http://h/", ""},
		{"NO_PROXY, another name", env{"HTTP_PROXY": "http://p", "NO_PROXY": "x,y.h"}, "http://h/", "http://p"},
		{"NO_PROXY, a domain", env{"HTTP_PROXY": "http://p", "no_proxy": "example.com"}, "http://a.example.com/", ""},
		{"NO_PROXY, a port", env{"HTTP_PROXY": "http://p", "NO_PROXY": "h:81"}, "http://h/", "http://p"},
		{"NO_PROXY, this port", env{"HTTP_PROXY": "http://p", "NO_PROXY": "h:81"}, "http://h:81/", ""},
		{"NO_PROXY, a network", env{"HTTPS_PROXY": "http://p", "NO_PROXY": "10.0.0.0/8"}, "https://10.1.2.3/", ""},
		{"NO_PROXY, an IPv6 address", env{"HTTPS_PROXY": "http://p", "NO_PROXY": "2001:db8::1"}, "https://[2001:db8::1]:81/", ""},
		{"NO_PROXY for ALL_PROXY", env{"ALL_PROXY": "http://p", "NO_PROXY": "h"}, "http://h/", ""},
		{"NO_PROXY, everything", env{"ALL_PROXY": "http://p", "NO_PROXY": "*"}, "https://h/", ""},
		{"localhost", env{"ALL_PROXY": "http://p"}, "http://localhost:1/", ""},
		{"loopback", env{"HTTP_PROXY": "http://p"}, "http://127.0.0.1:1/", ""},
		{"loopback, IPv6", env{"HTTPS_PROXY": "http://p"}, "https://[::1]/", ""},
		{"in a CGI program", env{"HTTP_PROXY": "http://p", "REQUEST_METHOD": "GET"}, "http://h/", "error"},
		{"in a CGI program, for all", env{"ALL_PROXY": "http://p", "REQUEST_METHOD": "GET"}, "http://h/", "http://p"},
		{"no URL", env{"HTTP_PROXY": "http://u:secret@p:port"}, "http://h/", "error"},
		{"no URL, for all", env{"ALL_PROXY": "http://u:secret@p:port"}, "https://h/", "error"},
		{"no URL, without a scheme", env{"HTTP_PROXY": "p:port"}, "http://h/", "error"},
		{"no host", env{"HTTP_PROXY": "http://"}, "http://h/", "error"},
		{"no URL where none is needed", env{"HTTP_PROXY": "http://u:secret@p:port", "NO_PROXY": "h"}, "http://h/", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			withoutProxies(t)
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			at, err := url.Parse(tt.url)
			if err != nil {
				t.Fatal(err)
			}
			u, err := proxyFromEnvironment(&http.Request{URL: at})
			got := ""
			switch {
			case err != nil:
				got = "error"
			case u != nil:
				got = u.String()
			}
			if got != tt.want || err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("%v, %v, want %q", u, err, tt.want)
			}
		})
	}
}

// The default is the environment, at every dial anew; a Unix socket has none,
// and NoProxy is none.
func TestDialAsksTheEnvironment(t *testing.T) {
	withoutProxies(t)
	dialed := func(url string, choose func(*http.Request) (*url.URL, error)) string {
		var got string
		failedDial(t, t.Context(), url, &DialOptions{Proxy: choose, DialContext: func(_ context.Context, network, address string) (net.Conn, error) {
			got = network + " " + address
			return nil, errors.New("no")
		}})
		return got
	}
	if got := dialed("ws://h/", nil); got != "tcp h:80" {
		t.Errorf("without variables: %s", got)
	}
	t.Setenv("HTTP_PROXY", "http://p")
	t.Setenv("ALL_PROXY", "socks5h://all")
	for _, tt := range []struct {
		url    string
		choose func(*http.Request) (*url.URL, error)
		want   string
	}{
		{"ws://h/", nil, "tcp p:80"},
		{"wss://h/", nil, "tcp all:1080"},
		{"ws://127.0.0.1/", nil, "tcp 127.0.0.1:80"},
		{"ws://h/", NoProxy, "tcp h:80"},
		{"ws+unix:/s:/p", nil, "unix /s"},
		{"ws+unix:/s:/p", http.ProxyURL(&url.URL{Scheme: "http", Host: "x"}), "unix /s"},
		{"ws://127.0.0.1/", http.ProxyURL(&url.URL{Scheme: "http", Host: "x"}), "tcp x:80"},
	} {
		if got := dialed(tt.url, tt.choose); got != tt.want {
			t.Errorf("%s: dialed %s, want %s", tt.url, got, tt.want)
		}
	}
	t.Setenv("HTTP_PROXY", "gopher://p")
	if e := failedDial(t, t.Context(), "ws://h/", &DialOptions{}); !strings.Contains(e.Error(), "the environment") || !strings.Contains(e.Error(), "gopher") {
		t.Errorf("%v", e)
	}
}
