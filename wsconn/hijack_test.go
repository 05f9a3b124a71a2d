package wsconn

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// What the server itself does wrong is told to it, not to the client, and no
// byte of it gets on the wire.
func TestAcceptMisuse(t *testing.T) {
	split := func(name, value string) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header()[name] = []string{value}
				next.ServeHTTP(w, r)
			})
		}
	}
	timeout := func(next http.Handler) http.Handler { return http.TimeoutHandler(next, time.Minute, "") }
	wrapped := func(wrapper func(http.ResponseWriter) http.ResponseWriter) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(wrapper(w), r) })
		}
	}
	opaque := wrapped(func(w http.ResponseWriter) http.ResponseWriter { return struct{ http.ResponseWriter }{w} })
	transparent := wrapped(func(w http.ResponseWriter) http.ResponseWriter { return unwrapper{w} })
	for _, tt := range []struct {
		name string
		opts AcceptOptions
		wrap func(http.Handler) http.Handler
		want string
	}{
		{"line break in a header", AcceptOptions{}, split("X-Id", "a\r\nSet-Cookie: b"), "control character"},
		{"NUL in a header", AcceptOptions{}, split("X-Id", "a\x00"), "control character"},
		{"line break in a name", AcceptOptions{}, split("X-Id: a\r\nSet-Cookie", "b"), "not the name of a header"},
		{"subprotocol with a line break", AcceptOptions{Subprotocols: []string{"a\r\nX: b"}}, nil, "AcceptOptions.Subprotocols"},
		{"empty subprotocol", AcceptOptions{Subprotocols: []string{""}}, nil, "AcceptOptions.Subprotocols"},
		{"subprotocol twice", AcceptOptions{Subprotocols: []string{"a", "a"}}, nil, "twice"},
		{"bad pattern", AcceptOptions{Origins: []string{"https://"}}, nil, "AcceptOptions.Origins"},
		{"http.TimeoutHandler", AcceptOptions{}, timeout, "http.TimeoutHandler"},
		{"http.TimeoutHandler inside", AcceptOptions{}, func(h http.Handler) http.Handler { return timeout(transparent(h)) }, "http.TimeoutHandler"},
		{"opaque ResponseWriter", AcceptOptions{}, opaque, "Unwrap() http.ResponseWriter"},
		{"opaque ResponseWriter inside", AcceptOptions{}, func(h http.Handler) http.Handler { return opaque(transparent(h)) }, "Unwrap() http.ResponseWriter"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newHandshakeServer(t, &tt.opts, tt.wrap)
			s.Start()
			resp, body := s.exchange(t, addField("Origin: http://example.com\r\nSec-WebSocket-Protocol: a"))
			if resp.StatusCode != 500 || strings.TrimSpace(body) != "Internal Server Error" || resp.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s, %v, %q", resp.Status, resp.Header, body)
			}
			err := (<-s.outcome).err
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
			if s.hijacked.Load() != 0 {
				t.Error("hijacked")
			}
		})
	}
}

// unwrapper is middleware as net/http wants it.
type unwrapper struct{ http.ResponseWriter }

func (u unwrapper) Unwrap() http.ResponseWriter { return u.ResponseWriter }

func TestAcceptUnwrapsResponseWriter(t *testing.T) {
	s := newHandshakeServer(t, &AcceptOptions{}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(unwrapper{unwrapper{w}}, r) })
	})
	s.Start()
	if resp, _ := s.exchange(t, goodRequest); resp.StatusCode != 101 {
		t.Error(resp.Status)
	}
	if got := <-s.outcome; got.err != nil {
		t.Error(got.err)
	}
}

func TestAcceptTwice(t *testing.T) {
	second := make(chan error, 1)
	s := newHandshakeServer(t, &AcceptOptions{}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			_, err := accept(w, r, &AcceptOptions{}, true)
			second <- err
		})
	})
	s.Start()
	s.exchange(t, goodRequest)
	<-s.outcome
	if err := <-second; !errors.Is(err, http.ErrHijacked) {
		t.Errorf("error %v, want http.ErrHijacked", err)
	}
}

