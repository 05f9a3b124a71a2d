package wsconn

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/frames"
)

func TestAcceptRefusals(t *testing.T) {
	const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
	const version = "Sec-WebSocket-Version: 13"
	upgrade := http.Header{"Upgrade": {"websocket"}}
	versions := http.Header{"Sec-Websocket-Version": {"13, 8"}}
	for _, tt := range []struct {
		name, request string
		status        int
		header        http.Header
	}{
		{"POST", edit("GET", "POST"), 405, http.Header{"Allow": {"GET"}}},
		{"HEAD", edit("GET", "HEAD"), 405, http.Header{"Allow": {"GET"}}},
		{"CONNECT", edit("GET /path", "CONNECT example.com:80"), 405, http.Header{"Allow": {"GET"}}},
		{"method in lower case", edit("GET", "get"), 405, http.Header{"Allow": {"GET"}}},
		{"HTTP/1.0", edit("HTTP/1.1", "HTTP/1.0"), 426, upgrade},
		{"a page", "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", 426, upgrade},
		{"no Upgrade", edit("Upgrade: websocket\r\n", ""), 426, upgrade},
		{"other Upgrade", edit("websocket", "h2c"), 426, upgrade},
		{"Upgrade like ours", edit("websocket", "websockets"), 426, upgrade},
		{"no Connection", edit("Connection: Upgrade\r\n", ""), 426, upgrade},
		{"other Connection", edit("Connection: Upgrade", "Connection: keep-alive"), 426, upgrade},
		{"no Version", edit(version+"\r\n", ""), 426, versions},
		{"Version 0", edit(version, "Sec-WebSocket-Version: 0"), 426, versions},
		{"Version 7", edit(version, "Sec-WebSocket-Version: 7"), 426, versions},
		{"Version 14", edit(version, "Sec-WebSocket-Version: 14"), 426, versions},
		{"Version 013", edit(version, "Sec-WebSocket-Version: 013"), 426, versions},
		{"Version as a list", edit(version, "Sec-WebSocket-Version: 13, 8"), 426, versions},
		{"Version twice", edit(version, version+"\r\n"+version), 400, nil},
		{"no Key", edit(key+"\r\n", ""), 400, nil},
		{"Key twice", edit(key, key+"\r\n"+key), 400, nil},
		{"empty Key", edit(key, "Sec-WebSocket-Key:"), 400, nil},
		{"Key of 15 bytes", edit(key, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j"), 400, nil},
		{"Key of 17 bytes", edit(key, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSE="), 400, nil},
		{"Key without padding", edit(key, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ"), 400, nil},
		{"Key in another base64", edit(key, "Sec-WebSocket-Key: __hlIHNhbXBsZSBub25jZQ=="), 400, nil},
		{"Key with text behind", edit(key, key+"x"), 400, nil},
		{"a body", edit("\r\n\r\n", "\r\nContent-Length: 5\r\n\r\nhello"), 400, nil},
		{"a body that hides a request", edit("\r\n\r\n", fmt.Sprintf("\r\nContent-Length: %d\r\n\r\n%s", len(goodRequest), goodRequest)), 400, nil},
		{"a chunked body", edit("\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400, nil},
		{"other Origin", addField("Origin: https://evil.example"), 403, nil},
		{"null Origin", addField("Origin: null"), 403, nil},
		{"two Origins", addField("Origin: http://example.com\r\nOrigin: http://example.com"), 403, nil},
		{"malformed Protocol", addField("Sec-WebSocket-Protocol: a b"), 400, nil},
		{"Protocol with a duplicate", addField("Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Protocol: a"), 400, nil},
		{"endless Protocol", addField("Sec-WebSocket-Protocol: " + strings.Repeat("a,", 1000)), 400, nil},
		{"malformed Extensions", addField("Sec-WebSocket-Extensions: a;;b"), 400, nil},
		{"Extensions with open quotes", addField(`Sec-WebSocket-Extensions: a; b="c`), 400, nil},
		{"bad Key and bad Origin", edit(key, "Origin: https://evil.example"), 400, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newHandshakeServer(t, &AcceptOptions{Authorize: func(*http.Request) (any, error) {
				t.Error("Authorize was called for a bad request")
				return nil, nil
			}}, nil)
			s.Start()
			resp, body := s.exchange(t, tt.request)
			if resp.StatusCode != tt.status {
				t.Errorf("status %d, want %d", resp.StatusCode, tt.status)
			}
			for name := range tt.header {
				if got := resp.Header.Get(name); got != tt.header.Get(name) {
					t.Errorf("%s: %q, want %q", name, got, tt.header.Get(name))
				}
			}
			if !resp.Close {
				t.Error("no Connection: close")
			}
			if tt.name != "HEAD" && body == "" {
				t.Error("no text in the answer")
			}
			checkRefusal(t, (<-s.outcome).err, tt.status, strings.TrimSpace(body))
			if s.hijacked.Load() != 0 {
				t.Error("the connection of a bad request was hijacked")
			}
		})
	}
}

// checkRefusal checks the error at the server against what was answered.
func checkRefusal(t *testing.T, err error, status int, body string) {
	t.Helper()
	e, ok := errors.AsType[*HandshakeError](err)
	if !ok {
		t.Fatalf("error %v, want a *HandshakeError", err)
	}
	if e.Status != status || e.RemoteAddr == "" || e.URL != "" {
		t.Errorf("%+v, want status %d", e, status)
	}
	text := e.Error()
	if !strings.Contains(text, e.RemoteAddr) || !strings.Contains(text, fmt.Sprint(status)) || !strings.Contains(text, body) {
		t.Errorf("%s\nlacks the peer, the status or %q", text, body)
	}
}

// Requests that net/http answers itself never reach a handshake.
func TestAcceptNeverSeesBrokenHTTP(t *testing.T) {
	for _, request := range []string{
		edit("Host: example.com\r\n", ""),
		edit("Host: example.com", "Host: example.com\r\nHost: b"),
		edit("GET /path HTTP/1.1", "GET /path"),
		edit("GET /path HTTP/1.1", "GET /path HTTP/9.9"),
		addField("Broken"),
		addField("Content-Length: 1\r\nContent-Length: 2"),
		addField("X: a\x00b"),
	} {
		s := newHandshakeServer(t, nil, nil)
		s.Start()
		resp, _ := s.exchange(t, request)
		if resp.StatusCode < 400 || s.hijacked.Load() != 0 || len(s.outcome) != 0 {
			t.Errorf("%q: status %d", request, resp.StatusCode)
		}
	}
}

func TestAcceptAnswers(t *testing.T) {
	own := ownTerms(KeepAlive{}.withDefaults())
	for _, tt := range []struct {
		name, request string
		subprotocols  []string
		subprotocol   string
		compression   *deflate.Options
		extensions    string
		terms         streamTerms
	}{
		{name: "plain", request: goodRequest},
		{name: "version 8", request: edit("Version: 13", "Version: 8")},
		{name: "version 8 with its origin", request: strings.Replace(addField("Sec-WebSocket-Origin: http://example.com"), "Version: 13", "Version: 8", 1)},
		{name: "same origin", request: addField("Origin: http://example.com")},
		{name: "no body, and says so", request: addField("Content-Length: 0")},
		{name: "tokens in several lines", request: edit("Connection: Upgrade", "Connection: keep-alive\r\nConnection: x, UPGRADE")},
		{name: "upgrades in several lines", request: edit("Upgrade: websocket", "Upgrade: h2c, TLS/1.0\r\nUpgrade: WebSocket")},
		{name: "a subprotocol that the server does not speak", request: addField("Sec-WebSocket-Protocol: a")},
		{name: "no subprotocol in common", request: addField("Sec-WebSocket-Protocol: a"), subprotocols: []string{"b"}},
		{name: "no subprotocol offered", request: goodRequest, subprotocols: []string{"b"}},
		{name: "the server's preference", request: addField("Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Protocol: c"), subprotocols: []string{"d", "c", "a"}, subprotocol: "c"},
		{name: "subprotocols have case", request: addField("Sec-WebSocket-Protocol: A"), subprotocols: []string{"a"}},
		{name: "unknown extension", request: addField("Sec-WebSocket-Extensions: x-other; a=1")},
		{name: "compression", request: addField("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"), compression: &deflate.Options{}, extensions: "permessage-deflate"},
		{name: "compression that is off", request: addField("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")},
		{name: "compression and our extension", request: addField("Sec-WebSocket-Extensions: wsstream, permessage-deflate; server_max_window_bits=9"), compression: &deflate.Options{},
			extensions: "permessage-deflate; server_max_window_bits=9, " + own, terms: streamTerms{agreed: true}},
		{name: "our extension", request: addField("Sec-WebSocket-Extensions: permessage-deflate, wsstream; max_message=9; half_close"), extensions: own, terms: streamTerms{agreed: true, halfClose: true, peerMaxMessage: 9}},
		{name: "our extension without half-close", request: addField("Sec-WebSocket-Extensions: wsstream"), extensions: own, terms: streamTerms{agreed: true}},
		{name: "our extension, malformed", request: addField("Sec-WebSocket-Extensions: wsstream; half_close; half_close")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newHandshakeServer(t, &AcceptOptions{
				Subprotocols: tt.subprotocols,
				Compression:  tt.compression,
				Authorize:    func(r *http.Request) (any, error) { return r.URL.Path, nil },
			}, nil)
			s.Start()
			resp, _ := s.exchange(t, tt.request)
			h := resp.Header
			if resp.StatusCode != 101 || h.Get("Upgrade") != "websocket" || h.Get("Connection") != "Upgrade" || h.Get("Sec-Websocket-Accept") != sampleAccept {
				t.Errorf("%s %v is no answer to a handshake", resp.Status, h)
			}
			if got := h.Get("Sec-Websocket-Protocol"); got != tt.subprotocol {
				t.Errorf("Sec-WebSocket-Protocol %q, want %q", got, tt.subprotocol)
			}
			if got := h.Get("Sec-Websocket-Extensions"); got != tt.extensions {
				t.Errorf("Sec-WebSocket-Extensions %q, want %q", got, tt.extensions)
			}
			got := <-s.outcome
			if got.err != nil {
				t.Fatal(got.err)
			}
			u := got.u
			if u.subprotocol != tt.subprotocol || u.stream != tt.terms || u.server.value != "/path" || u.role != frames.Server || u.compression.agreed != (tt.compression != nil) {
				t.Errorf("upgraded %+v", u)
			}
			if u.maxMessage != defaultMaxMessage || u.maxFragments != defaultMaxFragments || u.closeTimeout != defaultCloseTimeout {
				t.Errorf("limits %d, %d, %v", u.maxMessage, u.maxFragments, u.closeTimeout)
			}
		})
	}
}

func TestAcceptSocketConfirmsNothing(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header = http.Header{
		"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}, "Sec-Websocket-Extensions": {"wsstream"},
	}
	reply, refusal := checkRequest(r, &AcceptOptions{}, false)
	if refusal != nil || reply.stream != (streamTerms{}) {
		t.Errorf("%+v, %v", reply, refusal)
	}
}

// setUncarried sets what an application cannot set in a 101.
func setUncarried(h http.Header) {
	h.Set("Connection", "close, X-Hop")
	h.Set("X-Hop", "1")
	for name, value := range map[string]string{
		"Upgrade": "h2c", "Transfer-Encoding": "chunked", "Content-Length": "5", "Content-Encoding": "gzip", "Keep-Alive": "timeout=5",
		"Sec-WebSocket-Accept": "x", "Sec-WebSocket-Protocol": "x\r\nY: z", "Sec-WebSocket-Extensions": "x",
		http.TrailerPrefix + "X": "y",
	} {
		h.Set(name, value)
	}
}

func TestAcceptCarriesHeaders(t *testing.T) {
	s := newHandshakeServer(t, &AcceptOptions{Subprotocols: []string{"a"}}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Add("Set-Cookie", "a=1")
			h.Add("Set-Cookie", "b=2")
			h.Set("X-Request-Id", "7")
			h["Date"] = nil
			setUncarried(h)
			next.ServeHTTP(w, r)
		})
	})
	s.Start()
	resp, _ := s.exchange(t, addField("Sec-WebSocket-Protocol: a"))
	want := http.Header{
		"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Accept": {sampleAccept}, "Sec-Websocket-Protocol": {"a"},
		"Set-Cookie": {"a=1", "b=2"}, "X-Request-Id": {"7"},
	}
	if fmt.Sprint(resp.Header) != fmt.Sprint(want) {
		t.Errorf("header %v\nwant   %v", resp.Header, want)
	}
}

// The refusal of a request over HTTP/2 says why, and leaves the connection to the
// others that share it.
func TestAcceptHTTP2(t *testing.T) {
	s := newHandshakeServer(t, &AcceptOptions{}, nil)
	s.EnableHTTP2 = true
	s.StartTLS()
	peers := map[string]bool{}
	for range 3 {
		resp, err := s.Client().Get(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 505 || !strings.Contains(string(body), "HTTP/2") || !strings.Contains(string(body), "TLSNextProto") {
			t.Errorf("%s %q", resp.Status, body)
		}
		e := (<-s.outcome).err
		checkRefusal(t, e, 505, strings.TrimSpace(string(body)))
		peers[e.(*HandshakeError).RemoteAddr] = true
	}
	if len(peers) != 1 {
		t.Errorf("it took %d connections, want 1", len(peers))
	}
}

// The functions of the package over a real server: without options, and the
// refusals they pass on.
func TestDialAndAccept(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		c, err := Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		io.Copy(c, c)
	})
	mux.HandleFunc("/socket", func(w http.ResponseWriter, r *http.Request) {
		if s, err := AcceptSocket(w, r, nil); err == nil {
			s.Terminate()
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	c, err := Dial(t.Context(), server.URL+"/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, "echo")
	if err := c.CloseWrite(); err != nil {
		t.Errorf("half-close was not agreed: %v", err)
	}
	if got, err := io.ReadAll(c); string(got) != "echo" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	c.Terminate()
	s, err := DialSocket(t.Context(), server.URL+"/socket", nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Terminate()
	evil := &DialOptions{Header: http.Header{"Origin": {"https://evil.example"}}}
	if c, err := Dial(t.Context(), server.URL+"/stream", evil); c != nil || err == nil {
		t.Errorf("Dial from another origin: %v, %v", c, err)
	}
	if s, err := DialSocket(t.Context(), server.URL+"/socket", evil); s != nil || err == nil {
		t.Errorf("DialSocket from another origin: %v, %v", s, err)
	}
}
