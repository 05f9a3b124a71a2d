package wsconn

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// scripted returns a DialContext over net.Pipe whose far end reads the request
// and then runs the script.
func scripted(script func(conn net.Conn, r *http.Request)) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			r, err := http.ReadRequest(bufio.NewReader(server))
			if err == nil {
				script(server, r)
			}
		}()
		return client, nil
	}
}

// answering is scripted with one answer, in which ACCEPT stands for the right
// Sec-WebSocket-Accept.
func answering(text string) func(context.Context, string, string) (net.Conn, error) {
	return scripted(func(conn net.Conn, r *http.Request) {
		io.WriteString(conn, strings.Replace(text, "ACCEPT", acceptValue(r.Header.Get("Sec-Websocket-Key")), 1))
	})
}

const goodAnswer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n"

func TestDialBadServers(t *testing.T) {
	head := strings.TrimSuffix(goodAnswer, "\r\n")
	for _, tt := range []struct {
		name, answer string
		status       int
		want         string // of the error's text
	}{
		{"nothing", "", 0, "unexpected EOF"},
		{"half an answer", goodAnswer[:40], 0, "no usable answer"},
		{"garbage", "SSH-2.0-OpenSSH_9.9\r\n", 0, "malformed HTTP"},
		{"binary garbage", "\x15\x03\x01\x00\x02\x02\x50\r\n\r\n", 0, "malformed HTTP"},
		{"a frame", "\x82\x00\r\n\r\n", 0, "malformed HTTP"},
		{"endless header", head + strings.Repeat("X: "+strings.Repeat("a", 1000)+"\r\n", 1000), 0, "too long"},
		{"endless line", head + "X: " + strings.Repeat("a", 1<<20), 0, "too long"},
		{"endless status line", "HTTP/1.1 101 " + strings.Repeat("a", 1<<20), 0, "too long"},
		{"many fields", head + strings.Repeat("X: y\r\n", maxFields) + "\r\n", 0, "header fields"},
		{"interim answers for ever", strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", maxInterim+1), 0, "interim"},
		{"wrong accept", strings.Replace(goodAnswer, "ACCEPT", "x", 1), 101, "Sec-WebSocket-Accept"},
		{"extension not offered", head + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", 101, "not offered"},
		{"parameter twice", head + "Sec-WebSocket-Extensions: wsstream; half_close; half_close\r\n\r\n", 101, "twice"},
		{"subprotocol not offered", head + "Sec-WebSocket-Protocol: x\r\n\r\n", 101, "not offered"},
		{"200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, `200 OK, with the text "hello"`},
		{"200 without a length", "HTTP/1.1 200 OK\r\n\r\nhello\nworld", 200, `200 OK, with the text "hello"`},
		{"204", "HTTP/1.1 204 No Content\r\n\r\n", 204, "204 No Content"},
		{"chunked", "HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 500, `"abc"`},
		{"401", "HTTP/1.1 401 X\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n", 401, "DialOptions.Header"},
		{"302", "HTTP/1.1 302 Found\r\nLocation: ws://u:secret@h/\r\nContent-Length: 0\r\n\r\n", 302, `"ws://h/": DialOptions.Redirects`},
		{"426", "HTTP/1.1 426 X\r\nSec-WebSocket-Version: 8\r\nContent-Length: 0\r\n\r\n", 426, "speaks version 8"},
		{"status 099", "HTTP/1.1 099 X\r\n\r\n", 99, "answered 99"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := failedDial(t, t.Context(), "ws://user:secret@example.com:81/path?q", &DialOptions{DialContext: answering(tt.answer)})
			if e.Status != tt.status {
				t.Errorf("Status %d, want %d", e.Status, tt.status)
			}
			text := e.Error()
			if !strings.Contains(text, tt.want) || !strings.Contains(text, "ws://example.com:81/path?q") {
				t.Errorf("%s\nlacks %q or the URL", text, tt.want)
			}
			if strings.Contains(text, "secret") || e.URL != "ws://example.com:81/path?q" || e.RemoteAddr != "" {
				t.Errorf("%+v", e)
			}
			if e.Timeout() || e.Temporary() {
				t.Error("it says that time ran out")
			}
		})
	}
}

func TestDialRefusalBody(t *testing.T) {
	read := make(chan int, 1)
	e := failedDial(t, t.Context(), "ws://h/", &DialOptions{DialContext: scripted(func(conn net.Conn, _ *http.Request) {
		n, _ := io.WriteString(conn, "HTTP/1.1 401 Unauthorized\r\nX-Id: 7\r\n\r\n"+strings.Repeat("x", 1<<20))
		read <- n
	})})
	if e.Status != 401 || e.Header.Get("X-Id") != "7" || string(e.Body) != strings.Repeat("x", 4<<10) {
		t.Errorf("status %d, header %v, %d bytes of body", e.Status, e.Header, len(e.Body))
	}
	if n := <-read; n > 16<<10 {
		t.Errorf("%d bytes were read of a body that nobody needs", n)
	}
}

// A server that announces a body and does not send it costs a second, not the
// whole timeout, and its answer is what is reported.
func TestDialRefusalBodyThatStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		e := failedDial(t, t.Context(), "ws://h/", &DialOptions{DialContext: scripted(func(conn net.Conn, _ *http.Request) {
			io.WriteString(conn, "HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nbegin")
			io.Copy(io.Discard, conn)
		})})
		if e.Status != 403 || string(e.Body) != "begin" || time.Since(start) != refusalBodyDelay {
			t.Errorf("%v after %v", e, time.Since(start))
		}
	})
}

func TestDialSkipsInterimAnswers(t *testing.T) {
	early := "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
	u, err := dial(t.Context(), "ws://h/", &DialOptions{DialContext: answering(strings.Repeat(early, maxInterim) + goodAnswer)}, true)
	if err != nil {
		t.Fatal(err)
	}
	u.conn.Close()
}

// What a server sends behind its answer belongs to the connection, however it
// was cut on the way.
func TestDialKeepsEarlyBytes(t *testing.T) {
	const early = "\x82\x05early\x89\x00"
	for cut, size := 1, len(goodAnswer)+len(early); cut <= size; cut++ {
		u, err := dial(t.Context(), "ws://h/", &DialOptions{DialContext: scripted(func(conn net.Conn, r *http.Request) {
			wire := strings.Replace(goodAnswer, "ACCEPT", acceptValue(r.Header.Get("Sec-Websocket-Key")), 1) + early
			size = len(wire)
			io.WriteString(conn, wire[:cut])
			io.WriteString(conn, wire[cut:])
		})}, true)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		rest, _ := io.ReadAll(u.conn)
		if all := string(u.buffered) + string(rest); all != early {
			t.Fatalf("cut at %d: %q, want %q", cut, all, early)
		}
		u.conn.Close()
	}
}

func TestDialFloodBehindAnswer(t *testing.T) {
	flood := strings.Repeat("x", 1<<20)
	u, err := dial(t.Context(), "ws://h/", &DialOptions{DialContext: answering(goodAnswer + flood)}, true)
	if err != nil {
		t.Fatal(err)
	}
	defer u.conn.Close()
	rest, _ := io.ReadAll(u.conn)
	if len(u.buffered) > readAhead || len(u.buffered)+len(rest) != len(flood) {
		t.Errorf("%d bytes in the buffer and %d behind", len(u.buffered), len(rest))
	}
}
