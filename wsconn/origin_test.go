package wsconn

import (
	"net/http"
	"strings"
	"testing"
)

func TestCheckOrigin(t *testing.T) {
	for _, tt := range []struct {
		name     string
		host     string
		origins  []string
		patterns []string
		ok       bool
	}{
		{"no origin", "example.com", nil, nil, true},
		{"same host", "example.com", []string{"https://example.com"}, nil, true},
		{"same host, plain", "example.com", []string{"http://example.com"}, nil, true},
		{"case", "Example.COM", []string{"HTTPS://eXample.com"}, nil, true},
		{"default port in Host", "example.com:443", []string{"https://example.com"}, nil, true},
		{"default port in Origin", "example.com", []string{"http://example.com:80"}, nil, true},
		{"same port", "example.com:8080", []string{"http://example.com:8080"}, nil, true},
		{"other port", "example.com:8080", []string{"http://example.com:8081"}, nil, false},
		{"other port than the default", "example.com", []string{"https://example.com:8443"}, nil, false},
		{"other default port", "example.com:80", []string{"https://example.com"}, nil, false},
		{"other host", "example.com", []string{"https://evil.example"}, nil, false},
		{"suffix", "example.com", []string{"https://evil-example.com"}, nil, false},
		{"prefix", "example.com", []string{"https://example.com.evil"}, nil, false},
		{"subdomain", "example.com", []string{"https://a.example.com"}, nil, false},
		{"parent", "a.example.com", []string{"https://example.com"}, nil, false},
		{"null", "example.com", []string{"null"}, nil, false},
		{"empty", "example.com", []string{""}, nil, false},
		{"no scheme", "example.com", []string{"example.com"}, nil, false},
		{"two origins", "example.com", []string{"https://example.com", "https://example.com"}, nil, false},
		{"two in one", "example.com", []string{"https://example.com https://example.com"}, nil, false},
		{"userinfo", "example.com", []string{"https://example.com@evil.example"}, nil, false},
		{"userinfo before the host", "example.com", []string{"https://user@example.com"}, nil, false},
		{"path", "example.com", []string{"https://example.com/"}, nil, false},
		{"backslash", "example.com", []string{`https://example.com\.evil`}, nil, false},
		{"port that is none", "example.com", []string{"https://example.com:x"}, nil, false},
		{"star in the origin", "example.com", []string{"https://*"}, []string{"*.example.com"}, false},
		{"file", "example.com", []string{"file://"}, nil, false},
		{"no host", "", []string{"https://example.com"}, nil, false},
		{"host that is none", "a:b:c", []string{"https://example.com"}, nil, false},
		{"host with a bad port", "example.com:x", []string{"https://example.com"}, nil, false},
		{"IPv4", "127.0.0.1:80", []string{"http://127.0.0.1"}, nil, true},
		{"IPv6", "[::1]:8080", []string{"http://[0:0:0:0:0:0:0:1]:8080"}, nil, true},
		{"IPv6 without a port", "[::1]", []string{"http://[::1]"}, nil, true},
		{"other IPv6", "[::1]", []string{"http://[::2]"}, nil, false},
		{"IDN", "xn--bcher-kva.example", []string{"https://xn--bcher-kva.example"}, nil, true},
		{"IDN in both scripts", "bücher.example", []string{"https://xn--bcher-kva.example"}, nil, true},
		{"extension of a browser", "abcdef", []string{"chrome-extension://abcdef"}, nil, true},

		{"pattern", "api.example", []string{"https://example.com"}, []string{"other", "example.com"}, true},
		{"pattern, case", "api.example", []string{"https://example.com"}, []string{"Example.Com"}, true},
		{"pattern, suffix", "api.example", []string{"https://evil-example.com"}, []string{"example.com"}, false},
		{"pattern, subdomain", "api.example", []string{"https://a.example.com"}, []string{"example.com"}, false},
		{"pattern, odd port", "api.example", []string{"https://example.com:8443"}, []string{"example.com"}, false},
		{"pattern with a port", "api.example", []string{"https://example.com:8443"}, []string{"example.com:8443"}, true},
		{"pattern with the default port", "api.example", []string{"https://example.com"}, []string{"example.com:443"}, true},
		{"pattern with any port", "api.example", []string{"https://example.com:1"}, []string{"example.com:*"}, true},
		{"any port, none", "api.example", []string{"https://example.com"}, []string{"example.com:*"}, true},
		{"pattern with a scheme", "api.example", []string{"https://example.com"}, []string{"https://example.com"}, true},
		{"pattern with another scheme", "api.example", []string{"http://example.com"}, []string{"https://example.com"}, false},
		{"star, one label", "api.example", []string{"https://a.example.com"}, []string{"*.example.com"}, true},
		{"star, two labels", "api.example", []string{"https://a.b.example.com"}, []string{"*.example.com"}, true},
		{"star, no label", "api.example", []string{"https://example.com"}, []string{"*.example.com"}, false},
		{"star, suffix", "api.example", []string{"https://evil-example.com"}, []string{"*.example.com"}, false},
		{"star, longer", "api.example", []string{"https://a.example.com.evil"}, []string{"*.example.com"}, false},
		{"star in the middle", "api.example", []string{"https://a.x.y.com"}, []string{"a.*.com"}, true},
		{"two stars", "api.example", []string{"https://a.b.c.b.d"}, []string{"*.b.*.d"}, true},
		{"two stars, no match", "api.example", []string{"https://a.b.b.d"}, []string{"*.b.*.c"}, false},
		{"scheme, star and port", "api.example", []string{"https://a.example.com:81"}, []string{"https://*.example.com:*"}, true},
		{"IPv6 pattern", "api.example", []string{"http://[::1]:81"}, []string{"[::1]:81"}, true},
		{"IDN pattern", "api.example", []string{"https://a.xn--bcher-kva.example"}, []string{"*.bücher.example"}, true},
		{"everything", "api.example", []string{"https://evil.example"}, []string{"*"}, true},
		{"everything, null", "api.example", []string{"null"}, []string{"*"}, true},
		{"every host of a scheme", "api.example", []string{"https://a.b"}, []string{"https://*"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &http.Request{Host: tt.host, Header: http.Header{"Origin": tt.origins}}
			refusal, err := checkOrigin(r, 13, tt.patterns)
			if err != nil || (refusal == "") != tt.ok {
				t.Errorf("Host %q, Origin %q, patterns %q: refusal %q, error %v", tt.host, tt.origins, tt.patterns, refusal, err)
			}
		})
	}
}

