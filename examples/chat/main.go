// Command chat passes on what each visitor says to all of them. The client is a
// page: open it in two windows and talk to yourself.
//
//	go run ./examples/chat
//
// then http://127.0.0.1:8080 in a browser.
package main

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"log"
	"net/http"
	"sync/atomic"

	"github.com/wsstream/wsstream/examples/internal/web"
	"github.com/wsstream/wsstream/wsconn"
)

//go:embed chat.html
var chatPage string

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	flag.Parse()
	room := newRoom()
	mux := http.NewServeMux()
	mux.Handle("/chat", &room.server)
	mux.Handle("GET /{$}", web.Page(chatPage))
	if err := web.ListenAndServe(*addr, mux, &room.server); err != nil {
		log.Fatal(err)
	}
}

type room struct {
	server   wsconn.Server
	visitors atomic.Int64 // so far
}

func newRoom() *room {
	r := new(room)
	r.server.Handler = r.visit
	r.server.Options.MaxMessage = 4 << 10 // nobody types more
	return r
}

func (r *room) visit(s *wsconn.Socket) {
	name := fmt.Sprintf("visitor %d", r.visitors.Add(1))
	r.say("%s has come", name)
	for {
		typ, message, err := s.ReadMessage(context.Background())
		if err != nil {
			r.say("%s has gone", name)
			return
		}
		if typ == wsconn.Text { // which is valid UTF-8, or err would say so
			r.say("%s: %s", name, message)
		}
	}
}

// say waits for nobody: one who does not read what is said is shown out when
// QueueSize bytes have piled up for them. See also Slow.
func (r *room) say(format string, args ...any) {
	line := wsconn.Prepare(wsconn.Text, fmt.Appendf(nil, format, args...))
	r.server.Broadcast(context.Background(), line)
}
