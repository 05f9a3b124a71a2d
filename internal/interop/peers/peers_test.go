// Package peers measures how far other ways to have a byte stream over
// WebSocket keep the contract of net.Conn, beside ours and what lies below.
package peers

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	coder "github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"
	xnet "golang.org/x/net/websocket"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// A peer makes a connected pair: the client's end and the server's.
type peer struct {
	name string
	pair func(t *testing.T) (client, server net.Conn)
}

var peers = []peer{
	{"wsstream", wsstreamPair},
	{"tcp", func(t *testing.T) (client, server net.Conn) { return testnet.TCPPair(t) }},
	{"tls", tlsPair},
	{"x-net", xnetPair},
	{"gorilla", gorillaPair},
	{"coder", coderPair},
}

// serve starts a server whose handler hands its end over, and then stays until
// the test ends, since some libraries close the connection when it returns.
func serve(t *testing.T, handler func(w http.ResponseWriter, r *http.Request, hand func(net.Conn))) (url string, server <-chan net.Conn) {
	conns := make(chan net.Conn, 1)
	done := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler(w, r, func(c net.Conn) {
			conns <- c
			<-done
		})
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(done) })
	return "ws" + strings.TrimPrefix(s.URL, "http"), conns
}

func must[T any](t *testing.T, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func wsstreamPair(t *testing.T) (client, server net.Conn) {
	url, conns := serve(t, func(w http.ResponseWriter, r *http.Request, hand func(net.Conn)) {
		if c, err := wsconn.Accept(w, r, nil); err == nil {
			hand(c)
		}
	})
	c, err := wsconn.Dial(t.Context(), url, nil)
	return must(t, c, err), <-conns
}

func tlsPair(t *testing.T) (client, server net.Conn) {
	a, b := testnet.TCPPair(t)
	serverConfig, clientConfig := testnet.TLSConfigs(t)
	clientConfig.ServerName = "localhost"
	c, s := tls.Client(a, clientConfig), tls.Server(b, serverConfig)
	go s.Handshake()
	return must[net.Conn](t, c, c.Handshake()), s
}

func xnetPair(t *testing.T) (client, server net.Conn) {
	url, conns := serve(t, func(w http.ResponseWriter, r *http.Request, hand func(net.Conn)) {
		xnet.Handler(func(c *xnet.Conn) {
			c.PayloadType = xnet.BinaryFrame
			hand(c)
		}).ServeHTTP(w, r)
	})
	c, err := xnet.Dial(url, "", "http://localhost")
	must(t, c, err).PayloadType = xnet.BinaryFrame
	return c, <-conns
}

func coderPair(t *testing.T) (client, server net.Conn) {
	url, conns := serve(t, func(w http.ResponseWriter, r *http.Request, hand func(net.Conn)) {
		if c, err := coder.Accept(w, r, nil); err == nil {
			hand(coder.NetConn(context.Background(), c, coder.MessageBinary))
		}
	})
	c, _, err := coder.Dial(t.Context(), url, nil)
	return coder.NetConn(context.Background(), must(t, c, err), coder.MessageBinary), <-conns
}

func gorillaPair(t *testing.T) (client, server net.Conn) {
	url, conns := serve(t, func(w http.ResponseWriter, r *http.Request, hand func(net.Conn)) {
		if c, err := new(gorilla.Upgrader).Upgrade(w, r, nil); err == nil {
			hand(&gorillaConn{Conn: c})
		}
	})
	c, _, err := gorilla.DefaultDialer.Dial(url, nil)
	return &gorillaConn{Conn: must(t, c, err)}, <-conns
}

// gorillaConn is the adapter that projects write for themselves on top of
// gorilla: a lock a side, one message a Write, close codes 1000 and none as EOF.
type gorillaConn struct {
	*gorilla.Conn
	reading, writing sync.Mutex
	message          io.Reader
}

func (c *gorillaConn) Read(p []byte) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	for {
		if c.message == nil {
			_, r, err := c.NextReader()
			if gorilla.IsCloseError(err, gorilla.CloseNormalClosure, gorilla.CloseNoStatusReceived) {
				return 0, io.EOF
			}
			if err != nil {
				return 0, err
			}
			c.message = r
		}
		n, err := c.message.Read(p)
		if err == io.EOF {
			c.message, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (c *gorillaConn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.WriteMessage(gorilla.BinaryMessage, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (c *gorillaConn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

func (c *gorillaConn) Close() error {
	c.WriteControl(gorilla.CloseMessage, gorilla.FormatCloseMessage(gorilla.CloseNormalClosure, ""), time.Now().Add(100*time.Millisecond))
	return c.Conn.Close()
}
