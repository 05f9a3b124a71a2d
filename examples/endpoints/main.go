// Command endpoints serves several WebSockets and ordinary HTTP from one
// http.Server: each wsconn.Server is an endpoint, and http.ServeMux knows the
// way to it, by path, pattern or host.
//
//	go run ./examples/endpoints
//
//	http://127.0.0.1:8080/            how many sockets there are, by plain HTTP
//	ws://127.0.0.1:8080/upper         sends messages back in upper case
//	ws://127.0.0.1:8080/time          sends the time, every second
//	ws://127.0.0.1:8080/rooms/NAME    passes messages on to others in the room
//
// The client of examples/echo talks to /upper, and that of examples/heartbeat
// listens to /time and to the rooms.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/wsstream/wsstream/examples/internal/web"
	"github.com/wsstream/wsstream/wsconn"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	flag.Parse()

	upper := &wsconn.Server{Handler: upper}
	clock := &wsconn.Server{} // only speaks
	go tick(clock)
	rooms := newRooms()

	mux := http.NewServeMux()
	mux.Handle("/upper", upper)
	mux.Handle("/time", clock)
	mux.Handle("/rooms/{name}", rooms)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "upper %d, time %d, rooms %d\n", upper.Len(), clock.Len(), rooms.Len())
	})
	if err := web.ListenAndServe(*addr, mux, upper, clock, rooms); err != nil {
		log.Fatal(err)
	}
}

func upper(s *wsconn.Socket) {
	for {
		typ, message, err := s.ReadMessage(context.Background())
		if err != nil {
			return
		}
		if err := s.WriteMessage(context.Background(), typ, bytes.ToUpper(message)); err != nil {
			return
		}
	}
}

func tick(clock *wsconn.Server) {
	for now := range time.Tick(time.Second) {
		text := []byte(now.Format(time.TimeOnly))
		clock.Broadcast(context.Background(), wsconn.Prepare(wsconn.Text, text))
	}
}

// newRooms makes an endpoint of many addresses. The name of the room is in the
// request, which is gone once the socket is there: Authorize keeps it.
func newRooms() *wsconn.Server {
	rooms := new(wsconn.Server)
	rooms.Options.Authorize = func(r *http.Request) (any, error) {
		return r.PathValue("name"), nil
	}
	rooms.Handler = func(s *wsconn.Socket) {
		others := func(yield func(*wsconn.Socket) bool) {
			for other := range rooms.Sockets() {
				if other != s && other.Value() == s.Value() && !yield(other) {
					return
				}
			}
		}
		for {
			typ, message, err := s.ReadMessage(context.Background())
			if err != nil {
				return
			}
			rooms.BroadcastTo(context.Background(), others, wsconn.Prepare(typ, message))
		}
	}
	return rooms
}
