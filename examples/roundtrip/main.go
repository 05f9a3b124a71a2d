// Command roundtrip measures how long it takes to a WebSocket server and back:
// of a Ping, which the other library answers, and of a message, which the other
// program does.
//
//	go run ./examples/echo
//	go run ./examples/roundtrip -n 10
//
// Any server will do that sends messages back: name it with -url.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/wsstream/wsstream/wsconn"
)

func main() {
	url := flag.String("url", "ws://127.0.0.1:8080", "the server")
	n := flag.Int("n", 5, "how many times")
	pause := flag.Duration("pause", 500*time.Millisecond, "how long to wait in between")
	flag.Parse()
	if err := measure(context.Background(), *url, *n, *pause); err != nil {
		log.Fatal(err)
	}
}

func measure(ctx context.Context, url string, n int, pause time.Duration) error {
	s, err := wsconn.DialSocket(ctx, url, nil)
	if err != nil {
		return err
	}
	defer s.Terminate() // does nothing after a good end
	for i := range n {
		if i > 0 {
			time.Sleep(pause)
		}
		ping, err := s.Ping(ctx)
		if err != nil {
			return err
		}
		message, err := echo(ctx, s)
		if err != nil {
			return err
		}
		fmt.Printf("ping %v, message %v\n", ping, message)
	}
	stats := s.Stats()
	fmt.Printf("pings: shortest %v, average %v\n", stats.MinRTT, stats.SmoothedRTT)
	s.Close()
	return s.WaitClosed(ctx)
}

// echo gives up after a while: a server that does not send messages back would
// else be waited for without end.
func echo(ctx context.Context, s *wsconn.Socket) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	start := time.Now()
	question := fmt.Appendf(nil, "sent at %v", start)
	if err := s.WriteMessage(ctx, wsconn.Text, question); err != nil {
		return 0, err
	}
	_, answer, err := s.ReadMessage(ctx)
	if err != nil {
		return 0, fmt.Errorf("waiting for the message to come back: %w", err)
	}
	if took := time.Since(start); bytes.Equal(question, answer) {
		return took, nil
	}
	return 0, fmt.Errorf("this server does not echo: it answered %q", answer)
}
