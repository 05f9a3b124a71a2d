package wsconn_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// serveSockets serves srv over HTTP and returns its URL.
func serveSockets(t *testing.T, srv *wsconn.Server) (url string) {
	t.Helper()
	s := httptest.NewServer(srv)
	t.Cleanup(func() {
		s.Close()
		srv.Close()
	})
	return "ws" + strings.TrimPrefix(s.URL, "http")
}

func dialSocket(t *testing.T, url string) *wsconn.Socket {
	t.Helper()
	s, err := wsconn.DialSocket(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Terminate() })
	return s
}

func echoMessages(s *wsconn.Socket) {
	for {
		typ, p, err := s.ReadMessage(context.Background())
		if err != nil || s.WriteMessage(context.Background(), typ, p) != nil {
			return
		}
	}
}

// mustClose waits for the peer's Close.
func mustClose(t *testing.T, s *wsconn.Socket, want frames.CloseCode) {
	t.Helper()
	var ce *wsconn.CloseError
	switch _, _, err := s.ReadMessage(t.Context()); {
	case err == io.EOF && want == frames.CloseNormalClosure:
	case errors.As(err, &ce) && ce.Code == want:
	default:
		t.Errorf("the server's end: %v, want code %v", err, want)
	}
}

func TestServerKnowsItsSockets(t *testing.T) {
	srv := &wsconn.Server{Handler: echoMessages}
	url := serveSockets(t, srv)
	var clients []*wsconn.Socket
	for range 5 {
		clients = append(clients, dialSocket(t, url))
	}
	testnet.Poll(t, "five sockets", func() bool { return srv.Len() == 5 })
	seen := 0
	for s := range srv.Sockets() {
		if s.State() != wsconn.Open {
			t.Errorf("a socket is %v", s.State())
		}
		if seen++; seen == 2 {
			break
		}
	}
	for i, c := range clients {
		c.Close()
		if err := c.WaitClosed(t.Context()); err != nil {
			t.Error(err)
		}
		if c.State() != wsconn.Closed {
			t.Errorf("a closed socket is %v", c.State())
		}
		testnet.Poll(t, "one less", func() bool { return srv.Len() == 4-i })
	}
}

func TestServerHandlerEnds(t *testing.T) {
	var log strings.Builder
	for _, c := range []struct {
		name    string
		handler func(*wsconn.Socket)
		code    frames.CloseCode
		logged  string
	}{
		{"returns", func(*wsconn.Socket) {}, frames.CloseNormalClosure, ""},
		{"closes", func(s *wsconn.Socket) { s.CloseWith(4000, "bye") }, 4000, ""},
		{"panics", func(*wsconn.Socket) { panic("a bug") }, frames.CloseInternalError, "a bug"},
		{"aborts", func(*wsconn.Socket) { panic(http.ErrAbortHandler) }, frames.CloseInternalError, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			log.Reset()
			srv := &wsconn.Server{Handler: c.handler, Logger: slog.New(slog.NewTextHandler(&log, nil))}
			mustClose(t, dialSocket(t, serveSockets(t, srv)), c.code)
			if err := srv.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			if got := log.String(); c.logged == "" && got != "" || !strings.Contains(got, c.logged) {
				t.Errorf("the log has %q", got)
			}
		})
	}
}

// Without a handler a socket is read, so that it sees the end, and nothing else.
func TestServerWithoutHandler(t *testing.T) {
	srv := new(wsconn.Server)
	c := dialSocket(t, serveSockets(t, srv))
	for range 100 {
		if err := c.WriteMessage(t.Context(), wsconn.Binary, make([]byte, 100_000)); err != nil {
			t.Fatal(err)
		}
	}
	c.Close()
	if err := c.WaitClosed(t.Context()); err != nil {
		t.Error(err)
	}
	testnet.Poll(t, "the socket's end", func() bool { return srv.Len() == 0 })
}

func TestServerShutdown(t *testing.T) {
	var handlers sync.WaitGroup
	ended := make(chan struct{})
	srv := &wsconn.Server{Handler: func(s *wsconn.Socket) {
		handlers.Add(1)
		echoMessages(s)
		<-ended
		handlers.Done()
	}}
	url := serveSockets(t, srv)
	var clients []*wsconn.Socket
	for range 10 {
		clients = append(clients, dialSocket(t, url))
	}
	testnet.Poll(t, "ten sockets", func() bool { return srv.Len() == 10 })
	done := make(chan error)
	go func() { done <- srv.Shutdown(t.Context()) }()
	for _, c := range clients {
		mustClose(t, c, frames.CloseGoingAway)
		c.Close()
	}
	select {
	case err := <-done:
		t.Fatalf("Shutdown returned %v before the handlers", err)
	default:
	}
	close(ended)
	if err := testnet.Take(t, "Shutdown", done); err != nil {
		t.Error(err)
	}
	handlers.Wait()
	if srv.Len() != 0 {
		t.Errorf("%d sockets after Shutdown", srv.Len())
	}
	var he *wsconn.HandshakeError
	if _, err := wsconn.DialSocket(t.Context(), url, nil); !errors.As(err, &he) || he.Status != http.StatusServiceUnavailable {
		t.Errorf("after Shutdown: %v", err)
	}
}

