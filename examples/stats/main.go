// Command stats shows on a page how the server is doing: once a second all pages
// that are open get the same figures.
//
//	go run ./examples/stats
//
// then http://127.0.0.1:8080 in a browser, or in several.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"log"
	"net/http"
	"runtime"
	"time"

	"github.com/wsstream/wsstream/examples/internal/web"
	"github.com/wsstream/wsstream/wsconn"
)

//go:embed stats.html
var statsPage string

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	flag.Parse()
	watchers := new(wsconn.Server) // without a Handler: what pages send is thrown away
	go report(watchers)
	mux := http.NewServeMux()
	mux.Handle("/stats", watchers)
	mux.Handle("GET /{$}", web.Page(statsPage))
	if err := web.ListenAndServe(*addr, mux, watchers); err != nil {
		log.Fatal(err)
	}
}

// figures are what the page shows, under these names.
type figures struct {
	Watchers   int     `json:"watchers"`
	Goroutines int     `json:"goroutines"`
	HeapMiB    float64 `json:"heapMiB"`
	Uptime     string  `json:"uptime"`
}

func report(watchers *wsconn.Server) {
	start := time.Now()
	for now := range time.Tick(time.Second) {
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		text, err := json.Marshal(figures{
			Watchers:   watchers.Len(),
			Goroutines: runtime.NumGoroutine(),
			HeapMiB:    float64(memory.HeapAlloc) / (1 << 20),
			Uptime:     now.Sub(start).Round(time.Second).String(),
		})
		if err != nil {
			log.Fatal(err)
		}
		// Made once, whoever many get it. A page that does not keep up does
		// not hold up the others: see Server.QueueSize and Slow.
		watchers.Broadcast(context.Background(), wsconn.Prepare(wsconn.Text, text))
	}
}
