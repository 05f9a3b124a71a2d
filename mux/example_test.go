package mux_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"

	"github.com/wsstream/wsstream/mux"
	"github.com/wsstream/wsstream/wsconn"
)

// Streams over one WebSocket, and a server that gives back every byte of each.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := wsconn.Accept(w, r, nil)
		if err != nil {
			return // the request has been answered
		}
		session, err := mux.Server(conn, nil)
		if err != nil {
			return
		}
		defer session.Close()
		for {
			stream, err := session.Accept()
			if err != nil {
				return // the session is over
			}
			go func() {
				defer stream.Close()
				io.Copy(stream, stream)
			}()
		}
	}))
	defer server.Close()

	ctx := context.Background()
	conn, err := wsconn.Dial(ctx, server.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	session, err := mux.Client(conn, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	for _, text := range []string{"hello", "and hello again"} {
		stream, err := session.Open(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprint(stream, text)
		stream.CloseWrite()
		echo, err := io.ReadAll(stream)
		stream.Close()
		fmt.Printf("stream %d: %s, %v\n", stream.ID(), echo, err)
	}
	// Output:
	// stream 1: hello, <nil>
	// stream 3: and hello again, <nil>
}

// connect returns the two ends of a session, for examples that are about
// something else.
func connect() (client, server *mux.Session) {
	a, b := net.Pipe()
	client, err := mux.Client(a, nil)
	if err != nil {
		log.Fatal(err)
	}
	if server, err = mux.Server(b, nil); err != nil {
		log.Fatal(err)
	}
	return client, server
}

// A session is a net.Listener, and each request may have a stream of its own.
func ExampleSession_http() {
	client, server := connect()
	defer server.Close()
	defer client.Close()
	go http.Serve(server, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "you asked for %s", r.URL.Path)
	}))

	web := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return client.Open(ctx)
		},
	}}
	defer web.CloseIdleConnections()
	response, err := web.Get("http://anything/page")
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	fmt.Printf("%s\n", body)
	// Output: you asked for /page
}

// A server that can not be dialed: it dials out, keeps that up, and accepts what
// the other end opens.
func ExampleRedialer() {
	sessions := make(chan *mux.Session, 1)
	public := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := wsconn.Accept(w, r, nil)
		if err != nil {
			return
		}
		session, err := mux.Server(conn, nil)
		if err != nil {
			return
		}
		sessions <- session
		<-session.Done()
	}))
	defer public.Close()

	hidden := &mux.Redialer{
		Dial: func(ctx context.Context) (*mux.Session, error) {
			conn, err := wsconn.Dial(ctx, public.URL, nil)
			if err != nil {
				return nil, err
			}
			return mux.Client(conn, nil)
		},
		OnDown: func(s *mux.Session, err error) { fmt.Println("down:", err) },
	}
	defer hidden.Close()
	go http.Serve(hidden, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s from behind a NAT", r.URL.Path)
	}))

	session := <-sessions // here, where it can be reached
	defer session.Close()
	web := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return session.Open(ctx)
		},
	}}
	response, err := web.Get("http://hidden/page")
	if err != nil {
		log.Fatal(err)
	}
	body, _ := io.ReadAll(response.Body)
	fmt.Printf("%s\n", body)
	response.Body.Close()
	web.CloseIdleConnections()
	hidden.Close()
	// Output:
	// /page from behind a NAT
	// down: use of closed network connection
}

// Half-close: the other end sees where the question ends, and can still answer.
func ExampleStream_CloseWrite() {
	client, server := connect()
	defer server.Close()
	defer client.Close()
	go func() {
		stream, err := server.Accept()
		if err != nil {
			return
		}
		defer stream.Close()
		question, _ := io.ReadAll(stream)
		fmt.Fprintf(stream, "%d bytes received", len(question))
	}()

	stream, err := client.Open(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	defer stream.Close()
	fmt.Fprint(stream, "a question")
	stream.CloseWrite()
	answer, _ := io.ReadAll(stream)
	fmt.Printf("%s\n", answer)
	// Output: 10 bytes received
}
