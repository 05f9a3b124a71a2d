package wsconn

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
)

// failedDial dials and returns the error, which has to be what Dial promises.
func failedDial(t *testing.T, ctx context.Context, url string, opts *DialOptions) *HandshakeError {
	t.Helper()
	u, err := dial(ctx, url, opts, true)
	e, ok := errors.AsType[*HandshakeError](err)
	if !ok {
		if err == nil {
			u.conn.Close()
		}
		t.Fatalf("error %v, want a *HandshakeError", err)
	}
	return e
}

func TestDialAgrees(t *testing.T) {
	answer := strings.TrimSuffix(goodAnswer, "\r\n") + "Sec-WebSocket-Protocol: b\r\nSec-WebSocket-Extensions: wsstream; half_close; max_message=9\r\n\r\n"
	u, err := dial(t.Context(), "ws://h/", &DialOptions{
		DialContext: answering(answer), Subprotocols: []string{"a", "b"},
		MaxMessage: 5, MaxFragments: -1, CloseTimeout: -1,
	}, true)
	if err != nil {
		t.Fatal(err)
	}
	u.conn.Close()
	if u.subprotocol != "b" || u.stream != (streamTerms{agreed: true, halfClose: true, peerMaxMessage: 9}) || u.role != frames.Client ||
		u.maxMessage != 5 || u.maxFragments != 0 || u.closeTimeout != 0 || u.buffered != nil || u.server != (serverOutcome{}) {
		t.Errorf("%+v", u)
	}
}

func TestDialErrorOfTheNetwork(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	e := failedDial(t, t.Context(), "ws://"+address+"/", &DialOptions{})
	if _, ok := errors.AsType[*net.OpError](e); !ok || e.Status != 0 || !strings.Contains(e.Error(), address) {
		t.Errorf("%v", e)
	}
}

// A DialContext that gives nothing must not bring the program down.
func TestDialContextGivesNothing(t *testing.T) {
	nothing := func(context.Context, string, string) (net.Conn, error) { return nil, nil }
	e := failedDial(t, t.Context(), "ws://h/", &DialOptions{DialContext: nothing})
	if !strings.Contains(e.Error(), "DialOptions.DialContext returned neither") {
		t.Errorf("%v", e)
	}
	synctest.Test(t, func(t *testing.T) { // waits for what is left behind
		ctx, cancel := context.WithCancel(t.Context())
		release := make(chan struct{})
		e := failedDial(t, ctx, "ws://h/", &DialOptions{DialContext: func(context.Context, string, string) (net.Conn, error) {
			cancel()
			<-release
			return nil, nil
		}})
		if !errors.Is(e, context.Canceled) {
			t.Errorf("%v", e)
		}
		close(release)
	})
}

func TestDialMeetsAccept(t *testing.T) {
	for name, start := range map[string]func(s *handshakeServer, opts *DialOptions) (url string){
		"ws": func(s *handshakeServer, _ *DialOptions) string {
			s.Start()
			return "ws" + strings.TrimPrefix(s.URL, "http")
		},
		"http": func(s *handshakeServer, _ *DialOptions) string {
			s.Start()
			return s.URL
		},
		// The configuration of an http.Client that has spoken HTTP/2.
		"wss with h2 in NextProtos": func(s *handshakeServer, opts *DialOptions) string {
			s.EnableHTTP2 = true
			s.StartTLS()
			opts.TLSConfig = s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
			opts.TLSConfig.NextProtos = []string{"h2", "http/1.1"}
			return "wss" + strings.TrimPrefix(s.URL, "https")
		},
		"https with a name of its own": func(s *handshakeServer, opts *DialOptions) string {
			s.StartTLS()
			opts.TLSConfig = s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
			opts.TLSConfig.ServerName = "example.com"
			return s.URL
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newHandshakeServer(t, &AcceptOptions{Subprotocols: []string{"b", "a"}}, nil)
			opts := &DialOptions{Subprotocols: []string{"a", "b"}, Header: http.Header{"Origin": {"https://example.com"}, "Host": {"example.com"}}}
			url := start(s, opts)
			u, err := dial(t.Context(), url, opts, true)
			if err != nil {
				t.Fatal(err)
			}
			defer u.conn.Close()
			got := <-s.outcome
			if got.err != nil {
				t.Fatal(got.err)
			}
			terms := streamTerms{agreed: true, halfClose: true, peerMaxMessage: streamMessage, peerTimeout: defaultKeepAliveTimeout}
			if u.subprotocol != "b" || got.u.subprotocol != "b" || u.stream != terms || got.u.stream != terms {
				t.Errorf("client %+v\nserver %+v", u, got.u)
			}
			if opts.TLSConfig != nil && len(opts.TLSConfig.NextProtos) == 1 {
				t.Error("the caller's TLS configuration was changed")
			}
			if c, ok := u.conn.(*tls.Conn); ok && c.ConnectionState().NegotiatedProtocol == "h2" {
				t.Error("the connection speaks HTTP/2")
			}
			go io.WriteString(got.u.conn, "ping")
			b := make([]byte, 4)
			if _, err := io.ReadFull(u.conn, b); err != nil || string(b) != "ping" {
				t.Errorf("read %q, %v", b, err)
			}
		})
	}
}

