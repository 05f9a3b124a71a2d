// Command echo is a server that sends every message back, and a client that
// prints what comes back.
//
//	go run ./examples/echo
//	go run ./examples/echo -url ws://127.0.0.1:8080
//
// Type lines into the second one. Ctrl-D ends it, Ctrl-C ends the server; the
// client says so if it is still there.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/wsstream/wsstream/examples/internal/web"
	"github.com/wsstream/wsstream/wsconn"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where the server listens")
	url := flag.String("url", "", "be a client of this server")
	flag.Parse()
	var err error
	if *url != "" {
		err = client(context.Background(), *url, os.Stdin, os.Stdout)
	} else {
		endpoint := &wsconn.Server{Handler: echo}
		err = web.ListenAndServe(*addr, endpoint, endpoint)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// echo has a socket for itself, and a goroutine. The socket is closed when it
// returns.
func echo(s *wsconn.Socket) {
	ctx := context.Background() // bounds each call; a socket that is closed ends them anyway
	for {
		typ, message, err := s.ReadMessage(ctx)
		if errors.Is(err, io.EOF) {
			return // the client is done
		}
		if err == nil {
			err = s.WriteMessage(ctx, typ, message) // text as text, binary as binary
		}
		if err != nil {
			log.Print(err) // says with whom
			return
		}
	}
}

func client(ctx context.Context, url string, in io.Reader, out io.Writer) error {
	s, err := wsconn.DialSocket(ctx, url, nil)
	if err != nil {
		return err
	}
	defer s.Terminate() // does nothing after a good end
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		if err := s.WriteMessage(ctx, wsconn.Text, lines.Bytes()); err != nil {
			return err
		}
		_, answer, err := s.ReadMessage(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s\n", answer)
	}
	if err := lines.Err(); err != nil {
		return err
	}
	s.Close()
	return s.WaitClosed(ctx) // Close does not wait, and the program would be gone before it is done
}
