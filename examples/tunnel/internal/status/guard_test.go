package status_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestHost(t *testing.T) {
	h, _ := ends()
	for _, tt := range []struct {
		host string
		good bool
	}{
		{"127.0.0.1", true},
		{"127.0.0.1:9090", true},
		{"192.0.2.7:80", true},
		{"[::1]", true},
		{"[::1]:9090", true},
		{"[fe80::1%eth0]:9090", true},
		{"localhost", true},
		{"LocalHost:9090", true},
		{"", true}, // no browser, but haproxy
		{":9090", false},
		{"example.com", false},
		{"example.com:9090", false},
		{"localhost.example.com", false},
		{"127.0.0.1.example.com:9090", false},
		{"127.0.0.1.", false},
		{"2130706433", false},
		{"0x7f.1", false},
		{"[localhost.example.com]", false},
	} {
		for _, path := range []string{"/", "/status.json", "/metrics", "/healthz", "/readyz", "/nothing"} {
			w := ask(h, "GET", tt.host, path)
			refused := w.Code == http.StatusMisdirectedRequest
			if refused == tt.good {
				t.Errorf("host %q, path %s: %d", tt.host, path, w.Code)
			}
			if refused && !strings.Contains(w.Body.String(), "use the IP address, or localhost") {
				t.Errorf("host %q, path %s: %q", tt.host, path, w.Body)
			}
		}
	}
}

// Everything that is answered tells the browser what it may do.
func TestHeaders(t *testing.T) {
	h, _ := ends()
	for _, tt := range []struct{ method, host, path string }{
		{"GET", "localhost", "/"},
		{"GET", "localhost", "/status.json"},
		{"GET", "localhost", "/metrics"},
		{"GET", "localhost", "/nothing"},
		{"POST", "localhost", "/"},
		{"GET", "example.com", "/"},
	} {
		header := ask(h, tt.method, tt.host, tt.path).Header()
		for name, want := range map[string]string{
			"Cache-Control":                "no-store",
			"X-Content-Type-Options":       "nosniff",
			"Content-Security-Policy":      "default-src 'none'; ",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Access-Control-Allow-Origin":  "",
		} {
			if got := header.Get(name); !strings.HasPrefix(got, want) || want == "" && got != "" {
				t.Errorf("%v: %s: %q, want %q", tt, name, got, want)
			}
		}
	}
}
