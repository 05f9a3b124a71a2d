//go:build linux

package lab_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// A record of TLS that takes half a minute to arrive is life, although nothing
// of it can be read before its end.
func TestLabSlowTLSRecord(t *testing.T) {
	t.Parallel()
	const record = 16<<10 - 64 // of payload, so that it becomes one
	serverTLS, clientTLS := testnet.TLSConfigs(t)
	serverTLS.DynamicRecordSizingDisabled = true
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := wsconn.NewListener(&wsconn.AcceptOptions{KeepAlive: brisk, CloseTimeout: -1})
	server := &http.Server{Handler: listener, TLSConfig: serverTLS}
	go server.ServeTLS(wsconn.BelowTLS(tcp), "", "")
	t.Cleanup(func() { server.Close() })
	relay, err := testnet.NewRelay(tcp.Addr().String(), testnet.Toxic{}, testnet.Toxic{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { relay.Close() })

	ctx, cancel := context.WithTimeout(t.Context(), setup)
	defer cancel()
	client, err := wsconn.Dial(ctx, "wss://"+relay.Addr(), &wsconn.DialOptions{
		TLSConfig: clientTLS, KeepAlive: brisk, CloseTimeout: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Terminate() })
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.(*wsconn.Conn).Terminate() })

	relay.Set(testnet.Toxic{}, testnet.Toxic{Bandwidth: 600})
	ended := make(chan error, 2)
	go func() { ended <- fmt.Errorf("the server's Read: %w", drain(conn)) }()
	if _, err := conn.Write(make([]byte, record)); err != nil {
		t.Fatal(err)
	}
	go func() {
		if _, err := io.ReadFull(client, make([]byte, record)); err != nil {
			err = fmt.Errorf("the client's Read: %w", err)
			ended <- err
			return
		}
		ended <- nil
	}()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if relay.Hits() == 0 {
		t.Error("the line was not slow")
	}
}
