package wsconn

import (
	"context"
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

// Each request is seen before it is sent, as the caller's options make it, and
// what is done to one is not done to the next.
func TestBeforeRequestOnEachHop(t *testing.T) {
	var seen, shown []string
	hops := map[string]string{"one/": found("http://b.test/x?y", "")}
	opts := &DialOptions{
		Redirects:   1,
		Header:      http.Header{"X-Own": {"1"}, "Host": {"virtual"}},
		DialContext: hopping(hops, "X-Hook", &seen),
	}
	opts.BeforeRequest = func(r *http.Request) error {
		shown = append(shown, fmt.Sprint(r.Method, " ", r.URL, " ", r.Host, " ", r.Header))
		r.Header.Add("X-Hook", fmt.Sprint(len(shown)))
		if len(shown) == 1 {
			r.Host = "one"
		}
		r.URL.Host = "elsewhere"
		return r.Context().Err()
	}
	u, err := dial(t.Context(), "ws://u:p@a.test/", opts, true)
	if err != nil {
		t.Fatal(err)
	}
	u.conn.Close()
	want := []string{
		"GET http://a.test/ virtual map[Authorization:[Basic dTpw] X-Own:[1]]",
		"GET http://b.test/x?y b.test map[X-Own:[1]]",
	}
	if !slices.Equal(shown, want) {
		t.Errorf("shown\n%s\nwant\n%s", strings.Join(shown, "\n"), strings.Join(want, "\n"))
	}
	if want := []string{`one/ ["1"]`, `b.test/x ["2"]`}; !slices.Equal(seen, want) {
		t.Errorf("sent %q, want %q", seen, want)
	}
	if len(opts.Header) != 2 {
		t.Errorf("the options became %v", opts.Header)
	}
}

func TestBeforeRequestSeesCookies(t *testing.T) {
	jar := newJar(t)
	jar.SetCookies(&url.URL{Scheme: "http", Host: "h"}, []*http.Cookie{{Name: "a", Value: "1"}})
	var seen []string
	u, err := dial(t.Context(), "ws://h/", &DialOptions{Jar: jar, DialContext: hopping(nil, "Cookie", &seen), BeforeRequest: func(r *http.Request) error {
		if c, err := r.Cookie("a"); err != nil || c.Value != "1" {
			t.Errorf("%v, %v", c, err)
		}
		r.Header = nil // which is one way to say none
		return nil
	}}, true)
	if err != nil {
		t.Fatal(err)
	}
	u.conn.Close()
	if !slices.Equal(seen, []string{"h/ []"}) {
		t.Errorf("sent %q", seen)
	}
}

// The hook may fail and may be wrong, and then nothing is dialed.
func TestBeforeRequestCannotBreakTheHandshake(t *testing.T) {
	no := errors.New("no")
	for name, tt := range map[string]struct {
		hook func(r *http.Request) error
		want string
	}{
		"error":      {func(*http.Request) error { return no }, "DialOptions.BeforeRequest ended the dial: no"},
		"reserved":   {func(r *http.Request) error { r.Header.Set("Sec-WebSocket-Key", "x"); return nil }, "DialOptions.BeforeRequest: Sec-Websocket-Key cannot be set"},
		"Upgrade":    {func(r *http.Request) error { r.Header["upgrade"] = []string{"h2c"}; return nil }, "Upgrade cannot be set"},
		"Connection": {func(r *http.Request) error { r.Header.Set("Connection", "close"); return nil }, "Connection cannot be set"},
		"body":       {func(r *http.Request) error { r.Header.Set("Content-Length", "1"); return nil }, "no body"},
		"Proxy-Authorization": {func(r *http.Request) error {
			r.SetBasicAuth("", "")
			r.Header.Set("Proxy-Authorization", "x")
			return nil
		}, "for a proxy"},
		"line break":       {func(r *http.Request) error { r.Header.Set("X", "a\r\nb: c"); return nil }, "control character"},
		"name":             {func(r *http.Request) error { r.Header["a b"] = []string{"c"}; return nil }, "not the name of a header"},
		"Host":             {func(r *http.Request) error { r.Host = "a/b"; return nil }, "not a Host"},
		"Host, line break": {func(r *http.Request) error { r.Host = "a\nb"; return nil }, "control character"},
	} {
		e := failedDial(t, t.Context(), "ws://h/", &DialOptions{BeforeRequest: tt.hook, DialContext: func(context.Context, string, string) (net.Conn, error) {
			t.Errorf("%s: it was dialed", name)
			return nil, io.EOF
		}})
		if !strings.Contains(e.Error(), tt.want) || errors.Is(e, no) != (name == "error") {
			t.Errorf("%s: %v, want %q in it", name, e, tt.want)
		}
	}
	// What is not the header's is left as it was.
	var seen []string
	u, err := dial(t.Context(), "ws://h/path", &DialOptions{DialContext: hopping(nil, "X", &seen), BeforeRequest: func(r *http.Request) error {
		r.Method, r.URL, r.Host = "POST", nil, ""
		r.Body = io.NopCloser(strings.NewReader("body"))
		return nil
	}}, true)
	if err != nil {
		t.Fatal(err)
	}
	u.conn.Close()
	if !slices.Equal(seen, []string{"h/path []"}) {
		t.Errorf("sent %q", seen)
	}
}
