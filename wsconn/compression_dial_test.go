package wsconn_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// Compression is offered by DialSocket if nothing is said, by Dial and accepted by
// servers if asked for, and never if it is disabled.
func TestWhoCompresses(t *testing.T) {
	on := new(deflate.Options)
	const agreed = "permessage-deflate"
	for _, tt := range []struct {
		name           string
		stream         bool
		client, server *deflate.Options
		want           string
	}{
		{"sockets, nothing said", false, nil, nil, ""},
		{"sockets, server on", false, nil, on, agreed},
		{"sockets, both on", false, on, on, agreed},
		{"sockets, client off", false, deflate.Disabled, on, ""},
		{"sockets, server off", false, on, deflate.Disabled, ""},
		{"streams, nothing said", true, nil, nil, ""},
		{"streams, server on", true, nil, on, ""},
		{"streams, client on", true, on, nil, ""},
		{"streams, both on", true, on, on, agreed},
		{"limits of either end", true, &deflate.Options{ServerMaxWindowBits: 10}, &deflate.Options{ClientNoContextTakeover: true, ServerMaxWindowBits: 12},
			"permessage-deflate; client_no_context_takeover; server_max_window_bits=10"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			accepted := make(chan *wsconn.Socket, 1)
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				opts := &wsconn.AcceptOptions{Compression: tt.server}
				if !tt.stream {
					s, _ := wsconn.AcceptSocket(w, r, opts)
					accepted <- s
					return
				}
				c, _ := wsconn.Accept(w, r, opts)
				accepted <- c.Socket()
			}))
			defer web.Close()
			client := dialEither(t, web.URL, tt.stream, &wsconn.DialOptions{Compression: tt.client})
			defer client.Terminate()
			server := testnet.Take(t, "the server's end", accepted)
			defer server.Terminate()
			for _, s := range []*wsconn.Socket{client, server} {
				if got, _, _ := strings.Cut(s.Extensions(), ", wsstream"); got != tt.want && !(tt.want == "" && strings.HasPrefix(got, "wsstream")) {
					t.Errorf("extensions %q, want %q", s.Extensions(), tt.want)
				}
			}
			text := logLines(10_000)
			for _, d := range []struct{ from, to *wsconn.Socket }{{client, server}, {server, client}} {
				exchange(t, d.from, d.to, tt.stream, text)
				if sent := d.from.Stats().BytesWritten; (sent < int64(len(text))) != (tt.want != "") {
					t.Errorf("%d bytes on the wire for %d", sent, len(text))
				}
			}
		})
	}
}

func dialEither(t *testing.T, url string, stream bool, opts *wsconn.DialOptions) *wsconn.Socket {
	t.Helper()
	if !stream {
		s, err := wsconn.DialSocket(t.Context(), url, opts)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	c, err := wsconn.Dial(t.Context(), url, opts)
	if err != nil {
		t.Fatal(err)
	}
	return c.Socket()
}

// exchange sends text to the other end, as a message or, through a new Conn, on a
// stream.
func exchange(t *testing.T, from, to *wsconn.Socket, stream bool, text []byte) {
	t.Helper()
	if stream {
		mustWrite(t, wsconn.NewConn(from, nil), string(text))
		mustRead(t, wsconn.NewConn(to, nil), string(text))
		return
	}
	if err := from.WriteMessage(t.Context(), wsconn.Text, text); err != nil {
		t.Fatal(err)
	}
	if _, p, err := to.ReadMessage(t.Context()); err != nil || !bytes.Equal(p, text) {
		t.Errorf("%d bytes, %v", len(p), err)
	}
}
