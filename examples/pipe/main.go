// Command pipe connects its standard input and output with those of another
// pipe, or with a server's, through a WebSocket: what nc does with TCP.
//
//	go run ./examples/pipe -listen 127.0.0.1:8080 >copy </dev/null
//	go run ./examples/pipe -url ws://127.0.0.1:8080 <file
//
// copies a file. The end of one direction is passed on, and the other one goes
// on. The exit code is 0 only if both directions were complete: stop one pipe in
// the middle by Ctrl-C, and the other one does not take what it got for the
// file.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/wsconn"
)

func main() {
	url := flag.String("url", "ws://127.0.0.1:8080", "the server to connect to")
	addr := flag.String("listen", "", "be the server instead, at this address, for one connection")
	text := flag.Bool("text", false, "send text messages, for servers that want those; the input is UTF-8")
	flag.Parse()
	options := wsconn.ConnOptions{Text: *text}
	var conn *wsconn.Conn
	var err error
	if *addr != "" {
		conn, err = accept(*addr, options)
	} else {
		conn, err = wsconn.Dial(context.Background(), *url, &wsconn.DialOptions{Stream: options})
	}
	if err == nil {
		err = pipe(conn, os.Stdin, os.Stdout)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// accept waits for one connection.
func accept(addr string, options wsconn.ConnOptions) (*wsconn.Conn, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	fmt.Fprintf(os.Stderr, "listening on ws://%s\n", l.Addr())
	sockets := wsconn.NewListener(&wsconn.AcceptOptions{Stream: options})
	defer sockets.Close() // who comes later is refused
	go http.Serve(l, sockets)
	conn, err := sockets.Accept()
	if err != nil {
		return nil, err
	}
	return conn.(*wsconn.Conn), nil
}

// pipe copies both ways until both directions have ended.
func pipe(conn *wsconn.Conn, in io.Reader, out io.Writer) error {
	sent := make(chan error, 1)
	go func() {
		err := send(conn, in)
		sent <- err
		if err != nil {
			conn.CloseWith(frames.CloseInternalError, "the input failed") // ends Copy, too
		}
	}()
	_, err := io.Copy(out, conn)
	switch {
	case errors.Is(err, net.ErrClosed):
		err = <-sent
	case err != nil:
		conn.CloseWith(frames.CloseInternalError, "the output failed")
	case conn.CanCloseWrite():
		err = <-sent // the other end has nothing more to say, but may still listen
	default: // that was the end of both directions, which is good if the input is at its own
		select {
		case err = <-sent:
		case <-time.After(time.Second):
			err = errors.New("the server has closed before the input has ended")
		}
	}
	conn.Close() // nothing new if it was closed with a code
	if err != nil {
		conn.WaitClosed(context.Background()) // until the other end has heard of it
		return err
	}
	return conn.WaitClosed(context.Background()) // nil if it has read everything
}

// send copies the input, and says that it has ended. Only peers of this library
// understand that: any other one would take it for the end of both directions,
// so it has to know from what it reads, and is left to close when it has.
func send(conn *wsconn.Conn, in io.Reader) error {
	if _, err := io.Copy(conn, in); err != nil {
		return err
	}
	err := conn.CloseWrite()
	if errors.Is(err, wsconn.ErrNoHalfClose) {
		log.Print("the input has ended, which the server cannot be told; waiting for it to close")
		return nil
	}
	return err
}
