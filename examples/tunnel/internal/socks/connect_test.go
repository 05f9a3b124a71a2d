package socks

import (
	"io"
	"net"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// More than is read ahead may come behind the head, in both directions, and the
// connection still knows how to end one of them.
func TestConnectDataAtOnce(t *testing.T) {
	const size = 1 << 20
	client, server := testnet.TCPPair(t)
	sent := make(chan error, 1)
	go func() {
		_, err := io.WriteString(client, askConnect)
		if err == nil {
			_, err = io.Copy(client, testnet.NewSource(1, size))
		}
		client.CloseWrite()
		sent <- err
	}()
	a, err := Handshake(testnet.Bounded(t), server)
	if err != nil {
		t.Fatal(err)
	}
	p, err := io.ReadAll(a.Conn)
	if err == nil {
		err = testnet.Check(p, 1, 0)
	}
	if len(p) != size || err != nil {
		t.Errorf("%d bytes have come, %v", len(p), err)
	}
	if err := testnet.Take(t, "what was sent", sent); err != nil {
		t.Error(err)
	}
	if err := a.Grant(server.LocalAddr()); err != nil {
		t.Error(err)
	}
	if err := below(a.Conn).(*net.TCPConn).CloseWrite(); err != nil {
		t.Error(err)
	}
	if p, err := io.ReadAll(client); string(p) != "HTTP/1.1 200 Connection established\r\n\r\n" || err != nil {
		t.Errorf("answered with %q, %v", p, err)
	}
}

func FuzzHandshake(f *testing.F) {
	for _, tt := range requests {
		f.Add([]byte(tt.in))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		client, server := testnet.Pipe(1 << 20)
		defer server.Close()
		client.Write(b)
		client.(*testnet.PipeConn).CloseWrite()
		go io.Copy(io.Discard, client)
		a, err := Handshake(t.Context(), server)
		if err != nil {
			return
		}
		if a.Associate != a.Addr.IsZero() {
			t.Errorf("%q asks for %+v", b, a)
		}
		rest, err := io.ReadAll(a.Conn)
		if err != nil || string(rest) != string(b[len(b)-len(rest):]) {
			t.Errorf("%q has %q behind it, %v", b, rest, err)
		}
	})
}
