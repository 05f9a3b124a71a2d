package autobahn_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/interop/autobahn"
	"github.com/wsstream/wsstream/internal/testnet"
)

func TestMain(m *testing.M) { testnet.Main(m) }

// patience bounds every shape.
const patience = 60 * time.Second

// Every shape, sent to the echo server from a bare connection.
func TestServer(t *testing.T) {
	s := httptest.NewServer(autobahn.Handler())
	t.Cleanup(s.Close)
	for _, shape := range shapes() {
		t.Run(shape.name, func(t *testing.T) {
			w, err := dialWire(s.Listener.Addr(), "")
			if err != nil {
				t.Fatal(err)
			}
			defer w.conn.Close()
			if err := shape.run(w); err != nil {
				t.Error(err)
			}
		})
	}
}

// Every exchange of compressed messages with it.
func TestServerCompression(t *testing.T) {
	s := httptest.NewServer(autobahn.Handler())
	t.Cleanup(s.Close)
	for _, x := range exchanges() {
		t.Run(x.name, func(t *testing.T) {
			w, err := dialWire(s.Listener.Addr(), x.offer)
			if err != nil {
				t.Fatal(err)
			}
			defer w.conn.Close()
			if w.extensions != x.reply {
				t.Errorf("the server replies %q to %q, want %q", w.extensions, x.offer, x.reply)
			}
			if err := x.run(w); err != nil {
				t.Error(err)
			}
		})
	}
}

// dialWire is the handshake of a client, by hand. It offers extensions, if they
// are given.
func dialWire(addr net.Addr, offer string) (*wire, error) {
	conn, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %v\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n", addr, extensionsLine(offer))
	r := bufio.NewReader(conn)
	response, err := http.ReadResponse(r, nil)
	if err == nil && response.StatusCode != http.StatusSwitchingProtocols {
		err = fmt.Errorf("the server answered %s", response.Status)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &wire{conn: conn, r: r, masks: true, extensions: response.Header.Get("Sec-WebSocket-Extensions")}, nil
}

func extensionsLine(elements string) string {
	if elements == "" {
		return ""
	}
	return "Sec-WebSocket-Extensions: " + elements + "\r\n"
}
