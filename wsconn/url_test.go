package wsconn

import (
	"strings"
	"testing"
)

func TestParseURL(t *testing.T) {
	for _, tt := range []struct {
		url                                  string
		network, address, server, host, path string
		tls                                  bool
	}{
		{"ws://example.com", "tcp", "example.com:80", "example.com", "example.com", "/", false},
		{"wss://example.com", "tcp", "example.com:443", "example.com", "example.com", "/", true},
		{"http://example.com/a", "tcp", "example.com:80", "example.com", "example.com", "/a", false},
		{"https://example.com/a", "tcp", "example.com:443", "example.com", "example.com", "/a", true},
		{"WSS://EXAMPLE.com/A", "tcp", "example.com:443", "example.com", "example.com", "/A", true},
		{"ws://example.com:80/", "tcp", "example.com:80", "example.com", "example.com", "/", false},
		{"ws://example.com:443/", "tcp", "example.com:443", "example.com", "example.com:443", "/", false},
		{"wss://example.com:0443/", "tcp", "example.com:443", "example.com", "example.com", "/", true},
		{"ws://example.com:/", "tcp", "example.com:80", "example.com", "example.com", "/", false},
		{"ws://my_service:8080/x", "tcp", "my_service:8080", "my_service", "my_service:8080", "/x", false},
		{"ws://127.0.0.1:9/", "tcp", "127.0.0.1:9", "127.0.0.1", "127.0.0.1:9", "/", false},
		{"ws://[::1]/", "tcp", "[::1]:80", "::1", "[::1]", "/", false},
		{"wss://[0:0::0001]:8443/", "tcp", "[::1]:8443", "::1", "[::1]:8443", "/", true},
		{"ws://[fe80::1%25eth0]:8080/", "tcp", "[fe80::1%eth0]:8080", "fe80::1", "[fe80::1]:8080", "/", false},
		{"wss://bücher.example/ä", "tcp", "xn--bcher-kva.example:443", "xn--bcher-kva.example", "xn--bcher-kva.example", "/%C3%A4", true},
		{"ws://h?q=1", "tcp", "h:80", "h", "h", "/?q=1", false},
		{"ws://h/?", "tcp", "h:80", "h", "h", "/?", false},
		{"ws://h/a%2Fb?c=%23", "tcp", "h:80", "h", "h", "/a%2Fb?c=%23", false},
		{"ws://h/a b?c d é", "tcp", "h:80", "h", "h", "/a%20b?c%20d%20%C3%A9", false},
		{"ws://user:pass@h/", "tcp", "h:80", "h", "h", "/", false},
		{"ws://h//a", "tcp", "h:80", "h", "h", "//a", false},
		{"ws+unix:/run/app.sock", "unix", "/run/app.sock", "localhost", "localhost", "/", false},
		{"ws+unix:/run/app.sock:/", "unix", "/run/app.sock", "localhost", "localhost", "/", false},
		{"ws+unix:/run/app.sock:/path?q=a:b", "unix", "/run/app.sock", "localhost", "localhost", "/path?q=a:b", false},
		{"ws+unix:///run/app.sock:/path", "unix", "/run/app.sock", "localhost", "localhost", "/path", false},
		{"wss+unix:/run/app.sock:/path", "unix", "/run/app.sock", "localhost", "localhost", "/path", true},
		{"ws+unix:/run/a%3Ab%20c.sock:/d%2Fe:f", "unix", "/run/a:b c.sock", "localhost", "localhost", "/d%2Fe:f", false},
		{"ws+unix:app.sock:/path?q", "unix", "app.sock", "localhost", "localhost", "/path?q", false},
		{"ws+unix:@abstract:/", "unix", "@abstract", "localhost", "localhost", "/", false},
	} {
		t.Run(tt.url, func(t *testing.T) {
			got, err := parseURL(tt.url)
			if err != nil {
				t.Fatal(err)
			}
			got.user = nil
			want := target{network: tt.network, address: tt.address, tls: tt.tls, serverName: tt.server, host: tt.host, request: tt.path}
			if got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			again, err := parseURL(got.String())
			if got.network == "tcp" && !strings.Contains(got.address, "%") && (err != nil || again != want) {
				t.Errorf("%s is read as %+v, %v", got, again, err)
			}
		})
	}
}

func TestParseURLErrors(t *testing.T) {
	for _, tt := range []struct{ url, want string }{
		{"", "scheme"},
		{"example.com", "scheme"},
		{"ftp://example.com/", "scheme"},
		{"//example.com/", "scheme"},
		{"ws:example.com", "needs a host"},
		{"ws:///path", "needs a host"},
		{"ws://:80/", "needs a host"},
		{"ws://exa mple.com/", "does not parse"},
		{"ws://a,b/", "needs a host"},
		{"ws://h\r\nX: y/", "does not parse"},
		{"ws://h/a\r\nX: y", "does not parse"},
		{"ws://h/\x00", "does not parse"},
		{"ws://xn--\u00ad\u200d.example/", "needs a host"},
		{"ws://" + strings.Repeat("a", 300) + "/", "needs a host"},
		{"ws://h:65536/", "no valid port"},
		{"ws://h:x/", "does not parse"},
		{"ws://::1/", "needs a host"},
		{"ws://[::1/", "does not parse"},
		{"ws://[1.2.3.4]/", "does not parse"},
		{"ws://[zz]/", "does not parse"},
		{"ws://h/#", "fragment"},
		{"ws://h/#f", "fragment"},
		{"ws+unix:/s:/p#f", "fragment"},
		{"ws+unix:", "path of a socket"},
		{"ws+unix::/path", "path of a socket"},
		{"ws+unix://host/s:/p", "path of a socket"},
		{"ws+unix:/a%00b:/p", "path of a socket"},
		{"ws+unix:/s:p", "slash"},
		{"ws+unix:s:/%zz", "escape"},
		{"ws+unix:%zz:/", "path of a socket"},
	} {
		got, err := parseURL(tt.url)
		if err == nil {
			t.Errorf("parseURL(%q) = %+v, want an error", tt.url, got)
		} else if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("parseURL(%q): %v, want %q in it", tt.url, err, tt.want)
		}
	}
}

func TestURLErrorsHoldNoPassword(t *testing.T) {
	for _, url := range []string{
		"ws://user:secret@h/#f", "ws://user:secret@h:x/", "ws://user:secret/s@h/", "ws://user:secret@:80/",
		"ftp://user:secret@h/", "ws://user:secret@h h/", "ws://user:secret@exa%zzmple/",
		"user:secret@h/", "ws:user:secret@h/", "ws:/user:secret@h/", "wss//user:secret@h/", "//user:secret@h/", "ws+unix:user:secret@h/",
	} {
		_, err := dial(t.Context(), url, &DialOptions{}, false)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("dial(%q): %v", url, err)
		}
	}
}
