package wsconn_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"
	"weak"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// mustRefuse fails the test unless Dial, and any other client, gets 503 and the
// end of the HTTP connection.
func (s *service) mustRefuse(tb testing.TB) {
	tb.Helper()
	_, err := s.dial(tb)
	if refusal, ok := errors.AsType[*wsconn.HandshakeError](err); !ok || refusal.Status != http.StatusServiceUnavailable {
		tb.Fatalf("Dial: %v, want a refusal with 503", err)
	}
	request := handshake(tb.Context(), s.server.URL)
	request.RequestURI = ""
	response, err := s.server.Client().Do(request)
	if err != nil {
		tb.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusServiceUnavailable || !response.Close {
		tb.Fatalf("%s, Connection: close is %t, want 503 and true", response.Status, response.Close)
	}
}

// mustGoAway fails the test unless c reads a Close frame with code 1001.
func mustGoAway(tb testing.TB, c *wsconn.Conn) {
	tb.Helper()
	_, err := c.Read(make([]byte, 1))
	if ce, ok := errors.AsType[*wsconn.CloseError](err); !ok || ce.Code != frames.CloseGoingAway {
		tb.Errorf("Read: %v, want a *CloseError with code 1001", err)
	}
}

// mustTalk fails the test unless bytes go both ways.
func mustTalk(tb testing.TB, a, b *wsconn.Conn) {
	tb.Helper()
	mustWrite(tb, a, "there")
	mustRead(tb, b, "there")
	mustWrite(tb, b, "back")
	mustRead(tb, a, "back")
}

// mustServe accepts the clients that wait, in whatever order, and fails the
// test unless each is answered.
func (s *service) mustServe(tb testing.TB, clients ...*wsconn.Conn) {
	tb.Helper()
	for _, c := range clients {
		mustWrite(tb, c, "there")
		server := s.mustAccept(tb)
		go io.Copy(server, server)
	}
	for _, c := range clients {
		mustRead(tb, c, "there")
	}
}

func TestListenerBacklogFull(t *testing.T) {
	for name, wait := range map[string]time.Duration{"at once": -1, "after a while": time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			const size = 3
			s := serve(t, overTCP, &wsconn.AcceptOptions{Backlog: size, BacklogWait: wait})
			var waiting []*wsconn.Conn
			for range size {
				waiting = append(waiting, s.mustDial(t))
			}
			s.mustRefuse(t)
			s.mustServe(t, waiting...)
			s.mustServe(t, s.mustDial(t))
		})
	}
}

func TestListenerNegativeBacklogIsOne(t *testing.T) {
	s := serve(t, overTCP, &wsconn.AcceptOptions{Backlog: -1, BacklogWait: -1})
	client := s.mustDial(t)
	s.mustRefuse(t)
	s.mustServe(t, client)
}

// A request that finds the backlog full waits, until there is room, the
// listener is closed or the client has gone.
func TestListenerWaitsForRoom(t *testing.T) {
	s := serve(t, overTCP, &wsconn.AcceptOptions{Backlog: -1, BacklogWait: patience})
	first := s.mustDial(t)

	second := make(chan error, 1)
	go func() {
		_, err := s.dial(t)
		second <- err
	}()
	s.mustServe(t, first)
	s.mustAccept(t)
	if err := <-second; err != nil {
		t.Errorf("the second Dial: %v", err)
	}

	s.mustDial(t) // fills the backlog again
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if code := s.answer(handshake(gone, "/")); code != http.StatusServiceUnavailable {
		t.Errorf("a client that has gone got %d, want 503", code)
	}

	third := make(chan int, 1)
	go func() { third <- s.answer(handshake(t.Context(), "/")) }()
	s.Close()
	if code := <-third; code != http.StatusServiceUnavailable {
		t.Errorf("after Close a client that waited got %d, want 503", code)
	}
}

// handshake is a request that is a good handshake.
func handshake(ctx context.Context, target string) *http.Request {
	r := httptest.NewRequestWithContext(ctx, "GET", target, nil)
	r.Header = http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}
	return r
}

// answer returns the status of the answer to a request that never came through
// a server.
func (s *service) answer(r *http.Request) int {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code
}

func TestListenerClose(t *testing.T) {
	s := serve(t, overTCP, nil)
	client, server := s.mustPair(t)
	waiting := []*wsconn.Conn{s.mustDial(t), s.mustDial(t)}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	for _, c := range waiting {
		mustGoAway(t, c)
	}
	mustTalk(t, client, server)
	for range 2 {
		c, err := s.Accept()
		if op, ok := err.(*net.OpError); c != nil || !ok || op.Op != "accept" || !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept: %v, %v, want one of net.ErrClosed", c, err)
		}
	}
	s.mustRefuse(t)
	mustTalk(t, client, server)
}

func TestListenerCloseWakesAccept(t *testing.T) {
	l := wsconn.NewListener(nil)
	done := make(chan error)
	for range 3 {
		go func() {
			_, err := l.Accept()
			done <- err
		}()
	}
	l.Close()
	for range 3 {
		if err := <-done; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept: %v, want net.ErrClosed", err)
		}
	}
}

// A handshake that was under way when the listener was closed ends well, and
// then the connection does.
func TestListenerCloseDuringAHandshake(t *testing.T) {
	var s *service
	s = serve(t, overTCP, &wsconn.AcceptOptions{Authorize: func(*http.Request) (any, error) {
		s.Close()
		return nil, nil
	}})
	mustGoAway(t, s.mustDial(t))
}

