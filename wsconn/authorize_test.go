package wsconn

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// refusalOf sends a request to a server with these options, and returns the
// answer and the error of the call, which have to be the same.
func refusalOf(t *testing.T, opts *AcceptOptions, request string) (*http.Response, string, *HandshakeError) {
	t.Helper()
	s := newHandshakeServer(t, opts, nil)
	s.Start()
	resp, body := s.exchange(t, request)
	e, ok := errors.AsType[*HandshakeError]((<-s.outcome).err)
	if !ok {
		t.Fatalf("%s: no *HandshakeError", resp.Status)
	}
	if e.Status != resp.StatusCode || string(e.Body) != body || s.hijacked.Load() != 0 {
		t.Errorf("the error has %d %q, the answer is %d %q", e.Status, e.Body, resp.StatusCode, body)
	}
	for name, values := range e.Header {
		if name != "Connection" && !slices.Equal(resp.Header[name], values) {
			t.Errorf("the error has %s %q, the answer %q", name, values, resp.Header[name])
		}
	}
	if !resp.Close {
		t.Error("no Connection: close")
	}
	return resp, body, e
}

func TestAuthorizeRefuses(t *testing.T) {
	const text = "text/plain; charset=utf-8"
	secret := errors.New("the secret reason")
	var none *RejectError
	for _, tt := range []struct {
		name   string
		err    error
		status int
		body   string
		header http.Header
	}{
		{"any error", secret, 403, "not authorized\n", http.Header{"Content-Type": {text}}},
		{"the zero RejectError", &RejectError{}, 403, "", http.Header{"Content-Type": {text}}},
		{"a nil RejectError", none, 403, "not authorized\n", nil},
		{"challenge", &RejectError{Status: 401, Header: http.Header{"Www-Authenticate": {"Basic", "Bearer"}}, Body: "who are you?"},
			401, "who are you?", http.Header{"Www-Authenticate": {"Basic", "Bearer"}, "Content-Type": {text}}},
		{"inside of another error", fmt.Errorf("%w: %w", secret, &RejectError{Status: 429, Body: "later\n"}), 429, "later\n", nil},
		{"another type", &RejectError{Status: 400, Header: http.Header{"content-type": {"application/json"}}, Body: "{}"},
			400, "{}", http.Header{"Content-Type": {"application/json"}, "X-Content-Type-Options": nil}},
		{"redirect", &RejectError{Status: 302, Header: http.Header{"Location": {"/login"}, "Set-Cookie": {"back=/"}}},
			302, "", http.Header{"Location": {"/login"}, "Set-Cookie": {"back=/"}}},
		{"the server's fault", &RejectError{Status: 503, Header: http.Header{"Retry-After": {"9"}}, Body: "the database is away"},
			503, "the database is away", http.Header{"Retry-After": {"9"}}},
		{"framing is not its own", &RejectError{Header: http.Header{"Connection": {"keep-alive"}, "content-length": {"99"}, "Transfer-Encoding": {"chunked"}, "Trailer": {"X"}}, Body: "b"},
			403, "b", http.Header{"Trailer": nil, "Content-Length": {"1"}}},
		{"a body of many kilobytes", &RejectError{Body: strings.Repeat("x", 100<<10)}, 403, strings.Repeat("x", 100<<10), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := &AcceptOptions{Authorize: func(*http.Request) (any, error) { return "value", tt.err }}
			resp, body, e := refusalOf(t, opts, goodRequest)
			if resp.StatusCode != tt.status || body != tt.body {
				t.Errorf("%s %.40q, want %d %.40q", resp.Status, body, tt.status, tt.body)
			}
			for name, values := range tt.header {
				if got := resp.Header[name]; !slices.Equal(got, values) {
					t.Errorf("%s is %q, want %q", name, got, values)
				}
			}
			if !errors.Is(e, tt.err) {
				t.Errorf("%v does not wrap the hook's error", e)
			}
		})
	}
}

// An answer that would not refuse the client is not sent.
func TestAuthorizeMisuse(t *testing.T) {
	header := func(name, value string) http.Header { return http.Header{name: {value}} }
	for _, tt := range []struct {
		reject RejectError
		want   string
	}{
		{RejectError{Status: 101}, "101 is not the status of a refusal"},
		{RejectError{Status: 200}, "200 is not the status of a refusal"},
		{RejectError{Status: 299}, "299 is not"},
		{RejectError{Status: 99}, "99 is not"},
		{RejectError{Status: -1}, "-1 is not"},
		{RejectError{Status: 600}, "600 is not"},
		{RejectError{Header: header("X", "a\r\nY: b")}, "control character"},
		{RejectError{Header: header("X", "a\nb")}, "control character"},
		{RejectError{Header: header("X: a\r\nY", "b")}, "not the name of a header"},
		{RejectError{Header: header("", "b")}, "not the name of a header"},
	} {
		tt.reject.Body = "for the client"
		opts := &AcceptOptions{Authorize: func(*http.Request) (any, error) { return nil, &tt.reject }}
		resp, body, e := refusalOf(t, opts, goodRequest)
		if resp.StatusCode != 500 || body != "Internal Server Error\n" || resp.Header.Get("Y") != "" {
			t.Errorf("%+v: %s %q", tt.reject, resp.Status, body)
		}
		if !strings.Contains(e.Error(), tt.want) || !strings.Contains(e.Error(), "RejectError") || !errors.Is(e, &tt.reject) {
			t.Errorf("%+v: %v, want %q in it", tt.reject, e, tt.want)
		}
	}
}