func TestCheckOriginVersion8(t *testing.T) {
	for _, tt := range []struct {
		header  http.Header
		version int
		ok      bool
	}{
		{http.Header{"Sec-Websocket-Origin": {"https://example.com"}}, 8, true},
		{http.Header{"Sec-Websocket-Origin": {"https://evil.example"}}, 8, false},
		{http.Header{"Origin": {"https://evil.example"}}, 8, false},
		{http.Header{"Origin": {"https://example.com"}, "Sec-Websocket-Origin": {"https://evil.example"}}, 8, false},
		{http.Header{"Origin": {"https://evil.example"}, "Sec-Websocket-Origin": {"https://example.com"}}, 13, false},
	} {
		r := &http.Request{Host: "example.com", Header: tt.header}
		refusal, err := checkOrigin(r, tt.version, nil)
		if err != nil || (refusal == "") != tt.ok {
			t.Errorf("version %d, %v: refusal %q, error %v", tt.version, tt.header, refusal, err)
		}
	}
}

func TestBadOriginPatterns(t *testing.T) {
	r := &http.Request{Host: "example.com", Header: http.Header{"Origin": {"https://example.com"}}}
	for _, pattern := range []string{
		"", "https://", "example.com/", "user@example.com", "ex*mple.com", "*example.com", "example.com:x",
		"example.com:99999", "a b", "null/", "[::1", "[*]", "::1", "://example.com", "a..b",
	} {
		if refusal, err := checkOrigin(r, 13, []string{pattern}); err == nil {
			t.Errorf("pattern %q: refusal %q, want an error", pattern, refusal)
		} else if !strings.Contains(err.Error(), "AcceptOptions.Origins") {
			t.Errorf("pattern %q: %v, want the name of the option in it", pattern, err)
		}
	}
}

func TestOriginRefusalNamesHostAndCure(t *testing.T) {
	r := &http.Request{Host: "127.0.0.1:9000", Header: http.Header{"Origin": {"https://example.com:8443"}}}
	refusal, _ := checkOrigin(r, 13, nil)
	for _, part := range []string{`"https://example.com:8443"`, `"127.0.0.1:9000"`, `add "example.com:8443" to AcceptOptions.Origins`, "proxy"} {
		if !strings.Contains(refusal, part) {
			t.Errorf("%s\nlacks %s", refusal, part)
		}
	}
	// What it advises works.
	if refusal, err := checkOrigin(r, 13, []string{"example.com:8443"}); refusal != "" || err != nil {
		t.Errorf("with the pattern it asks for: %q, %v", refusal, err)
	}
}