func TestDialVersion8(t *testing.T) {
	s := newHandshakeServer(t, &AcceptOptions{}, nil)
	s.Start()
	dialAs := func(origin string) error {
		u, err := dial(t.Context(), s.URL, &DialOptions{Version: 8, Header: http.Header{"Origin": {origin}}}, true)
		if err == nil {
			u.conn.Close()
		}
		<-s.outcome
		return err
	}
	if err := dialAs(s.URL); err != nil {
		t.Error(err)
	}
	if e, ok := errors.AsType[*HandshakeError](dialAs("https://evil.example")); !ok || e.Status != 403 {
		t.Errorf("from another origin: %v", e)
	}
}

func TestDialTLSErrors(t *testing.T) {
	s := newHandshakeServer(t, &AcceptOptions{}, nil)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	address := s.Listener.Addr().String()
	e := failedDial(t, t.Context(), "wss://"+address+"/", &DialOptions{})
	if _, ok := errors.AsType[*tls.CertificateVerificationError](e); !ok {
		t.Errorf("unknown certificate: %v", e)
	}
	e = failedDial(t, t.Context(), "ws://"+address+"/", &DialOptions{})
	if e.Status != 400 || !strings.Contains(e.Error(), "HTTPS") {
		t.Errorf("without TLS where it is needed: %v", e)
	}
	plain := newHandshakeServer(t, &AcceptOptions{}, nil)
	plain.Start()
	e = failedDial(t, t.Context(), "wss://"+plain.Listener.Addr().String()+"/", &DialOptions{})
	if _, ok := errors.AsType[tls.RecordHeaderError](e); !ok || !strings.Contains(e.Error(), "does not speak TLS") {
		t.Errorf("with TLS where there is none: %v", e)
	}
}

func TestDialUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a:b.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := newHandshakeServer(t, &AcceptOptions{Authorize: func(r *http.Request) (any, error) { return r.Host + r.RequestURI, nil }}, nil)
	s.Listener.Close()
	s.Listener = listener
	s.Start()
	u, err := dial(t.Context(), "ws+unix:"+strings.ReplaceAll(filepath.ToSlash(path), ":", "%3A")+":/path?q=1", &DialOptions{}, true)
	if err != nil {
		t.Fatal(err)
	}
	defer u.conn.Close()
	if got := <-s.outcome; got.err != nil || got.u.server.value != "localhost/path?q=1" {
		t.Errorf("the server saw %v, %v", got.u.server.value, got.err)
	}
}

func TestDialBasicAuth(t *testing.T) {
	type credentials struct {
		user, password string
		ok             bool
	}
	s := newHandshakeServer(t, &AcceptOptions{Authorize: func(r *http.Request) (any, error) {
		user, password, ok := r.BasicAuth()
		return credentials{user, password, ok}, nil
	}}, nil)
	s.Start()
	for userinfo, want := range map[string]credentials{
		"":               {},
		"user@":          {"user", "", true},
		"us%40er:p%2Fw@": {"us@er", "p/w", true},
	} {
		u, err := dial(t.Context(), "ws://"+userinfo+s.Listener.Addr().String(), &DialOptions{}, true)
		if err != nil {
			t.Fatal(err)
		}
		u.conn.Close()
		if got := (<-s.outcome).u.server.value; got != want {
			t.Errorf("%q: the server saw %+v, want %+v", userinfo, got, want)
		}
	}
}

// Options and URLs that make no sense do no harm: nothing is dialed.
func TestDialChecksBeforeIO(t *testing.T) {
	opts := DialOptions{DialContext: func(context.Context, string, string) (net.Conn, error) {
		t.Error("it was dialed")
		return nil, errors.New("no")
	}}
	withHeader, withProtocol := opts, opts
	withHeader.Header = http.Header{"X": {"a\r\nb"}}
	withProtocol.Subprotocols = []string{"a\nb"}
	for _, tt := range []struct {
		url  string
		opts DialOptions
	}{
		{"ws://h/#x", opts}, {"gopher://h/", opts}, {"ws://h\r\nX: y/", opts}, {"ws://h/", withHeader}, {"ws://h/", withProtocol},
	} {
		e := failedDial(t, t.Context(), tt.url, &tt.opts)
		if e.Err == nil || e.Status != 0 {
			t.Errorf("%q: %+v", tt.url, e)
		}
	}
}

// The request of a handshake can be large, and its context full: they must go.
func TestAcceptKeepsNoRequest(t *testing.T) {
	var gone atomic.Bool
	s := newHandshakeServer(t, &AcceptOptions{}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			runtime.SetFinalizer(r, func(*http.Request) { gone.Store(true) })
			next.ServeHTTP(w, r)
		})
	})
	s.Start()
	u, err := dial(t.Context(), s.URL, &DialOptions{}, true)
	if err != nil {
		t.Fatal(err)
	}
	defer u.conn.Close()
	got := <-s.outcome
	testnet.Poll(t, "the collection of the request", func() bool {
		runtime.GC()
		return gone.Load()
	})
	runtime.KeepAlive(got)
}
