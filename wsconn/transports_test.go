package wsconn_test

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// A transports case makes the two transports of a connection.
type transports struct {
	name string
	make func(tb testing.TB) (client, server net.Conn)
}

// everyTransport has each way in which a connection can stand on its
// transport: written directly, with a part of ours below TLS, and through a
// goroutine where a deadline would ruin the transport.
var everyTransport = []transports{
	{"tcp", tcpPair},
	{"unix", unixPair},
	{"tls", func(tb testing.TB) (client, server net.Conn) {
		return tlsPair(tb, wsconn.BelowTLSConn)
	}},
	{"tls handed off", func(tb testing.TB) (client, server net.Conn) {
		return tlsPair(tb, func(c net.Conn) net.Conn { return c })
	}},
	{"foreign", func(tb testing.TB) (client, server net.Conn) { return testnet.Pipe() }},
	{"foreign with deadlines", func(tb testing.TB) (client, server net.Conn) {
		a, b := testnet.Pipe()
		return testnet.Wrap(a, testnet.Fault{}), testnet.Wrap(b, testnet.Fault{})
	}},
}

func tcpPair(tb testing.TB) (client, server net.Conn) { return testnet.TCPPair(tb) }

func unixPair(tb testing.TB) (client, server net.Conn) {
	tb.Helper()
	l, err := net.Listen("unix", tb.TempDir()+"/socket")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("unix", l.Addr().String()); err != nil {
		tb.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		tb.Fatal(err)
	}
	return client, server
}

// tlsPair returns the two ends of a TLS connection whose TCP connections went
// through below.
func tlsPair(tb testing.TB, below func(net.Conn) net.Conn) (client, server *tls.Conn) {
	tb.Helper()
	a, b := testnet.TCPPair(tb)
	return tlsOver(tb, below(a), below(b))
}

// tlsOver is TLS over any two ends.
func tlsOver(tb testing.TB, a, b net.Conn) (client, server *tls.Conn) {
	tb.Helper()
	serverConfig, clientConfig := testnet.TLSConfigs(tb)
	clientConfig.ServerName = "localhost"
	client, server = tls.Client(a, clientConfig), tls.Server(b, serverConfig)
	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	if err := client.Handshake(); err != nil {
		tb.Fatal(err)
	}
	if err := <-done; err != nil {
		tb.Fatal(err)
	}
	return client, server
}

// connPair returns a connection over the transports, both ends streams.
func connPair(tb testing.TB, tr transports, o wsconn.PairOptions) (client, server *wsconn.Conn) {
	tb.Helper()
	c, s := tr.make(tb)
	client, server = wsconn.NewTestConn(c, frames.Client, o), wsconn.NewTestConn(s, frames.Server, o)
	tb.Cleanup(func() {
		client.Terminate()
		server.Terminate()
	})
	return client, server
}