// Clients that do not answer, and a handler that does not end, hold Shutdown up
// no longer than its context.
func TestServerShutdownIsBounded(t *testing.T) {
	hangs := make(chan struct{})
	defer close(hangs)
	srv := &wsconn.Server{
		Options: wsconn.AcceptOptions{CloseTimeout: farOff},
		Handler: func(s *wsconn.Socket) { <-hangs },
	}
	dialSilent(t, serveSockets(t, srv))
	testnet.Poll(t, "the socket", func() bool { return srv.Len() == 1 })
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("no more patience")
	time := make(chan error)
	go func() { time <- srv.Shutdown(ctx) }()
	testnet.Poll(t, "the closing", func() bool { return srv.Len() == 0 || anyClosing(srv) })
	cancel(cause)
	if err := testnet.Take(t, "Shutdown", time); !errors.Is(err, cause) {
		t.Errorf("Shutdown: %v", err)
	}
	testnet.Poll(t, "the socket's end", func() bool { return srv.Len() == 0 })
}

// dialSilent connects a client that says nothing after its request.
func dialSilent(t *testing.T, url string) {
	t.Helper()
	host := strings.TrimPrefix(url, "ws://")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: "+host+"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
}

func anyClosing(srv *wsconn.Server) bool {
	for s := range srv.Sockets() {
		if s.State() != wsconn.Open {
			return true
		}
	}
	return false
}

func TestServerClose(t *testing.T) {
	srv := &wsconn.Server{Handler: echoMessages}
	c := dialSocket(t, serveSockets(t, srv))
	testnet.Poll(t, "the socket", func() bool { return srv.Len() == 1 })
	srv.Close()
	if _, _, err := c.ReadMessage(t.Context()); err == nil || err == io.EOF {
		t.Errorf("after Close the client reads %v", err)
	}
	testnet.Poll(t, "the socket's end", func() bool { return srv.Len() == 0 })
}

// A handshake that is in progress when the server ends is finished, to tell the
// client why nothing follows.
func TestServerEndsInsideAHandshake(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	srv := &wsconn.Server{
		Options: wsconn.AcceptOptions{Authorize: func(*http.Request) (any, error) {
			close(begun)
			<-goOn
			return nil, nil
		}},
		Handler: func(s *wsconn.Socket) { t.Error("the handler was called") },
	}
	url := serveSockets(t, srv)
	dialed := make(chan *wsconn.Socket, 1)
	go func() {
		s, err := wsconn.DialSocket(t.Context(), url, nil)
		if err != nil {
			t.Error(err)
		}
		dialed <- s
	}()
	testnet.Take(t, "the handshake", begun)
	for range 2 {
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
	close(goOn)
	c := testnet.Take(t, "the client", dialed)
	defer c.Terminate()
	mustClose(t, c, frames.CloseGoingAway)
	if n := srv.Len(); n != 0 {
		t.Errorf("%d sockets after Shutdown", n)
	}
}

// Shutdown and Close at the same time, and again, all return.
func TestServerEndsManyTimes(t *testing.T) {
	srv := &wsconn.Server{Handler: echoMessages}
	clients, _ := socketsOf(t, srv, 3)
	var ends sync.WaitGroup
	for range 3 {
		ends.Go(func() { srv.Shutdown(t.Context()) })
		ends.Go(func() { srv.Close() })
	}
	testnet.InTime(t, "Shutdown and Close", ends.Wait)
	if n := srv.Len(); n != 0 {
		t.Errorf("%d sockets after Shutdown", n)
	}
	if err := srv.Broadcast(t.Context(), wsconn.Prepare(wsconn.Text, nil)); err != nil {
		t.Errorf("Broadcast to nobody: %v", err)
	}
	for _, c := range clients {
		if _, _, err := c.ReadMessage(t.Context()); err == nil || err == io.EOF {
			t.Errorf("a client reads %v", err)
		}
	}
}
