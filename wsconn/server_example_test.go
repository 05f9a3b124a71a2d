package wsconn_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/wsstream/wsstream/wsconn"
)

// A chat: what one socket says, all others hear. Who may connect, and what is
// known of them, is Authorize's.
func ExampleServer() {
	chat := &wsconn.Server{
		Options: wsconn.AcceptOptions{
			Authorize: func(r *http.Request) (any, error) {
				name, _, ok := r.BasicAuth()
				if !ok {
					return nil, &wsconn.RejectError{Status: http.StatusUnauthorized}
				}
				return name, nil
			},
		},
	}
	chat.Handler = func(s *wsconn.Socket) {
		s.WriteMessage(context.Background(), wsconn.Text, []byte("welcome"))
		for {
			_, p, err := s.ReadMessage(context.Background())
			if err != nil {
				return // the socket is closed with that
			}
			line := fmt.Sprintf("%v: %s", s.Value(), p)
			chat.Broadcast(context.Background(), wsconn.Prepare(wsconn.Text, []byte(line)), s)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/chat", chat)
	web := httptest.NewServer(mux)
	defer web.Close()

	ctx := context.Background()
	if _, err := wsconn.DialSocket(ctx, web.URL+"/chat", nil); err != nil {
		var refused *wsconn.HandshakeError
		fmt.Println("without a name:", errors.As(err, &refused), refused.Status)
	}
	ann := mustDial(ctx, web, "ann")
	bob := mustDial(ctx, web, "bob")
	ann.WriteMessage(ctx, wsconn.Text, []byte("is anybody there?"))
	_, p, err := bob.ReadMessage(ctx)
	fmt.Printf("bob hears %q, %v\n", p, err)

	go chat.Shutdown(ctx)
	_, _, err = bob.ReadMessage(ctx)
	var closed *wsconn.CloseError
	fmt.Println("then:", errors.As(err, &closed), int(closed.Code))
	// Output:
	// without a name: true 401
	// bob hears "ann: is anybody there?", <nil>
	// then: true 1001
}

func mustDial(ctx context.Context, web *httptest.Server, name string) *wsconn.Socket {
	url := "ws://" + name + ":@" + web.Listener.Addr().String() + "/chat"
	s, err := wsconn.DialSocket(ctx, url, nil)
	if err != nil {
		log.Fatal(err)
	}
	s.ReadMessage(ctx) // the welcome
	return s
}

// A message goes out while it is made, and is read as it comes.
func ExampleSocket_NextWriter() {
	done := make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := wsconn.AcceptSocket(w, r, nil)
		if err != nil {
			return
		}
		defer s.Close()
		message, err := s.NextWriter(context.Background(), wsconn.Text)
		if err != nil {
			return
		}
		defer message.Abort() // what is not finished is not to look so
		if err := json.NewEncoder(message).Encode(map[string]int{"answer": 42}); err != nil {
			return
		}
		if err := message.Close(); err != nil {
			log.Print(err)
		}
		<-done
	}))
	defer web.Close()

	s, err := wsconn.DialSocket(context.Background(), web.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	defer close(done)
	_, message, err := s.NextReader(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	var v struct{ Answer int }
	err = json.NewDecoder(message).Decode(&v)
	fmt.Println(v.Answer, err)
	// Output: 42 <nil>
}
