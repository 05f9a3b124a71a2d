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
			w, err := dialWire(s.Listener.Addr())
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

// dialWire is the handshake of a client, by hand.
func dialWire(addr net.Addr) (*wire, error) {
	conn, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %v\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", addr)
	r := bufio.NewReader(conn)
	response, err := http.ReadResponse(r, nil)
	if err == nil && response.StatusCode != http.StatusSwitchingProtocols {
		err = fmt.Errorf("the server answered %s", response.Status)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &wire{conn: conn, r: r, masks: true}, nil
}
