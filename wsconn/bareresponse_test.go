package wsconn

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
)

// bare returns the response to a request, and the client's end.
func bare(t *testing.T, request string) (*bareResponse, *http.Request, net.Conn) {
	t.Helper()
	client, conn := testnet.Pipe()
	io.WriteString(client, request)
	w, r, err := ReadHandshake(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); client.Close() })
	return w.(*bareResponse), r, client
}

// A caller may answer a request itself.
func TestBareResponseAnswers(t *testing.T) {
	for _, tt := range []struct {
		name, method string
		answer       func(w http.ResponseWriter, r *http.Request)
		status       int
		body         string
		open         bool // it is the caller who has to close
	}{
		{"http.NotFound", "GET", http.NotFound, 404, "404 page not found\n", true},
		{"http.Redirect", "GET", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusTemporaryRedirect) }, 307, "<a href=\"/x\">Temporary Redirect</a>.\n\n", true},
		{"in pieces", "GET", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "a"); io.WriteString(w, "b") }, 200, "ab", true},
		{"of a known length", "GET", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "2")
			io.WriteString(w, "a")
			io.WriteString(w, "b")
		}, 200, "ab", false},
		{"a length that is none", "GET", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "-2")
			io.WriteString(w, "ab")
		}, 200, "ab", true},
		{"empty", "GET", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "0")
			w.WriteHeader(404)
		}, 404, "", false},
		{"interim answers", "GET", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(103)
			w.WriteHeader(404)
			w.WriteHeader(200)
		}, 404, "", true},
		{"not modified", "GET", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(304) }, 304, "", false},
		{"no content", "GET", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5")
			w.WriteHeader(204)
		}, 204, "", false},
		{"to a HEAD", "HEAD", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5")
			io.WriteString(w, "hello")
		}, 200, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, r, client := bare(t, edit("GET", tt.method))
				tt.answer(w, r)
				if _, err := w.conn.Write(nil); errors.Is(err, net.ErrClosed) == tt.open {
					t.Errorf("a write to the connection: %v, want it open: %t", err, tt.open)
				}
				w.conn.Close()
				in := bufio.NewReader(client)
				resp, err := http.ReadResponse(in, r)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				rest, _ := io.ReadAll(in)
				if length := resp.Header.Get("Content-Length"); tt.status == 204 && length != "" {
					t.Errorf("an answer without a body has Content-Length %s", length)
				}
				if resp.StatusCode != tt.status || string(body) != tt.body || err != nil || len(rest) > 0 || !resp.Close {
					t.Errorf("%s %q, %v, and %q behind it", resp.Status, body, err, rest)
				}
			})
		})
	}
}

func TestBareResponseLeavesBrokenFieldsOut(t *testing.T) {
	w, r, client := bare(t, goodRequest)
	h := w.Header()
	h["X-A"] = []string{"a\r\nEvil: 1"}
	h["X: b\r\nEvil"] = []string{"2"}
	h["Transfer-Encoding"] = []string{"chunked"}
	h["Connection"] = []string{"keep-alive"}
	h["date"] = []string{"yesterday"}
	h["x-good"] = []string{"1", "2"}
	io.WriteString(w, "text")
	w.conn.Close()
	resp, err := http.ReadResponse(bufio.NewReader(client), r)
	if err != nil {
		t.Fatal(err)
	}
	got := resp.Header
	if got.Get("Evil") != "" || got.Get("X-A") != "" || len(got["X-Good"]) != 2 || len(got["Date"]) != 1 || got.Get("Date") == "yesterday" || !resp.Close || len(resp.TransferEncoding) > 0 {
		t.Errorf("%v", got)
	}
}

func TestBareResponseErrors(t *testing.T) {
	write := func(w http.ResponseWriter) error {
		_, err := io.WriteString(w, "text")
		return err
	}
	w, r, _ := bare(t, goodRequest)
	if _, _, err := w.Hijack(); err != nil {
		t.Errorf("Hijack: %v", err)
	}
	if _, _, err := w.Hijack(); !errors.Is(err, http.ErrHijacked) {
		t.Errorf("the second Hijack: %v", err)
	}
	w.WriteHeader(200)
	if err := write(w); err != http.ErrHijacked {
		t.Errorf("Write after Hijack: %v", err)
	}
	if _, err := accept(w, r, &AcceptOptions{}, true); !errors.Is(err, http.ErrHijacked) {
		t.Errorf("Accept after Hijack: %v", err)
	}

	w, r, client := bare(t, goodRequest)
	if err := write(w); err != nil {
		t.Errorf("Write: %v", err)
	}
	if _, err := accept(w, r, &AcceptOptions{}, true); !errors.Is(err, http.ErrHijacked) {
		t.Errorf("Accept of a request that has been answered: %v", err)
	}
	client.Close()
	for range 2 {
		if err := write(w); err == nil {
			t.Error("Write to a client that has gone: no error")
		}
	}

	w, _, _ = bare(t, goodRequest)
	w.Header().Set("Content-Length", "3")
	if err := write(w); err != http.ErrContentLength {
		t.Errorf("Write of too much: %v", err)
	}
	w, _, _ = bare(t, edit("GET", "HEAD"))
	if err := write(w); err != http.ErrBodyNotAllowed {
		t.Errorf("Write of a body to a HEAD: %v", err)
	}
}

