// Command heartbeat is a client that notices when its server is gone, also one
// that vanished without a word, and connects again until there is one.
//
//	go run ./examples/stats
//	go run ./examples/heartbeat -url ws://127.0.0.1:8080/stats
//
// Stop the server by Ctrl-C, and start it again; or suspend it by Ctrl-Z, so
// that its system keeps the connection but nobody is there, and wake it by fg.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"os/signal"
	"time"

	"github.com/wsstream/wsstream/wsconn"
)

func main() {
	url := flag.String("url", "ws://127.0.0.1:8080", "the server")
	interval := flag.Duration("interval", 5*time.Second, "after this silence the server is asked for a sign of life")
	timeout := flag.Duration("timeout", 2*time.Second, "how long it has to give one")
	longest := flag.Duration("longest", 30*time.Second, "the longest pause between attempts to connect")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	options := &wsconn.DialOptions{
		// Without this it is 15 and 10 seconds: there always is a heartbeat.
		KeepAlive: wsconn.KeepAlive{Interval: *interval, Timeout: *timeout},
	}
	if err := stayConnected(ctx, *url, options, *longest); err != nil {
		log.Fatal(err)
	}
}

const shortest = 100 * time.Millisecond

// stayConnected returns when ctx ends, or the server refuses the client: to ask
// again would not help.
func stayConnected(ctx context.Context, url string, options *wsconn.DialOptions, longest time.Duration) error {
	pause := shortest
	for {
		start := time.Now()
		err := connection(ctx, url, options)
		if ctx.Err() != nil {
			return nil
		}
		if e, ok := errors.AsType[*wsconn.HandshakeError](err); ok && e.Status >= 400 && e.Status < 500 {
			return err
		}
		if time.Since(start) > longest {
			pause = shortest // that one was good
		}
		// Half of it is chance: the clients of a server that was restarted
		// shall not all come at the same moment.
		wait := pause/2 + rand.N(pause/2)
		fmt.Printf("%s; next attempt in %v\n", explain(err), wait.Round(time.Millisecond))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
		pause = max(shortest, min(2*pause, longest))
	}
}

// connection is one of them, from its beginning to its end.
func connection(ctx context.Context, url string, options *wsconn.DialOptions) error {
	s, err := wsconn.DialSocket(ctx, url, options)
	if err != nil {
		return err
	}
	fmt.Println("connected")
	for {
		_, message, err := s.ReadMessage(ctx)
		if ctx.Err() != nil {
			s.Close()
			return s.WaitClosed(context.Background()) // for CloseTimeout at most
		}
		if err != nil {
			s.Close()
			return err
		}
		fmt.Printf("%s\n", message)
	}
}

// explain says how a connection ended.
func explain(err error) string {
	if e, ok := errors.AsType[*wsconn.KeepAliveError](err); ok {
		return fmt.Sprintf("no sign of life for %v", e.Silent.Round(100*time.Millisecond))
	}
	if e, ok := errors.AsType[*wsconn.CloseError](err); ok { // 1001, as a rule: it shuts down
		return fmt.Sprintf("closed by the server: %d %s", e.Code, e.Reason)
	}
	if errors.Is(err, io.EOF) {
		return "closed by the server"
	}
	return err.Error() // not there, refused, or ended without a word
}
