package testnet_test

import (
	"crypto/tls"
	"io"
	"testing"
	"testing/synctest"

	"github.com/wsstream/wsstream/internal/testnet"
)

func TestTLSConfigs(t *testing.T) {
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		if err := handshake(t, name); err != nil {
			t.Errorf("as %s: %v", name, err)
		}
	}
	if handshake(t, "example.com") == nil {
		t.Error("the certificate is good for any name")
	}
}

// The clock of a bubble begins in the year 2000.
func TestTLSConfigsInBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if err := handshake(t, "localhost"); err != nil {
			t.Error(err)
		}
	})
}

func TestTLSConfigsAreOwn(t *testing.T) {
	s1, c1 := testnet.TLSConfigs(t)
	s1.NextProtos, c1.NextProtos = []string{"changed"}, []string{"changed"}
	s2, c2 := testnet.TLSConfigs(t)
	if s2.NextProtos != nil || c2.NextProtos != nil {
		t.Error("a config is shared between calls")
	}
}

// handshake says a byte through TLS to a server that is called name.
func handshake(t *testing.T, name string) error {
	serverConfig, clientConfig := testnet.TLSConfigs(t)
	clientConfig.ServerName = name
	a, b := testnet.Pipe()
	server, client := tls.Server(a, serverConfig), tls.Client(b, clientConfig)
	defer client.Close()
	go func() {
		defer server.Close()
		io.Copy(server, server)
	}()
	if _, err := client.Write([]byte("x")); err != nil {
		return err
	}
	_, err := io.ReadFull(client, make([]byte, 1))
	return err
}