// A client that still sends must not lose the answer to a reset.
func TestBareRefusalLingers(t *testing.T) {
	client, conn := testnet.TCPPair(t)
	outcome := make(chan error, 1)
	go func() {
		_, _, err := ReadHandshake(t.Context(), conn)
		outcome <- err
	}()
	client.SetDeadline(time.Now().Add(testnet.Patience))
	io.WriteString(client, "BROKEN\r\n\r\n"+strings.Repeat("x", lingerBytes/2))
	all, err := io.ReadAll(client)
	if !strings.HasPrefix(string(all), "HTTP/1.1 400 ") || err != nil {
		t.Errorf("read %q, %v", all, err)
	}
	client.Close()
	testnet.Take(t, "the error", outcome)
}

// But not for long, whatever the client does.
func TestBareRefusalIsBounded(t *testing.T) {
	for name, tt := range map[string]struct {
		room   int // for the answer
		client func(net.Conn)
		want   time.Duration
	}{
		"stays":          {4096, func(net.Conn) {}, lingerTime},
		"takes nothing":  {16, func(net.Conn) {}, answerTimeout},
		"closes":         {4096, func(c net.Conn) { io.ReadAll(c); c.Close() }, 0},
		"sends for ever": {4096, func(c net.Conn) { io.Copy(c, endless{}) }, 0},
		"sends a little": {4096, func(c net.Conn) { drip(c, 10*time.Millisecond) }, lingerTime},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, conn := testnet.Pipe(tt.room)
			io.WriteString(client, "BROKEN\r\n\r\n")
			done := make(chan struct{})
			go func() {
				defer close(done)
				tt.client(client)
			}()
			defer func() { <-done }()
			start := time.Now()
			_, _, err := ReadHandshake(t.Context(), conn)
			if e, ok := errors.AsType[*HandshakeError](err); !ok || e.Status != 400 {
				t.Errorf("%s: %v", name, err)
			}
			if took := time.Since(start); took != tt.want {
				t.Errorf("%s: it took %v, want %v", name, took, tt.want)
			}
			if _, err := conn.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: the connection is left open: %v", name, err)
			}
		})
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// The handlers of this package work on a bare connection too, also behind
// middleware.
func TestBareResponseForHandlers(t *testing.T) {
	closed := &Server{}
	closed.Close()
	w, r, client := bare(t, goodRequest)
	go func() {
		defer client.Close()
		if resp, err := http.ReadResponse(bufio.NewReader(client), nil); err != nil || resp.StatusCode != 503 || resp.ContentLength <= 0 {
			t.Errorf("a server that is closed: %v, %v", resp, err)
		}
	}()
	closed.ServeHTTP(unwrapper{w}, r)
	if _, err := w.conn.Write(nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the connection is left open: %v", err)
	}

	l := NewListener(nil)
	defer l.CloseAll()
	w, r, client = bare(t, goodRequest)
	l.ServeHTTP(unwrapper{w}, r)
	if resp, err := http.ReadResponse(bufio.NewReader(client), nil); err != nil || resp.StatusCode != 101 {
		t.Fatalf("a listener: %v, %v", resp, err)
	}
	testnet.InTime(t, "Accept", func() {
		if c, err := l.Accept(); err == nil {
			c.(*Conn).Terminate()
		}
	})
}

// Whatever arrives, in whatever pieces, the reading of it is bounded, and what
// is accepted is a request that net/http accepts as well, with every byte
// behind it.
func FuzzReadHandshake(f *testing.F) {
	f.Add([]byte(goodRequest+"early"), 7)
	f.Add([]byte("GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n"), 1)
	f.Add([]byte("GET / HTTP/1.1\nHost: a\n\n"), 100)
	f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"), 5)
	f.Fuzz(func(t *testing.T, raw []byte, slice int) {
		client, pipe := testnet.Pipe(len(raw) + 4096) // the answer fits
		client.Write(raw)
		client.(*testnet.PipeConn).CloseWrite()
		conn := testnet.Wrap(pipe, testnet.Fault{Slice: 1 + slice&0xff})
		defer conn.Close()
		w, r, err := ReadHandshake(t.Context(), conn)
		if err != nil {
			checkBareRefusal(t, client, err)
			return
		}
		hijacked, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Fatal(err)
		}
		rest, err := io.ReadAll(rw.Reader)
		if err != nil || hijacked != net.Conn(conn) {
			t.Fatalf("after the hijack: %v", err)
		}
		head, ok := strings.CutSuffix(string(raw), string(rest))
		if !ok || !strings.HasSuffix(head, "\r\n\r\n") || strings.Count(head, "\r\n\r\n") != 1 || len(head) > maxHead {
			t.Fatalf("%q was left of %q", rest, raw)
		}
		again, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head)))
		if err != nil || again.Host != r.Host || again.ContentLength != 0 || len(again.TransferEncoding) > 0 {
			t.Fatalf("net/http makes %+v, %v of %q", again, err, head)
		}
	})
}

// checkBareRefusal checks that the client got one whole answer with the status
// of the error, or none if that has none.
func checkBareRefusal(t *testing.T, client net.Conn, err error) {
	e, ok := errors.AsType[*HandshakeError](err)
	if !ok {
		t.Fatalf("%v is no *HandshakeError", err)
	}
	all, err := io.ReadAll(client)
	if err != nil {
		t.Fatal(err)
	}
	if e.Status == 0 {
		if len(all) > 0 {
			t.Fatalf("%v, and the answer was %q", e, all)
		}
		return
	}
	in := bufio.NewReader(strings.NewReader(string(all)))
	resp, err := http.ReadResponse(in, nil)
	if err != nil || resp.StatusCode != e.Status || !resp.Close {
		t.Fatalf("%v, and the answer was %q", e, all)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || string(body) != string(e.Body) || in.Buffered() > 0 {
		t.Fatalf("%v, and the answer was %q", e, all)
	}
}
