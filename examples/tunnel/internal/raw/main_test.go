package raw_test

import (
	"context"
	"log/slog"
	"net"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/raw"
	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

func TestMain(m *testing.M) { testnet.Main(m) }

const seed = 7

var discard = slog.New(slog.DiscardHandler)

// startTarget serves every connection by handle, which need not close it.
func startTarget(t *testing.T, network, address string, handle func(testnet.HalfConn)) spec.Addr {
	t.Helper()
	return spec.Addr{Network: network, Address: testnet.Serve(t, network, address, handle)}
}

// unusedAddress is one where nobody listens.
func unusedAddress(t *testing.T) spec.Addr {
	t.Helper()
	return spec.Addr{Network: "tcp", Address: testnet.DeadAddress(t)}
}

// startServer starts s and returns its URL, and what ends its connections.
func startServer(t *testing.T, s *raw.Server, secure bool) (u *url.URL, stop func()) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	s.Log, s.Context = discard, ctx
	if s.HalfClose == 0 {
		s.HalfClose = time.Minute
	}
	web := httptest.NewUnstartedServer(s)
	if secure {
		web.TLS, _ = testnet.TLSConfigs(t)
		web.StartTLS()
	} else {
		web.Start()
	}
	t.Cleanup(func() {
		stop()
		web.Close()
		testnet.InTime(t, "Server.Wait", s.Wait)
	})
	u, err := url.Parse(web.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u, stop
}

// startClient starts c and returns where it listens, and what ends its
// connections.
func startClient(t *testing.T, c *raw.Client) (addr string, stop func()) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	_, c.Dial.TLSConfig = testnet.TLSConfigs(t)
	c.Dial.Proxy = wsconn.NoProxy
	c.Log, c.HalfClose = discard, time.Minute
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		c.Serve(ctx, l)
	}()
	t.Cleanup(func() {
		stop()
		l.Close()
		testnet.Take(t, "Client.Serve", served)
	})
	return l.Addr().String(), stop
}
