package wsconn

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestSelectSubprotocol(t *testing.T) {
	for _, tt := range []struct {
		name, protocols string
		pick            string
		offered         []string // as the hook sees it; nil if it is not called
		status          int
	}{
		{"first", "Sec-WebSocket-Protocol: a, b", "a", []string{"a", "b"}, 101},
		{"last of two lines", "Sec-WebSocket-Protocol: b\r\nSec-WebSocket-Protocol: a", "a", []string{"b", "a"}, 101},
		{"none", "Sec-WebSocket-Protocol: a, b", "", []string{"a", "b"}, 101},
		{"none offered", "X: y", "a", nil, 101},
		{"an empty list", "Sec-WebSocket-Protocol: ,", "a", nil, 101},
		{"not offered", "Sec-WebSocket-Protocol: a, b", "c", []string{"a", "b"}, 500},
		{"in another case", "Sec-WebSocket-Protocol: a", "A", []string{"a"}, 500},
		{"with a line break", "Sec-WebSocket-Protocol: a", "a\r\nX: y", []string{"a"}, 500},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var offered []string
			s := newHandshakeServer(t, &AcceptOptions{
				Subprotocols: []string{"b"},
				SelectSubprotocol: func(r *http.Request, list []string) string {
					offered = slices.Clone(list)
					if r.URL.Path != "/path" {
						t.Errorf("the hook got %v", r.URL)
					}
					for i := range list { // is its own
						list[i] = tt.pick
					}
					return tt.pick
				},
			}, nil)
			s.Start()
			resp, _ := s.exchange(t, addField(tt.protocols))
			got := <-s.outcome
			if resp.StatusCode != tt.status || !slices.Equal(offered, tt.offered) {
				t.Errorf("%s, and the hook was offered %q, want %d and %q", resp.Status, offered, tt.status, tt.offered)
			}
			want := tt.pick
			if tt.offered == nil || tt.status != 101 {
				want = ""
			}
			if p := resp.Header.Get("Sec-Websocket-Protocol"); p != want || got.u.subprotocol != want {
				t.Errorf("the answer has %q, the connection %q, want %q", p, got.u.subprotocol, want)
			}
			if tt.status == 500 && !strings.Contains(fmt.Sprint(got.err), "AcceptOptions.SelectSubprotocol") {
				t.Errorf("%v does not name the option", got.err)
			}
		})
	}
}

func TestResponseHeader(t *testing.T) {
	s := newHandshakeServer(t, &AcceptOptions{ResponseHeader: func(h http.Header, r *http.Request) {
		h.Set("X-Path", r.URL.Path)
		h.Add("Set-Cookie", "b=2")
		h.Add("Set-Cookie", "c=3")
		h["x-lower"] = []string{"1"}
		setUncarried(h)
	}}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Set-Cookie", "a=1")
			next.ServeHTTP(w, r)
		})
	})
	s.Start()
	resp, _ := s.exchange(t, goodRequest)
	want := http.Header{
		"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Accept": {sampleAccept},
		"Set-Cookie": {"a=1", "b=2", "c=3"}, "X-Path": {"/path"}, "X-Lower": {"1"},
	}
	if fmt.Sprint(resp.Header) != fmt.Sprint(want) {
		t.Errorf("header %v\nwant   %v", resp.Header, want)
	}
}

func TestResponseHeaderMisuse(t *testing.T) {
	for name, value := range map[string]string{"X": "a\r\nY: b", "Set-Cookie": "a\nb", "X: a\r\nY": "b", "": "a", "X Y": "a"} {
		opts := &AcceptOptions{ResponseHeader: func(h http.Header, _ *http.Request) { h[name] = []string{value} }}
		resp, body, e := refusalOf(t, opts, goodRequest)
		if resp.StatusCode != 500 || body != "Internal Server Error\n" || resp.Header.Get("Y") != "" {
			t.Errorf("%q: %s %q", name, resp.Status, body)
		}
		if !strings.Contains(e.Error(), "AcceptOptions.ResponseHeader") {
			t.Errorf("%q: %v does not name the option", name, e)
		}
	}
}

