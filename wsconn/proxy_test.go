package wsconn

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

var everyProxy = []string{"http", "https", "socks5", "socks5h"}

func schemeOf(secure bool) string {
	if secure {
		return "wss"
	}
	return "ws"
}

// Every kind of proxy, before every kind of server. What comes out is the
// transport itself: the fast paths of TCP look at its type.
func TestProxyKinds(t *testing.T) {
	for _, scheme := range everyProxy {
		for _, secure := range []bool{false, true} {
			for _, userinfo := range []string{"", "us@er:p%:/w ö"} {
				t.Run(fmt.Sprintf("%s to %s as %q", scheme, schemeOf(secure), userinfo), func(t *testing.T) {
					s, p, opts := proxied(t, scheme, userinfo, secure)
					u, err := dial(t.Context(), schemeOf(secure)+"://localhost:81/", opts, true)
					if err != nil {
						t.Fatal(err)
					}
					defer u.conn.Close()
					got := <-s.outcome
					if got.err != nil {
						t.Fatal(got.err)
					}
					_, isTCP := u.conn.(*net.TCPConn)
					_, isTLS := u.conn.(*tls.Conn)
					if plain := !secure && scheme != "https"; isTCP != plain || isTLS == plain {
						t.Errorf("the transport is a %T", u.conn)
					}
					want := []string{"localhost:81"}
					if asked, _ := p.seen(); scheme != "socks5" && !slices.Equal(asked, want) {
						t.Errorf("the proxy was asked for %q", asked)
					} else if host, _, _ := net.SplitHostPort(asked[0]); scheme == "socks5" && !net.ParseIP(host).IsLoopback() {
						t.Errorf("the proxy was asked for %q, want an address", asked)
					}
					echoOnce(t, u.conn, got.u.conn)
				})
			}
		}
	}
}

func echoOnce(t *testing.T, a, b net.Conn) {
	t.Helper()
	go io.WriteString(b, "ping")
	p := make([]byte, 4)
	if _, err := io.ReadFull(a, p); err != nil || string(p) != "ping" {
		t.Errorf("read %q, %v", p, err)
	}
}

func TestProxyTargets(t *testing.T) {
	for _, scheme := range everyProxy {
		for url, want := range map[string]string{
			"ws://127.0.0.1/":               "127.0.0.1:80",
			"ws://[::1]:82/":                "[::1]:82",
			"ws://[fe80::1%25eth0]:83/":     "[fe80::1]:83",
			"ws://[2001:DB8:0::0001]/path?": "[2001:db8::1]:80",
		} {
			s, p, opts := proxied(t, scheme, "", false)
			u, err := dial(t.Context(), url, opts, true)
			if err != nil {
				t.Errorf("%s to %s: %v", scheme, url, err)
				continue
			}
			u.conn.Close()
			<-s.outcome
			if asked, _ := p.seen(); !slices.Equal(asked, []string{want}) {
				t.Errorf("%s to %s: asked for %q, want %q", scheme, url, asked, want)
			}
		}
	}
}

// A proxy that says no is told from a server that does, and the text says what
// to do, without the secret.
func TestProxyRefusesCredentials(t *testing.T) {
	for _, scheme := range everyProxy {
		isHTTP := strings.HasPrefix(scheme, "http")
		wrong := "authentication failed"
		if isHTTP {
			wrong = "the credentials in its URL"
		}
		for userinfo, cure := range map[string]string{"": "put user:password into its URL", "user:secret2": wrong} {
			for _, secure := range []bool{false, true} {
				_, p, opts := proxied(t, scheme, "user:secret", secure)
				opts.Proxy = p.use(userinfo)
				e := failedDial(t, t.Context(), schemeOf(secure)+"://localhost/", opts)
				cause, ok := errors.AsType[*ProxyError](e)
				if !ok || e.Status != 0 || cause.URL != scheme+"://"+p.listener.Addr().String() {
					t.Errorf("%s as %q: %+v", scheme, userinfo, e)
					continue
				}
				if isHTTP && (cause.Status != 407 || cause.Header.Get("Proxy-Authenticate") == "" || cause.Err != nil) {
					t.Errorf("%s as %q: %+v", scheme, userinfo, cause)
				}
				if !isHTTP && (cause.Status != 0 || cause.Err == nil) {
					t.Errorf("%s as %q: %+v", scheme, userinfo, cause)
				}
				for _, text := range []string{cause.URL, cure} {
					if !strings.Contains(e.Error(), text) {
						t.Errorf("%v\nlacks %q", e, text)
					}
				}
				if strings.Contains(e.Error()+cause.Error(), "secret") || e.Timeout() {
					t.Errorf("%v", e)
				}
			}
		}
	}
}

