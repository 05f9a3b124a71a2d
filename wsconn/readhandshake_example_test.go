package wsconn_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/wsstream/wsstream/wsconn"
)

// A server on a listener of its own, without net/http.
func ExampleReadHandshake() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go echoBare(conn)
		}
	}()

	conn, err := wsconn.Dial(context.Background(), "ws://"+l.Addr().String()+"/echo", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "hello")
	conn.CloseWrite()
	echo, err := io.ReadAll(conn)
	fmt.Printf("%s, %v\n", echo, err)
	// Output: hello, <nil>
}

// echoBare serves one connection. What is refused has been answered and closed.
func echoBare(conn net.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	w, r, err := wsconn.ReadHandshake(ctx, conn)
	if err != nil {
		return
	}
	c, err := wsconn.Accept(w, r, &wsconn.AcceptOptions{
		Authorize: func(r *http.Request) (any, error) {
			if r.URL.Path != "/echo" {
				return nil, &wsconn.RejectError{Status: http.StatusNotFound}
			}
			return nil, nil
		},
	})
	if err != nil {
		return
	}
	defer c.Close()
	io.Copy(c, c)
}