// The hook is told of each refusal, and sees the answer as it will be.
func TestOnHandshakeErrorIsTold(t *testing.T) {
	deny := func(*http.Request) (any, error) { return nil, &RejectError{Status: 401, Body: "no"} }
	for _, tt := range []struct {
		name, request string
		opts          AcceptOptions
		status        int
		body          string // how it begins
	}{
		{"a page", edit("Upgrade: websocket\r\n", ""), AcceptOptions{}, 426, "this is a WebSocket endpoint"},
		{"a POST", edit("GET", "POST"), AcceptOptions{}, 405, "the method of"},
		{"bad key", edit("Sec-WebSocket-Key: dGhl", "Sec-WebSocket-Key: x"), AcceptOptions{}, 400, "Sec-WebSocket-Key"},
		{"other origin", addField("Origin: https://evil.example"), AcceptOptions{}, 403, "Origin"},
		{"not authorized", goodRequest, AcceptOptions{Authorize: deny}, 401, "no"},
		{"bad option", goodRequest, AcceptOptions{Subprotocols: []string{""}}, 500, "Internal Server Error"},
		{"bad header", goodRequest, AcceptOptions{ResponseHeader: func(h http.Header, _ *http.Request) { h.Set("X", "\n") }}, 500, "Internal"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			calls := 0
			tt.opts.OnHandshakeError = func(r *http.Request, e *HandshakeError) {
				calls++
				if r.Host != "example.com" || e.Status != tt.status || !strings.HasPrefix(string(e.Body), tt.body) ||
					e.RemoteAddr != r.RemoteAddr || e.Header.Get("Content-Type") == "" {
					t.Errorf("the hook got %+v", e)
				}
			}
			if resp, _, _ := refusalOf(t, &tt.opts, tt.request); resp.StatusCode != tt.status || calls != 1 {
				t.Errorf("%s, and the hook was called %d times", resp.Status, calls)
			}
		})
	}
}

func TestOnHandshakeErrorChangesTheAnswer(t *testing.T) {
	cause := errors.New("cause")
	for _, tt := range []struct {
		name   string
		change func(*HandshakeError)
		status int
		body   string
		header http.Header
		wrong  string // in the error
	}{
		{"nothing", func(*HandshakeError) {}, 403, "not authorized\n", nil, ""},
		{"status", func(e *HandshakeError) { e.Status = 404 }, 404, "not authorized\n", nil, ""},
		{"body", func(e *HandshakeError) { e.Body = []byte("{}"); e.Header.Set("Content-Type", "application/json") }, 403, "{}", http.Header{"Content-Type": {"application/json"}}, ""},
		{"no body", func(e *HandshakeError) { e.Body = nil }, 403, "", nil, ""},
		{"header", func(e *HandshakeError) { e.Header["x-why"] = []string{"1", "2"} }, 403, "not authorized\n", http.Header{"X-Why": {"1", "2"}}, ""},
		{"no header", func(e *HandshakeError) { e.Header = nil }, 403, "not authorized\n", nil, ""},
		{"connection", func(e *HandshakeError) { e.Header.Set("Connection", "keep-alive") }, 403, "not authorized\n", nil, ""},
		{"redirect", func(e *HandshakeError) { e.Status = 307; e.Header.Set("Location", "/") }, 307, "not authorized\n", http.Header{"Location": {"/"}}, ""},
		{"status 0", func(e *HandshakeError) { e.Status = 0 }, 500, "Internal Server Error\n", nil, "0 is not the status"},
		{"status 101", func(e *HandshakeError) { e.Status = 101 }, 500, "Internal Server Error\n", http.Header{"X": nil}, "101 is not the status"},
		{"status 200", func(e *HandshakeError) { e.Status = 200 }, 500, "Internal Server Error\n", nil, "200 is not the status"},
		{"line break", func(e *HandshakeError) { e.Header.Set("X", "a\r\nY: b") }, 500, "Internal Server Error\n", http.Header{"Y": nil, "X": nil}, "control character"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, body, e := refusalOf(t, &AcceptOptions{
				Authorize:        func(*http.Request) (any, error) { return nil, cause },
				OnHandshakeError: func(_ *http.Request, e *HandshakeError) { tt.change(e) },
			}, goodRequest)
			if resp.StatusCode != tt.status || body != tt.body {
				t.Errorf("%s %q, want %d %q", resp.Status, body, tt.status, tt.body)
			}
			for name, values := range tt.header {
				if got := resp.Header[name]; !slices.Equal(got, values) {
					t.Errorf("%s is %q, want %q", name, got, values)
				}
			}
			if !errors.Is(e, cause) || !strings.Contains(e.Error(), tt.wrong) || e.RemoteAddr == "" {
				t.Errorf("%v, want the cause and %q in it", e, tt.wrong)
			}
		})
	}
}

