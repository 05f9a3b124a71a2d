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
	"os"
	"strings"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/wsconn"
)

// A server that gives back every byte, and a client that says when it is done.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := wsconn.Accept(w, r, nil)
		if err != nil {
			return // the request has been answered
		}
		defer conn.Close()
		io.Copy(conn, conn)
	}))
	defer server.Close()

	conn, err := wsconn.Dial(context.Background(), server.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "hello, stream")
	conn.CloseWrite()
	echo, err := io.ReadAll(conn)
	fmt.Printf("%s, %v\n", echo, err)
	// Output: hello, stream, <nil>
}

// echoServer is what the client examples talk to.
func echoServer() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := wsconn.Accept(w, r, nil)
		if err != nil {
			return
		}
		if _, err := io.Copy(conn, conn); err != nil {
			conn.CloseWith(frames.CloseInternalError, "the echo failed")
			return
		}
		conn.Close()
	}))
}

func ExampleDial() {
	server := echoServer()
	defer server.Close()

	conn, err := wsconn.Dial(context.Background(), server.URL, &wsconn.DialOptions{
		Header:           http.Header{"Authorization": {"Bearer secret"}},
		HandshakeTimeout: 5 * time.Second,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "ping")
	p := make([]byte, 4)
	io.ReadFull(conn, p)
	fmt.Printf("%s\n", p)
	// Output: ping
}

// A refused handshake tells what the server said.
func ExampleHandshakeError() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "members only", http.StatusForbidden)
	}))
	defer server.Close()

	_, err := wsconn.Dial(context.Background(), server.URL, nil)
	if he, ok := errors.AsType[*wsconn.HandshakeError](err); ok {
		fmt.Printf("%d %s", he.Status, he.Body)
	}
	// Output: 403 members only
}

// An HTTP server that is reached through a path of another one.
func ExampleListener() {
	listener := wsconn.NewListener(nil)
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "you asked for %s", r.URL.Path)
	})
	go http.Serve(listener, inner)

	outer := http.NewServeMux()
	outer.Handle("/tunnel", listener)
	server := httptest.NewServer(outer)
	defer server.Close()
	defer listener.CloseAll()

	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return wsconn.Dial(ctx, server.URL+"/tunnel", nil)
		},
	}}
	defer client.CloseIdleConnections()
	response, err := client.Get("http://inner/page")
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	fmt.Printf("%s\n", body)
	// Output: you asked for /page
}

// A deadline ends a wait, not the connection.
func ExampleConn_SetReadDeadline() {
	server := echoServer()
	defer server.Close()
	conn, err := wsconn.Dial(context.Background(), server.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	p := make([]byte, 16)
	conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	_, err = conn.Read(p)
	fmt.Println("nothing yet:", errors.Is(err, os.ErrDeadlineExceeded))

	conn.SetReadDeadline(time.Time{})
	fmt.Fprint(conn, "now")
	n, err := conn.Read(p)
	fmt.Printf("%s, %v\n", p[:n], err)
	// Output:
	// nothing yet: true
	// now, <nil>
}

// After a failed copy the peer must not take what it has for everything.
func ExampleConn_CloseWith() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := wsconn.Accept(w, r, nil)
		if err != nil {
			return
		}
		file := io.MultiReader(strings.NewReader("the first half"), brokenDisk{})
		if _, err := io.Copy(conn, file); err != nil {
			conn.CloseWith(frames.CloseInternalError, "read error")
			return
		}
		conn.Close()
	}))
	defer server.Close()

	conn, err := wsconn.Dial(context.Background(), server.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	p, err := io.ReadAll(conn)
	if closed, ok := errors.AsType[*wsconn.CloseError](err); ok {
		fmt.Printf("%s, then %v %q\n", p, closed.Code, closed.Reason)
	}
	// Output: the first half, then 1011 (internal error) "read error"
}

type brokenDisk struct{}

func (brokenDisk) Read([]byte) (int, error) { return 0, errors.New("I/O error") }

// Half-close: the server sees the end of the question and can still answer.
func ExampleConn_CloseWrite() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := wsconn.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		question, _ := io.ReadAll(conn)
		fmt.Fprintf(conn, "%d bytes received", len(question))
	}))
	defer server.Close()

	conn, err := wsconn.Dial(context.Background(), server.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "a question")
	conn.CloseWrite()
	answer, _ := io.ReadAll(conn)
	fmt.Printf("%s\n", answer)
	// Output: 10 bytes received
}

// Messages, as browsers know them.
func ExampleDialSocket() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		socket, err := wsconn.AcceptSocket(w, r, &wsconn.AcceptOptions{Subprotocols: []string{"chat"}})
		if err != nil {
			return
		}
		defer socket.Close()
		for {
			typ, message, err := socket.ReadMessage(context.Background())
			if err != nil {
				return
			}
			socket.WriteMessage(context.Background(), typ, message)
		}
	}))
	defer server.Close()

	ctx := context.Background()
	socket, err := wsconn.DialSocket(ctx, server.URL, &wsconn.DialOptions{Subprotocols: []string{"chat"}})
	if err != nil {
		log.Fatal(err)
	}
	defer socket.Close()
	socket.WriteMessage(ctx, wsconn.Text, []byte("hello"))
	typ, message, err := socket.ReadMessage(ctx)
	fmt.Printf("%s: %v %q, %v\n", socket.Subprotocol(), typ, message, err)
	// Output: chat: text "hello", <nil>
}

// A socket becomes a stream, for instance after a first message of its own.
func ExampleNewConn() {
	server := echoServer()
	defer server.Close()

	ctx := context.Background()
	socket, err := wsconn.DialSocket(ctx, server.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	socket.WriteMessage(ctx, wsconn.Text, []byte("a greeting"))
	_, greeting, _ := socket.ReadMessage(ctx)

	conn := wsconn.NewConn(socket, &wsconn.ConnOptions{MessageSize: 16 << 10})
	defer conn.Close()
	fmt.Fprint(conn, "and a stream")
	p := make([]byte, len("and a stream"))
	io.ReadFull(conn, p)
	fmt.Printf("%s %s\n", greeting, p)
	// Output: a greeting and a stream
}
