package wsconn_test

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// nginx and other proxies close both of their connections as soon as one of
// them has ended. The end that closes last then has the other one's, which said
// before that it has read everything, and cannot send its own: over TLS even to
// try breaks the connection. That is a clean end.
func TestHastyRelay(t *testing.T) {
	for _, tt := range []struct {
		name  string
		below func(tb testing.TB, a, b net.Conn) (client, server net.Conn)
	}{
		{"tcp", func(_ testing.TB, a, b net.Conn) (client, server net.Conn) { return a, b }},
		{"tls", func(tb testing.TB, a, b net.Conn) (client, server net.Conn) {
			return tlsOver(tb, wsconn.BelowTLSConn(a), wsconn.BelowTLSConn(b))
		}},
		{"tls handed off", func(tb testing.TB, a, b net.Conn) (client, server net.Conn) { return tlsOver(tb, a, b) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asEitherRole(t, func(t *testing.T, role frames.Role) {
				a, b, ended := hastyRelay(t)
				clientSide, serverSide := tt.below(t, a, b)
				o := wsconn.PairOptions{CloseTimeout: farOff}
				client := wsconn.NewTestConn(clientSide, frames.Client, o)
				server := wsconn.NewTestConn(serverSide, frames.Server, o)
				defer client.Terminate()
				defer server.Terminate()
				first, last := inRoles(role, client, server)
				for _, c := range []*wsconn.Conn{first, last} {
					mustWrite(t, c, "all")
					if err := c.CloseWrite(); err != nil {
						t.Fatal(err)
					}
				}
				for _, c := range []*wsconn.Conn{first, last} {
					if got, err := io.ReadAll(c); string(got) != "all" || err != nil {
						t.Fatalf("read %q, %v", got, err)
					}
				}
				first.Close()
				mustCloseCleanly(t, first)
				testnet.Take(t, "the relay's end", ended)
				last.Close()
				mustCloseCleanly(t, last)
			})
		})
	}
}

// hastyRelay returns two ends that are connected through a relay, which closes
// both connections when one has ended, and then ended.
func hastyRelay(t *testing.T) (a, b net.Conn, ended <-chan struct{}) {
	a, fromA := testnet.TCPPair(t)
	b, fromB := testnet.TCPPair(t)
	done := make(chan struct{})
	var once sync.Once
	relay := func(dst, src net.Conn) {
		io.Copy(dst, src)
		once.Do(func() {
			fromA.Close()
			fromB.Close()
			close(done)
		})
	}
	go relay(fromA, fromB)
	go relay(fromB, fromA)
	return a, b, done
}