func TestProxyIsDead(t *testing.T) {
	for _, scheme := range everyProxy {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := l.Addr().String()
		l.Close()
		e := failedDial(t, t.Context(), "wss://localhost/", &DialOptions{Proxy: http.ProxyURL(&url.URL{Scheme: scheme, Host: address, User: url.UserPassword("u", "secret")})})
		_, isNet := errors.AsType[*net.OpError](e)
		want := "could not connect to the proxy " + scheme + "://" + address
		if _, ok := errors.AsType[*ProxyError](e); !ok || !isNet || !strings.Contains(e.Error(), want) || strings.Contains(e.Error(), "secret") {
			t.Errorf("%v\nlacks %q", e, want)
		}
	}
}

func TestProxyTLS(t *testing.T) {
	_, p, opts := proxied(t, "https", "", true)
	// The name of the server is not that of the proxy.
	opts.TLSConfig.ServerName = "other.example"
	e := failedDial(t, t.Context(), "wss://localhost/", opts)
	if _, ok := errors.AsType[*tls.CertificateVerificationError](e); !ok || errors.As(e, new(*ProxyError)) {
		t.Errorf("%v, want that the server is another one", e)
	}
	if asked, _ := p.seen(); len(asked) != 1 {
		t.Errorf("the proxy was asked for %q", asked)
	}
	// Its ECH is not for the proxy either.
	opts.TLSConfig.EncryptedClientHelloConfigList = []byte("of the server")
	if e = failedDial(t, t.Context(), "wss://localhost/", opts); errors.As(e, new(*ProxyError)) {
		t.Errorf("%v, want that the proxy is well", e)
	}
	opts.TLSConfig = nil
	e = failedDial(t, t.Context(), "ws://localhost/", opts)
	if _, ok := errors.AsType[*tls.CertificateVerificationError](e); !ok || !errors.As(e, new(*ProxyError)) {
		t.Errorf("%v, want that the proxy is not known", e)
	}
	_, p, opts = proxied(t, "http", "", false)
	opts.Proxy = http.ProxyURL(&url.URL{Scheme: "https", Host: p.listener.Addr().String()})
	if e = failedDial(t, t.Context(), "ws://localhost/", opts); !strings.Contains(e.Error(), "does not speak TLS") {
		t.Errorf("%v", e)
	}
}

func TestProxyURLs(t *testing.T) {
	for _, tt := range []struct{ url, want string }{
		{"ftp://p", `scheme of a proxy is http, https, socks5 or socks5h, not "ftp"`},
		{"socks://p", "scheme of a proxy"},
		{"socks4://p", "scheme of a proxy"},
		{"p:3128", "scheme of a proxy"},
		{"//p", "scheme of a proxy"},
		{"http:p", "needs a host"},
		{"http://", "needs a host"},
		{"http://user:secret@p:x", "does not parse"},
		{"http://p:99999", "valid port"},
	} {
		u, err := url.Parse(tt.url)
		if err != nil {
			continue // net/url is the one to say so
		}
		u.User = url.UserPassword("u", "secret")
		e := failedDial(t, t.Context(), "ws://h/", &DialOptions{Proxy: http.ProxyURL(u)})
		if !strings.Contains(e.Error(), tt.want) || !strings.Contains(e.Error(), "DialOptions.Proxy") || strings.Contains(e.Error(), "secret") {
			t.Errorf("%s: %v, want %q in it", tt.url, e, tt.want)
		}
	}
	for raw, want := range map[string]string{
		"http://p": "p:80", "https://p": "p:443", "socks5://p": "p:1080", "socks5h://P:1": "p:1", "http://[::1]": "[::1]:80", "http://bücher.example/x": "xn--bcher-kva.example:80",
	} {
		u, _ := url.Parse(raw)
		if p, err := newProxyServer(u); err != nil || p.address != want {
			t.Errorf("%s: %+v, %v, want %s", raw, p, err, want)
		}
	}
	no := errors.New("no")
	e := failedDial(t, t.Context(), "ws://h/", &DialOptions{Proxy: func(*http.Request) (*url.URL, error) { return nil, no }})
	if !errors.Is(e, no) {
		t.Errorf("%v", e)
	}
}

