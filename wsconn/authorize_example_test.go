package wsconn_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/wsstream/wsstream/wsconn"
)

// Who may connect is decided before the WebSocket exists, and what the server
// has learned of the client goes with the socket.
func ExampleAcceptOptions_authorize() {
	users := map[string]string{"secret": "ada"} // by token
	options := &wsconn.AcceptOptions{
		Authorize: func(r *http.Request) (any, error) {
			user, ok := users[r.URL.Query().Get("token")]
			if !ok {
				return nil, &wsconn.RejectError{
					Status: http.StatusUnauthorized,
					Header: http.Header{"WWW-Authenticate": {"Token"}},
					Body:   "a token is needed",
				}
			}
			return user, nil
		},
		OnHandshakeError: func(r *http.Request, e *wsconn.HandshakeError) {
			fmt.Println("refused:", r.URL.Path, e.Status)
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		socket, err := wsconn.AcceptSocket(w, r, options)
		if err != nil {
			return // the request has been answered
		}
		defer socket.Close()
		socket.WriteMessage(context.Background(), wsconn.Text, fmt.Appendf(nil, "welcome, %s", socket.Value()))
	}))
	defer server.Close()

	ctx := context.Background()
	_, err := wsconn.DialSocket(ctx, server.URL+"/chat?token=guess", nil)
	if he, ok := errors.AsType[*wsconn.HandshakeError](err); ok {
		fmt.Printf("%d %s: %s\n", he.Status, he.Header.Get("WWW-Authenticate"), he.Body)
	}
	socket, err := wsconn.DialSocket(ctx, server.URL+"/chat?token=secret", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer socket.Close()
	_, message, err := socket.ReadMessage(ctx)
	fmt.Printf("%s, %v\n", message, err)
	// Output:
	// refused: /chat 401
	// 401 Token: a token is needed
	// welcome, ada, <nil>
}