// With nobody to answer the hook is told all the same, and what it says has no
// effect.
func TestOnHandshakeErrorTooLate(t *testing.T) {
	var told []int
	opts := &AcceptOptions{OnHandshakeError: func(_ *http.Request, e *HandshakeError) {
		told = append(told, e.Status)
		e.Status, e.Header, e.Body = 403, http.Header{"X": {"y"}}, []byte("b")
	}}
	for name, w := range map[string]http.ResponseWriter{
		"lost":        &hijackable{ResponseRecorder: httptest.NewRecorder(), conn: closedConn(t)},
		"handed over": goneHijack{httptest.NewRecorder()},
	} {
		told = nil
		r, _ := http.ReadRequest(bufio.NewReader(strings.NewReader(goodRequest)))
		_, err := accept(w, r, opts, true)
		e, ok := errors.AsType[*HandshakeError](err)
		if !ok || e.Status != 0 || e.Header != nil || e.Body != nil || !slices.Equal(told, []int{0}) {
			t.Errorf("%s: %+v, and the hook was told of %v", name, e, told)
		}
	}
}

func closedConn(t *testing.T) net.Conn {
	client, conn := net.Pipe()
	client.Close()
	t.Cleanup(func() { conn.Close() })
	return conn
}

type goneHijack struct{ *httptest.ResponseRecorder }

func (goneHijack) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, http.ErrHijacked }

// A hook that looks into a database is not called if there is no room, and the
// refusals of a listener and a server are told as all are.
func TestHooksOfListenerAndServer(t *testing.T) {
	var told []string
	opts := AcceptOptions{
		Backlog: -1, BacklogWait: -1,
		Authorize: func(*http.Request) (any, error) { t.Error("Authorize was called"); return nil, nil },
		OnHandshakeError: func(_ *http.Request, e *HandshakeError) {
			told = append(told, fmt.Sprint(e.Status))
			e.Header.Set("Retry-After", "5")
		},
	}
	full := NewListener(&opts)
	full.slots <- struct{}{}
	closed := NewListener(&opts)
	closed.Close()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	waiting := opts
	waiting.BacklogWait = 0
	left := NewListener(&waiting)
	left.slots <- struct{}{}
	over := &Server{Options: opts}
	over.Close()
	for _, tt := range []struct {
		name string
		h    http.Handler
		ctx  context.Context
		want string
	}{
		{"full", full, t.Context(), "too many connections"},
		{"closed", closed, t.Context(), "too many connections"},
		{"client gone", left, gone, "too many connections"},
		{"server", over, t.Context(), "shutting down"},
	} {
		told = nil
		r, _ := http.ReadRequest(bufio.NewReader(strings.NewReader(goodRequest)))
		w := httptest.NewRecorder()
		tt.h.ServeHTTP(w, r.WithContext(tt.ctx))
		h := w.Result().Header
		if w.Code != 503 || !strings.Contains(w.Body.String(), tt.want) || h.Get("Connection") != "close" || h.Get("Retry-After") != "5" {
			t.Errorf("%s: %d %v %q", tt.name, w.Code, h, w.Body)
		}
		if !slices.Equal(told, []string{"503"}) {
			t.Errorf("%s: the hook was told of %v", tt.name, told)
		}
	}
}

// A panic of any hook is net/http's, and takes no room.
func TestPanicInHookTakesNoRoom(t *testing.T) {
	abort := func() { panic(http.ErrAbortHandler) }
	for name, opts := range map[string]AcceptOptions{
		"SelectSubprotocol": {SelectSubprotocol: func(*http.Request, []string) string { abort(); return "" }},
		"Authorize":         {Authorize: func(*http.Request) (any, error) { abort(); return nil, nil }},
		"ResponseHeader":    {ResponseHeader: func(http.Header, *http.Request) { abort() }},
		"OnHandshakeError": {
			Authorize:        func(*http.Request) (any, error) { return nil, errors.New("no") },
			OnHandshakeError: func(*http.Request, *HandshakeError) { abort() },
		},
	} {
		l := NewListener(&opts)
		func() {
			defer func() {
				if recover() != http.ErrAbortHandler {
					t.Errorf("%s: no panic", name)
				}
			}()
			r, _ := http.ReadRequest(bufio.NewReader(strings.NewReader(addField("Sec-WebSocket-Protocol: a"))))
			l.ServeHTTP(httptest.NewRecorder(), r)
		}()
		if len(l.slots) != 0 {
			t.Errorf("%s: a slot is taken", name)
		}
	}
}