// What is asked for a proxy is what the request will be, and may be changed
// without harm.
func TestProxyIsAskedWithTheRequest(t *testing.T) {
	s, p, opts := proxied(t, "http", "", false)
	var seen []string
	opts.Header = http.Header{"X-Own": {"1"}}
	opts.BeforeRequest = func(r *http.Request) error { r.Header.Set("X-Hook", "2"); return nil }
	opts.Proxy = func(r *http.Request) (*url.URL, error) {
		seen = append(seen, fmt.Sprint(r.Method, " ", r.URL, " ", r.Host, " ", r.Header["X-Own"], " ", r.Header["X-Hook"], " ", r.Context().Err()))
		r.Header.Set("Upgrade", "h2c")
		r.Header["X-Own"][0] = "changed"
		r.URL.Host = "elsewhere"
		return p.use("")(r)
	}
	opts.ProxyHeader = http.Header{"user-agent": {"test/1"}}
	u, err := dial(t.Context(), "ws://localhost:8080/path?q", opts, true)
	if err != nil {
		t.Fatal(err)
	}
	u.conn.Close()
	<-s.outcome
	if want := []string{"GET http://localhost:8080/path?q localhost:8080 [1] [2] <nil>"}; !slices.Equal(seen, want) {
		t.Errorf("asked with %q, want %q", seen, want)
	}
	asked, fields := p.seen()
	if !slices.Equal(asked, []string{"localhost:8080"}) || fields[0].Get("User-Agent") != "test/1" || fields[0].Get("X-Own") != "" {
		t.Errorf("the proxy was asked for %q with %v", asked, fields)
	}
}

func TestProxyHeaderIsChecked(t *testing.T) {
	for name, value := range map[string]string{"host": "x", "Content-Length": "1", "transfer-encoding": "chunked", "X": "a\r\nb", "a b": "c"} {
		e := failedDial(t, t.Context(), "ws://h/", &DialOptions{ProxyHeader: http.Header{name: {value}}})
		if !strings.Contains(e.Error(), "DialOptions.ProxyHeader") {
			t.Errorf("%s: %v", name, e)
		}
	}
	e := failedDial(t, t.Context(), "ws://h/", &DialOptions{Header: http.Header{"proxy-authorization": {"Basic x"}}})
	if !strings.Contains(e.Error(), "DialOptions.ProxyHeader") {
		t.Errorf("%v", e)
	}
}

// Each hop has its own proxy, and what is for a proxy is not for the server.
func TestProxyOnEachHop(t *testing.T) {
	var seen []string
	server := newHandshakeServer(t, &AcceptOptions{}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen = append(seen, fmt.Sprint(r.Host, r.URL.Path, r.Header["Proxy-Authorization"], r.Header["X-Proxy"], r.Header["Authorization"]))
			switch r.Host {
			case "a.test":
				http.Redirect(w, r, "http://b.test/2", http.StatusFound)
			case "b.test":
				http.Redirect(w, r, "http://c.test/3", http.StatusFound)
			default:
				next.ServeHTTP(w, r)
			}
		})
	})
	server.Start()
	address := server.Listener.Addr().String()
	first, second := newTestProxy(t, "http", "u:first", address), newTestProxy(t, "socks5h", "u:second", address)
	third := newTestProxy(t, "http", "", address)
	u, err := dial(t.Context(), "ws://user:pw@a.test/", &DialOptions{
		Redirects:   2,
		ProxyHeader: http.Header{"X-Proxy": {"1"}},
		Proxy: func(r *http.Request) (*url.URL, error) {
			switch r.URL.Host {
			case "a.test":
				return first.use("u:first")(r)
			case "b.test":
				return second.use("u:second")(r)
			}
			return third.use("")(r)
		},
	}, true)
	if err != nil {
		t.Fatal(err)
	}
	u.conn.Close()
	if got := <-server.outcome; got.err != nil {
		t.Error(got.err)
	}
	if want := []string{"a.test/[] [] [Basic dXNlcjpwdw==]", "b.test/2[] [] []", "c.test/3[] [] []"}; !slices.Equal(seen, want) {
		t.Errorf("the server saw %q, want %q", seen, want)
	}
	for i, p := range []*testProxy{first, second, third} {
		asked, fields := p.seen()
		if want := []string{[]string{"a.test:80", "b.test:80", "c.test:80"}[i]}; !slices.Equal(asked, want) {
			t.Errorf("proxy %d was asked for %q, want %q", i, asked, want)
		}
		if i != 1 && (fields[0].Get("X-Proxy") != "1" || fields[0].Get("Authorization") != "") {
			t.Errorf("proxy %d got %v", i, fields[0])
		}
		if i == 2 && fields[0].Get("Proxy-Authorization") != "" {
			t.Errorf("proxy %d got the credentials of another one", i)
		}
	}
}