func TestListenerCloseAll(t *testing.T) {
	for name, closeFirst := range map[string]bool{"alone": false, "after Close": true} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, overTCP, nil)
			closed, closedToo := s.mustPair(t) // by the peer
			closed.Close()
			mustEOF(t, closedToo)
			_, terminated := s.mustPair(t)
			terminated.Terminate()

			var clients []*wsconn.Conn
			for range 3 {
				client, _ := s.mustPair(t)
				clients = append(clients, client)
			}
			clients = append(clients, s.mustDial(t)) // in the backlog
			if closeFirst {
				s.Close()
			}
			s.CloseAll()
			s.CloseAll()
			for _, c := range clients {
				mustGoAway(t, c)
			}
			s.mustRefuse(t)
		})
	}
}

// What the application has closed already is not closed with 1001.
func TestListenerCloseAllAfterClose(t *testing.T) {
	s := serve(t, overTCP, nil)
	client, server := s.mustPair(t)
	mustWrite(t, server, "all of it")
	server.Close()
	s.CloseAll()
	mustRead(t, client, "all of it")
	mustEOF(t, client)
}

// A listener may live for years: it must not keep the connections that ended.
func TestListenerForgetsConnections(t *testing.T) {
	for name, end := range map[string]func(client, server *wsconn.Conn){
		"closed here":          func(client, server *wsconn.Conn) { server.Close(); client.Close() },
		"closed by the peer":   func(client, server *wsconn.Conn) { client.Close(); server.Close() },
		"terminated":           func(client, server *wsconn.Conn) { server.Terminate(); client.Terminate() },
		"closed, and peerless": func(client, server *wsconn.Conn) { client.Terminate(); server.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, overTCP, nil)
			kept := s.useOne(t, end)
			testnet.Poll(t, "the collection of the connection", func() bool {
				runtime.GC()
				return kept.Value() == nil
			})
			runtime.KeepAlive(s)
		})
	}
}

// useOne uses a connection up, and returns a pointer to the server's end that
// does not keep it.
func (s *service) useOne(t *testing.T, end func(client, server *wsconn.Conn)) weak.Pointer[wsconn.Conn] {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	client, err := wsconn.Dial(ctx, s.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	server, err := s.Accept()
	if err != nil {
		t.Fatal(err)
	}
	end(client, server.(*wsconn.Conn))
	return weak.Make(server.(*wsconn.Conn))
}

func TestListenerAddr(t *testing.T) {
	s := serve(t, overTCP, nil)
	if a, ok := s.Addr().(*net.TCPAddr); !ok || !a.IP.IsUnspecified() && a.IP != nil || a.Port != 0 {
		t.Errorf("before the first connection: %#v, want an unspecified address", s.Addr())
	}
	s.mustPair(t)
	if got, want := s.Addr().String(), s.server.Listener.Addr().String(); got != want {
		t.Errorf("after it: %v, want %v", got, want)
	}

	own := &net.UnixAddr{Name: "mine", Net: "unix"}
	s = serve(t, overTCP, &wsconn.AcceptOptions{Addr: own})
	for range 2 {
		if s.Addr() != net.Addr(own) {
			t.Errorf("%v, want the option", s.Addr())
		}
		s.mustPair(t)
	}
}

// A request that is no handshake does not use up the backlog, and neither does
// one that the server cannot take.
func TestListenerRefusalsGiveTheirSlotBack(t *testing.T) {
	s := serve(t, overTCP, &wsconn.AcceptOptions{Backlog: 2, BacklogWait: -1})
	for range 5 {
		if code := s.answer(httptest.NewRequest("GET", "/", nil)); code != http.StatusUpgradeRequired {
			t.Errorf("a page: %d, want 426", code)
		}
		if code := s.answer(handshake(t.Context(), "/")); code != http.StatusInternalServerError {
			t.Errorf("a handshake without a connection: %d, want 500", code)
		}
	}
	first, second := s.mustDial(t), s.mustDial(t)
	s.mustRefuse(t)
	s.mustServe(t, first, second)
}

func TestListenerManyAtOnce(t *testing.T) {
	s := serve(t, overTCP, nil)
	var servers, clients sync.WaitGroup
	servers.Go(func() {
		for {
			server, err := s.Accept()
			if err != nil {
				return
			}
			servers.Go(func() {
				io.Copy(server, server)
				server.Close()
			})
		}
	})
	for i := range 100 {
		clients.Go(func() {
			if err := s.ask(t, strconv.Itoa(i)); err != nil {
				t.Errorf("client %d: %v", i, err)
			}
		})
	}
	clients.Wait()
	s.Close()
	servers.Wait()
}

// ask dials, says something to a server that echoes and hangs up.
func (s *service) ask(tb testing.TB, text string) error {
	client, err := s.dial(tb)
	if err != nil {
		return err
	}
	client.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(client, text); err != nil {
		return err
	}
	if err := client.CloseWrite(); err != nil {
		return err
	}
	answer, err := io.ReadAll(client)
	if err == nil && string(answer) != text {
		err = fmt.Errorf("the answer is %q, want %q", answer, text)
	}
	client.Close()
	return err
}

// ServeHTTP returns at once, whether anybody accepts or not: nothing of the
// request outlives the handshake.
func TestListenerHandlerReturns(t *testing.T) {
	for _, r := range everyRoute {
		t.Run(r.name, func(t *testing.T) {
			s := newService(nil)
			returned := make(chan context.Context, 1)
			s.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				s.ServeHTTP(w, r)
				returned <- r.Context()
			})
			s.start(t, r)
			client := s.mustDial(t)
			testnet.InTime(t, "ServeHTTP", func() { <-(<-returned).Done() })
			mustTalk(t, client, s.mustAccept(t))
		})
	}
}
