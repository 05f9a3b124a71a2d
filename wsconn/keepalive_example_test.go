package wsconn_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/wsstream/wsstream/wsconn"
)

// Nothing has to be written for it: no loop on the server that pings everybody
// and throws out who has not answered, no timer in the client that waits for
// those pings. A peer that has stopped ends the server's Read.
func ExampleKeepAlive() {
	ended := make(chan error)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := wsconn.Accept(w, r, &wsconn.AcceptOptions{
			// The defaults are 15 and 10 seconds.
			KeepAlive: wsconn.KeepAlive{Interval: 50 * time.Millisecond, Timeout: 50 * time.Millisecond},
		})
		if err != nil {
			return
		}
		defer conn.Close()
		_, err = io.Copy(io.Discard, conn)
		ended <- err
	}))
	defer server.Close()

	client := stoppedClient(server.Listener.Addr().String())
	defer client.Close()
	err := <-ended
	var dead *wsconn.KeepAliveError
	fmt.Println("given up:", errors.As(err, &dead))
	fmt.Println("after more than the silence that is allowed:", dead.Silent > 90*time.Millisecond)
	// Output:
	// given up: true
	// after more than the silence that is allowed: true
}

// stoppedClient returns the transport of a client that has stopped after its
// handshake.
func stoppedClient(address string) net.Conn {
	client, err := net.Dial("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintf(client, "GET / HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", address)
	return client
}

// How long is the way to the other end and back?
func ExampleSocket_Ping() {
	server := echoServer()
	defer server.Close()

	conn, err := wsconn.Dial(context.Background(), server.URL, &wsconn.DialOptions{
		OnPong: func(s *wsconn.Socket, payload []byte) { fmt.Println("a Pong came") },
	})
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	rtt, err := conn.Socket().Ping(ctx)
	fmt.Println(rtt > 0, err)
	fmt.Println(conn.Stats().RTT == rtt)
	// Output:
	// a Pong came
	// true <nil>
	// true
}
