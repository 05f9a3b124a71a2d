// Client runs the cases of the fuzzing server of the Autobahn test suite.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"

	"github.com/wsstream/wsstream/internal/interop/autobahn"
)

func main() {
	url := flag.String("url", "ws://127.0.0.1:9001", "the fuzzing server")
	agent := flag.String("agent", "wsstream", "name of this end in the report")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	c := autobahn.Client{URL: *url, Agent: *agent, Log: func(text string) { log.Print(text) }}
	if err := c.Run(ctx); err != nil {
		log.Fatal(err)
	}
}