// Frames that a client sends before it has the answer belong to the
// connection, however the request and they were cut on the way.
func TestAcceptKeepsEarlyBytes(t *testing.T) {
	const early = "\x82\x85\x01\x02\x03\x04early\x89\x80\x00\x00\x00\x00"
	listener := newPipeListener()
	outcome := make(chan accepted, 1)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, err := accept(w, r, &AcceptOptions{}, true)
		outcome <- accepted{u, err}
	})}
	go server.Serve(listener)
	defer server.Close()
	wire := goodRequest + early
	for cut := 1; cut <= len(wire); cut++ {
		client, conn := net.Pipe()
		listener.conns <- conn
		go func() {
			io.WriteString(client, wire[:cut])
			io.WriteString(client, wire[cut:])
		}()
		if resp, err := http.ReadResponse(bufio.NewReader(client), nil); err != nil || resp.StatusCode != 101 {
			t.Fatalf("cut at %d: %v, %v", cut, resp, err)
		}
		got := <-outcome
		if got.err != nil {
			t.Fatalf("cut at %d: %v", cut, got.err)
		}
		rest := make([]byte, len(early)-len(got.u.buffered))
		got.u.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, err := io.ReadFull(got.u.conn, rest)
		if all := string(got.u.buffered) + string(rest); err != nil || all != early {
			t.Fatalf("cut at %d: %q, %v, want %q", cut, all, err, early)
		}
		client.Close()
		conn.Close()
	}
}

// A connection outlives the deadlines of its http.Server.
func TestAcceptClearsDeadlines(t *testing.T) {
	deadlines := make(chan time.Time, 64)
	listener := newPipeListener()
	outcome := make(chan accepted, 1)
	server := &http.Server{
		ReadTimeout: time.Minute, WriteTimeout: time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Hour))
			u, err := accept(w, r, &AcceptOptions{}, true)
			outcome <- accepted{u, err}
		}),
	}
	go server.Serve(listener)
	defer server.Close()
	client, conn := net.Pipe()
	defer client.Close()
	defer conn.Close()
	listener.conns <- deadlineRecorder{conn, deadlines}
	go io.WriteString(client, goodRequest)
	if _, err := http.ReadResponse(bufio.NewReader(client), nil); err != nil {
		t.Fatal(err)
	}
	if got := <-outcome; got.err != nil {
		t.Fatal(got.err)
	}
	var last time.Time
	for len(deadlines) > 0 {
		last = <-deadlines
	}
	if !last.IsZero() {
		t.Errorf("the deadline %v is left", last)
	}
}

// deadlineRecorder notes the deadlines that are set on both directions.
type deadlineRecorder struct {
	net.Conn
	set chan time.Time
}

func (d deadlineRecorder) SetDeadline(t time.Time) error {
	d.set <- t
	return d.Conn.SetDeadline(t)
}

// A client that takes nothing cannot hold the handler for ever.
func TestAcceptBoundsAnswer(t *testing.T) {
	client, conn := net.Pipe()
	defer client.Close()
	w := &hijackable{ResponseRecorder: httptest.NewRecorder(), conn: deadlineAtOnce{conn}}
	r, _ := http.ReadRequest(bufio.NewReader(strings.NewReader(goodRequest)))
	_, err := accept(w, r, &AcceptOptions{}, true)
	e, ok := errors.AsType[net.Error](err)
	if !ok || !e.Timeout() {
		t.Errorf("error %v, want a timeout", err)
	}
	if _, err := conn.Write(nil); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the connection is left open: %v", err)
	}
}

// deadlineAtOnce lets every write deadline pass at once.
type deadlineAtOnce struct{ net.Conn }

func (d deadlineAtOnce) SetWriteDeadline(t time.Time) error {
	if !t.IsZero() {
		t = time.Unix(1, 0)
	}
	return d.Conn.SetWriteDeadline(t)
}

// Middleware may have the method Hijack and still fail at it.
func TestAcceptHijackFails(t *testing.T) {
	r, _ := http.ReadRequest(bufio.NewReader(strings.NewReader(goodRequest)))
	_, err := accept(refusingHijack{httptest.NewRecorder()}, r, &AcceptOptions{}, true)
	if e, ok := errors.AsType[*HandshakeError](err); !ok || e.Status != 500 || !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("error %v", err)
	}
}

type refusingHijack struct{ *httptest.ResponseRecorder }

func (refusingHijack) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return nil, nil, io.ErrNoProgress
}

// hijackable is a ResponseWriter over any connection.
type hijackable struct {
	*httptest.ResponseRecorder
	conn net.Conn
}

func (h *hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReader(h.conn), bufio.NewWriter(h.conn)), nil
}

func TestAcceptOverTLS(t *testing.T) {
	s := newHandshakeServer(t, &AcceptOptions{}, nil)
	s.StartTLS()
	conn, err := tls.Dial("tcp", s.Listener.Addr().String(), s.Client().Transport.(*http.Transport).TLSClientConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, goodRequest)
	if resp, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || resp.StatusCode != 101 {
		t.Fatalf("%v, %v", resp, err)
	}
	if got := <-s.outcome; got.err != nil {
		t.Error(got.err)
	} else if _, ok := got.u.conn.(*tls.Conn); !ok {
		t.Errorf("the transport is a %T", got.u.conn)
	}
}
