package ecosystem_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// tlsPair returns the two ends of a TLS session inside a connection.
func (w *web) tlsPair(t *testing.T) (client, server *tls.Conn) {
	t.Helper()
	serverConfig, clientConfig := testnet.TLSConfigs(t)
	clientConfig.ServerName = "localhost"
	a, b := w.pair(t)
	for _, c := range []net.Conn{a, b} { // a deadline that does not come leaves no trace
		c.SetDeadline(time.Now().Add(testnet.Patience))
		defer c.SetDeadline(time.Time{})
	}
	client, server = tls.Client(a, clientConfig), tls.Server(b, serverConfig)
	ctx := testnet.Bounded(t)
	done := make(chan error, 1)
	go func() { done <- server.HandshakeContext(ctx) }()
	if err := client.HandshakeContext(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return client, server
}

// pair returns the two ends of a connection. Every call on them is bounded.
func (w *web) pair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	ctx := testnet.Bounded(t)
	client = must(w.dialContext(ctx, "", ""))(t)
	t.Cleanup(func() { cut(client) })
	server = must(w.served().Accept())(t)
	t.Cleanup(func() { cut(server) })
	context.AfterFunc(ctx, func() { cut(client); cut(server) })
	return client, server
}

// Much both ways at once, and an end of each direction that both ends see.
func TestTLS(t *testing.T) {
	const size = 64 << 20
	onEvery(t, everyStream, nil, func(t *testing.T, w *web) {
		client, server := w.tlsPair(t)
		sent := make(chan error, 2)
		for _, c := range []*tls.Conn{client, server} {
			go func() {
				_, err := io.Copy(c, newBulk(size))
				sent <- errors.Join(err, c.CloseWrite()) // close_notify
			}()
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			readBulk(t, server, size)
		}()
		readBulk(t, client, size)
		<-done
		for range 2 {
			if err := <-sent; err != nil {
				t.Error(err)
			}
		}
		// The stream below ends cleanly too.
		for _, c := range []*tls.Conn{client, server} {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		for _, c := range []*tls.Conn{client, server} {
			below, ok := c.NetConn().(*wsconn.Conn)
			if !ok {
				continue
			}
			err := below.WaitClosed(testnet.Bounded(t))
			// TLS has read to its own end and not to that of the stream below, so
			// the one that closes second cannot know that all was read.
			if told, ok := errors.AsType[*wsconn.CloseError](err); err != nil && (!ok || told.Code != 1000) {
				t.Error(err)
			}
		}
	})
}

func TestTLSDeadlines(t *testing.T) {
	onEvery(t, everyStream, nil, func(t *testing.T, w *web) {
		client, server := w.tlsPair(t)
		go io.Copy(server, server)
		for range 3 {
			client.SetReadDeadline(time.Now().Add(soon))
			if n, err := client.Read(make([]byte, 1)); n != 0 || !isTimeout(err) || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("Read = %d, %v, want a timeout", n, err)
			}
			client.SetReadDeadline(time.Time{})
			if err := talk(client); err != nil {
				t.Fatalf("after a deadline: %v", err)
			}
		}
		// crypto/tls does not go on after this one, whatever is below.
		client.SetWriteDeadline(time.Unix(1, 0))
		if n, err := client.Write(make([]byte, 1)); n != 0 || !isTimeout(err) {
			t.Errorf("Write = %d, %v, want a timeout", n, err)
		}
	})
}

// Where a link is cut, TLS takes a bare io.EOF or io.ErrUnexpectedEOF of the
// connection below for the end of its own stream. It must not get one.
func TestTLSTruncation(t *testing.T) {
	for name, end := range map[string]func(c *wsconn.Conn){
		"terminated": func(c *wsconn.Conn) { c.Terminate() },
		"going away": func(c *wsconn.Conn) { c.CloseWith(1001, "") },
	} {
		t.Run(name, func(t *testing.T) {
			onEveryRoute(t, nil, func(t *testing.T, w *web) {
				client, server := w.tlsPair(t)
				must(io.WriteString(server, "half of it"))(t)
				end(server.NetConn().(*wsconn.Conn))
				for range 2 {
					if _, err := io.ReadAll(client); err == nil || errors.Is(err, net.ErrClosed) {
						t.Errorf("the other end reads %v", err)
					}
				}
			})
		})
	}
}
