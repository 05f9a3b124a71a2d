package interop

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// closings are ways to close, as both ends have to see them.
var closings = []frames.CloseError{
	{Code: frames.CloseNormalClosure, Reason: "done"},
	{Code: frames.CloseNoStatusReceived},
	{Code: frames.CloseGoingAway, Reason: "going away"},
	{Code: frames.ClosePolicyViolation, Reason: "not like this"},
	{Code: frames.CloseInternalError, Reason: "κόσμε"},
	{Code: 3000},
	{Code: 4999, Reason: "the last one there is"},
}

// closer is who closes.
type closer string

const (
	we   closer = "we"
	they closer = "they"
)

// eachClosing runs a test for every one of closings that can be, with a
// connection of its own.
func eachClosing[C ended](t *testing.T, who closer, kind kind[C], test func(t *testing.T, p peer, closing frames.CloseError, c C, f foreign)) {
	eachPeer(t, func(t *testing.T, p peer, side side) {
		for _, closing := range closings {
			if who == they && p.alwaysCode && closing.Code == frames.CloseNoStatusReceived {
				continue
			}
			t.Run(closing.Code.String(), func(t *testing.T) {
				c, f := meet(t, p, side, kind, ends{})
				test(t, p, closing, c, f)
			})
		}
	})
}

// theyClose makes the peer close, and returns what it made of our answer.
func theyClose(f foreign, closing frames.CloseError) <-chan error {
	closed := make(chan error, 1)
	go func() { closed <- f.Close(closing.Code, closing.Reason) }()
	return closed
}

// What Conn.Read and Conn.Write make of the peer's close, and the peer of our
// answer.
func TestTheyCloseConn(t *testing.T) {
	eachClosing(t, they, stream, func(t *testing.T, p peer, closing frames.CloseError, c *wsconn.Conn, f foreign) {
		closed := theyClose(f, closing)
		for range 2 {
			_, err := c.Read(make([]byte, 1))
			wantClose(t, err, closing.Code, closing.Reason)
		}
		if _, err := c.Write([]byte("x")); !errors.As(err, new(*wsconn.CloseError)) {
			t.Errorf("Write after it: %v, want a *wsconn.CloseError", err)
		}
		c.Close() // with 1000, but the answer has gone before
		if err := <-closed; err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
		if err := c.WaitClosed(testnet.Bounded(t)); err != nil {
			t.Errorf("WaitClosed: %v", err)
		}
	})
}

// The same for a Socket.
func TestTheyCloseSocket(t *testing.T) {
	eachClosing(t, they, socket, func(t *testing.T, p peer, closing frames.CloseError, s *wsconn.Socket, f foreign) {
		closed := theyClose(f, closing)
		for range 2 {
			_, _, err := s.ReadMessage(testnet.Bounded(t))
			wantClose(t, err, closing.Code, closing.Reason)
		}
		if err := s.WriteMessage(testnet.Bounded(t), wsconn.Text, nil); !errors.As(err, new(*wsconn.CloseError)) {
			t.Errorf("WriteMessage after it: %v, want a *wsconn.CloseError", err)
		}
		s.Close()
		if err := <-closed; err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
		if err := s.WaitClosed(testnet.Bounded(t)); err != nil {
			t.Errorf("WaitClosed: %v", err)
		}
	})
}

// What the peer makes of our CloseWith, after a message that is not lost.
func TestWeCloseConn(t *testing.T) {
	eachClosing(t, we, stream, func(t *testing.T, p peer, closing frames.CloseError, c *wsconn.Conn, f foreign) {
		if _, err := c.Write([]byte("the last words")); err != nil {
			t.Fatal(err)
		}
		if err := c.CloseWith(closing.Code, closing.Reason); err != nil {
			t.Fatal(err)
		}
		m := <-reading(testnet.Bounded(t), f)
		wantSame(t, p.name, m, message{typ: wsconn.Binary, data: []byte("the last words")})
		wantClosed(t, p, f, closing)
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Read: %v, want net.ErrClosed", err)
		}
		if err := c.WaitClosed(testnet.Bounded(t)); err != nil {
			t.Errorf("WaitClosed: %v", err)
		}
	})
}

// The same for a Socket.
func TestWeCloseSocket(t *testing.T) {
	eachClosing(t, we, socket, func(t *testing.T, p peer, closing frames.CloseError, s *wsconn.Socket, f foreign) {
		if err := s.CloseWith(closing.Code, closing.Reason); err != nil {
			t.Fatal(err)
		}
		wantClosed(t, p, f, closing)
		if _, _, err := s.ReadMessage(testnet.Bounded(t)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("ReadMessage: %v, want net.ErrClosed", err)
		}
		if err := s.WaitClosed(testnet.Bounded(t)); err != nil {
			t.Errorf("WaitClosed: %v", err)
		}
	})
}

// wantClosed reads our Close frame at the peer's end, which then ends the
// transport, as applications of these libraries do.
func wantClosed(t *testing.T, p peer, f foreign, want frames.CloseError) {
	t.Helper()
	_, _, err := f.Read(testnet.Bounded(t))
	if ce, ok := errors.AsType[*wsconn.CloseError](err); !ok || *ce != want {
		t.Errorf("%s saw %v, want %v", p.name, err, &want)
	}
	f.Cut()
}

// A server that answers our Close frame and then forgets the connection has
// received everything all the same.
func TestServerKeepsTransport(t *testing.T) {
	for _, start := range []func(*testing.T) peer{gorilla, gobwas} {
		p := start(t)
		t.Run(p.name, func(t *testing.T) {
			url, next := p.serve(t, terms{})
			c, err := wsconn.Dial(testnet.Bounded(t), url, &wsconn.DialOptions{CloseTimeout: 100 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			guard(t, c)
			f, err := next()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.Cut() })
			answered := reading(testnet.Bounded(t), f)
			c.Close()
			<-answered
			if err := c.WaitClosed(testnet.Bounded(t)); err != nil {
				t.Errorf("the closing handshake was completed: %v", err)
			}
		})
	}
}

// A server of ours ends the transport when it has answered, and its application
// has not closed yet: they wait for that.
func TestTheyAreNotKeptWaiting(t *testing.T) {
	for _, peer := range peers {
		t.Run(peer.name, func(t *testing.T) {
			s, f := meet(t, peer.start(t), server, socket, ends{})
			closed := theyClose(f, closings[0])
			if _, _, err := s.ReadMessage(testnet.Bounded(t)); err != io.EOF {
				t.Errorf("ReadMessage: %v", err)
			}
			if err := s.WaitClosed(testnet.Bounded(t)); err != nil {
				t.Errorf("WaitClosed: %v", err)
			}
			if err := <-closed; err != nil {
				t.Errorf("%s: %v", peer.name, err)
			}
		})
	}
}
