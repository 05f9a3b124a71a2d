package wsconn

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const goodRequest = "GET /path HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

// sampleAccept is what RFC 6455 section 1.3 has for the key above.
const sampleAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

// accepted is the outcome of one handshake at a server.
type accepted struct {
	u   upgraded
	err error
}

// handshakeServer is an HTTP server on the loopback whose handler does
// handshakes and passes on what came of them.
type handshakeServer struct {
	*httptest.Server
	outcome  chan accepted
	hijacked atomic.Int32
}

func newHandshakeServer(t *testing.T, opts *AcceptOptions, wrap func(http.Handler) http.Handler) *handshakeServer {
	s := &handshakeServer{outcome: make(chan accepted, 1)}
	var handler http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, err := accept(w, r, opts, true)
		if err == nil {
			t.Cleanup(func() { u.conn.Close() })
		}
		s.outcome <- accepted{u, err}
	})
	if wrap != nil {
		handler = wrap(handler)
	}
	s.Server = httptest.NewUnstartedServer(handler)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateHijacked {
			s.hijacked.Add(1)
		}
	}
	t.Cleanup(s.Close)
	return s
}

// exchange sends raw bytes and returns the response with its whole body.
func (s *handshakeServer) exchange(t *testing.T, request string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return resp, ""
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("after the refusal: read %d bytes and %v, want the end of the connection", n, err)
	}
	return resp, string(body)
}

// edit returns goodRequest with old replaced.
func edit(old, new string) string {
	if !strings.Contains(goodRequest, old) {
		panic("goodRequest has no " + old)
	}
	return strings.Replace(goodRequest, old, new, 1)
}

func addField(lines string) string { return edit("\r\n\r\n", "\r\n"+lines+"\r\n\r\n") }

// pipeListener hands out the connections that it is given.
type pipeListener struct {
	conns  chan net.Conn
	closed context.Context
	cancel context.CancelFunc
}

func newPipeListener() pipeListener {
	closed, cancel := context.WithCancel(context.Background())
	return pipeListener{make(chan net.Conn), closed, cancel}
}

func (l pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed.Done():
		return nil, net.ErrClosed
	}
}

func (l pipeListener) Close() error {
	l.cancel()
	return nil
}

func (l pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }
