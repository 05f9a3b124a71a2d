package wsconn

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/nettest"

	"github.com/wsstream/wsstream/internal/testnet"
)

// tunnelled dials a Listener through a proxy.
type tunnelled struct {
	*Listener
	url  string
	opts DialOptions
}

func newTunnelled(t *testing.T, scheme string, secure bool) *tunnelled {
	t.Helper()
	serverConfig, clientConfig := testnet.TLSConfigs(t)
	l := NewListener(nil)
	server := httptest.NewUnstartedServer(l)
	if server.TLS = serverConfig; secure {
		server.Listener = BelowTLS(server.Listener)
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(func() {
		l.Close()
		server.Close()
	})
	p := newTestProxy(t, scheme, "", server.Listener.Addr().String())
	return &tunnelled{l, "ws" + strings.TrimPrefix(server.URL, "http"), DialOptions{TLSConfig: clientConfig, Proxy: p.use("")}}
}

func (tn *tunnelled) pair(t *testing.T) (client, server *Conn, err error) {
	client, err = Dial(t.Context(), tn.url, &tn.opts)
	if err != nil {
		return nil, nil, err
	}
	conn, err := tn.Accept()
	if err != nil {
		client.Terminate()
		return nil, nil, err
	}
	return client, conn.(*Conn), nil
}

// The contract of net.Conn, also with TLS inside of TLS.
func TestNettestThroughProxies(t *testing.T) {
	for _, tt := range []struct {
		name, scheme string
		secure       bool
	}{
		{"ws through http", "http", false},
		{"ws through https", "https", false},
		{"wss through https", "https", true},
		{"wss through socks5", "socks5", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tn := newTunnelled(t, tt.scheme, tt.secure)
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				client, server, err := tn.pair(t)
				if err != nil {
					return nil, nil, nil, err
				}
				return client, server, func() { client.Terminate(); server.Terminate() }, nil
			})
		})
	}
}

// A write deadline cuts a record of both TLS sessions, and ruins neither: what
// was counted arrives, and the stream goes on.
func TestWriteDeadlineInTLSInsideTLS(t *testing.T) {
	tn := newTunnelled(t, "https", true)
	client, server, err := tn.pair(t)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Terminate()
	defer server.Terminate()
	if outer, ok := client.s.t.Conn.(*tls.Conn); !ok || client.s.t.out.handoff || !isTLS(outer.NetConn()) {
		t.Fatalf("the transport is a %T", client.s.t.Conn)
	}
	if _, ok := client.s.t.base().(*net.TCPConn); !ok {
		t.Errorf("at the bottom is a %T", client.s.t.base())
	}
	const size = 64 << 20 // more than there is room for on the way
	accepted, cuts := 0, 0
	for p := make([]byte, 1<<20); cuts < 3 && accepted < size; {
		testnet.Fill(p, 1, int64(accepted))
		client.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
		n, err := client.Write(p)
		accepted += n
		if err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal(err)
			}
			cuts++
		}
	}
	if cuts == 0 {
		t.Fatal("no write was cut")
	}
	received := make(chan error, 1)
	go func() {
		v := testnet.NewVerifier(1)
		_, err := io.Copy(v, server)
		if err == nil && v.N() != int64(accepted)+4 {
			err = errors.New("some of what was counted did not come")
		}
		received <- err
	}()
	client.SetWriteDeadline(time.Time{})
	last := make([]byte, 4)
	testnet.Fill(last, 1, int64(accepted))
	if _, err := client.Write(last); err != nil {
		t.Fatal(err)
	}
	if err := client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if err := testnet.Take(t, "the stream", received); err != nil {
		t.Fatal(err)
	}
	// The other direction has not suffered.
	go server.Write([]byte("bye"))
	p := make([]byte, 3)
	if _, err := io.ReadFull(client, p); err != nil || !bytes.Equal(p, []byte("bye")) {
		t.Errorf("%q, %v", p, err)
	}
}

func isTLS(conn net.Conn) bool {
	_, ok := conn.(*tls.Conn)
	return ok
}

// The end of a connection is said to both TLS sessions, and waits for nobody.
func TestCloseThroughProxies(t *testing.T) {
	for _, scheme := range everyProxy {
		tn := newTunnelled(t, scheme, true)
		client, server, err := tn.pair(t)
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		if _, err := server.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("%s: the server reads %v, want io.EOF", scheme, err)
		}
		server.Close()
		ctx, cancel := context.WithTimeout(t.Context(), testnet.Patience)
		if err := client.WaitClosed(ctx); err != nil {
			t.Errorf("%s: %v", scheme, err)
		}
		cancel()
	}
}