// Cookies of a refusal and of middleware both go out, as those of a 101 do.
func TestRefusalKeepsCookiesOfMiddleware(t *testing.T) {
	refuses := func(*http.Request) (any, error) {
		return nil, &RejectError{Header: http.Header{"Set-Cookie": {"b=2", "c=3"}}}
	}
	s := newHandshakeServer(t, &AcceptOptions{Authorize: refuses}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Set-Cookie", "a=1")
			next.ServeHTTP(w, r)
		})
	})
	s.Start()
	resp, _ := s.exchange(t, goodRequest)
	if got := resp.Header["Set-Cookie"]; !slices.Equal(got, []string{"a=1", "b=2", "c=3"}) {
		t.Errorf("Set-Cookie is %q", got)
	}
}

// What middleware has set goes out with a refusal, but for what would frame
// another answer than the one that is sent.
func TestRefusalBehindMiddleware(t *testing.T) {
	s := newHandshakeServer(t, &AcceptOptions{}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for name, value := range map[string]string{
				"Content-Length": "99", "Transfer-Encoding": "chunked", "Trailer": "X", "Connection": "keep-alive", "Content-Type": "text/html",
				http.TrailerPrefix + "Y": "z", "X-Id": "7",
			} {
				w.Header().Set(name, value)
			}
			next.ServeHTTP(w, r)
		})
	})
	s.Start()
	resp, body := s.exchange(t, addField("Origin: null"))
	<-s.outcome
	h := resp.Header
	if resp.StatusCode != 403 || !strings.HasPrefix(body, "Origin") || resp.ContentLength != int64(len(body)) || len(resp.TransferEncoding)+len(resp.Trailer) > 0 || !resp.Close {
		t.Errorf("%s %v %q", resp.Status, h, body)
	}
	if h.Get("X-Id") != "7" || !strings.HasPrefix(h.Get("Content-Type"), "text/plain") {
		t.Errorf("%v", h)
	}
}

// The application's own header is not changed by what goes out.
func TestRejectErrorIsReusable(t *testing.T) {
	reject := &RejectError{Header: http.Header{"x": {"1"}}, Body: "b"}
	for range 2 {
		resp, _, _ := refusalOf(t, &AcceptOptions{Authorize: func(*http.Request) (any, error) { return nil, reject }}, goodRequest)
		if resp.Header.Get("X") != "1" || len(reject.Header) != 1 || reject.Status != 0 {
			t.Errorf("%v, and the error became %+v", resp.Header, reject)
		}
	}
}

func TestRejectErrorTexts(t *testing.T) {
	for _, tt := range []struct {
		err  RejectError
		want string
	}{
		{RejectError{}, "rejected with 403 Forbidden"},
		{RejectError{Status: 401, Body: "who?\nyou!"}, `rejected with 401 Unauthorized, "who?"`},
		{RejectError{Body: strings.Repeat("x", 1000)}, `rejected with 403 Forbidden, "` + strings.Repeat("x", 100) + `"`},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

// What Authorize sets on the ResponseWriter goes out, since it is called before
// the answer is put together; and the client's address is the socket's.
func TestAuthorizeBeforeTheAnswer(t *testing.T) {
	var order []string
	var opts AcceptOptions
	s := newHandshakeServer(t, &opts, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			opts = AcceptOptions{
				SelectSubprotocol: func(*http.Request, []string) string { order = append(order, "select"); return "a" },
				Authorize: func(*http.Request) (any, error) {
					order = append(order, "authorize")
					w.Header().Set("X-User", "me")
					return 7, nil
				},
				ResponseHeader: func(h http.Header, _ *http.Request) { order = append(order, fmt.Sprint("header ", len(h))) },
			}
			next.ServeHTTP(w, r)
		})
	})
	s.Start()
	resp, _ := s.exchange(t, addField("Sec-WebSocket-Protocol: a"))
	got := <-s.outcome
	if resp.StatusCode != 101 || resp.Header.Get("X-User") != "me" || got.err != nil || got.u.server.value != 7 {
		t.Errorf("%s %v, %v", resp.Status, resp.Header, got.err)
	}
	if want := []string{"select", "authorize", "header 0"}; !slices.Equal(order, want) {
		t.Errorf("hooks were called as %q, want %q", order, want)
	}
}
