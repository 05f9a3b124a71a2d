package demo

import (
	"log/slog"
	"net"
	"testing"

	"github.com/wsstream/wsstream/examples/tunnel/internal/relay"
	"github.com/wsstream/wsstream/internal/testnet"
)

func TestMain(m *testing.M) { testnet.Main(m) }

// startTarget serves every connection by handle, and returns the address.
func startTarget(t *testing.T, handle func(*net.TCPConn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		relay.Accept(l, slog.New(slog.DiscardHandler), func(c net.Conn) {
			defer c.Close()
			handle(c.(*net.TCPConn))
		})
	}()
	t.Cleanup(func() {
		l.Close()
		testnet.Take(t, "the target", served)
	})
	return l.Addr().String()
}
