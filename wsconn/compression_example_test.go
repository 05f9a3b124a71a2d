package wsconn_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/wsconn"
)

// A server that compresses, and bounds what that costs: it keeps no window for any
// client, and compresses two messages at a time.
func ExampleAcceptOptions_compression() {
	options := &wsconn.AcceptOptions{Compression: &deflate.Options{
		ServerNoContextTakeover: true,
		ClientNoContextTakeover: true,
		MaxConcurrent:           2,
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := wsconn.AcceptSocket(w, r, options)
		if err != nil {
			return
		}
		defer s.Close()
		ctx := context.Background() // the request's has ended
		s.WriteMessage(ctx, wsconn.Text, []byte(strings.Repeat("the same again, ", 1000)))
		s.WriteUncompressed(ctx, wsconn.Text, []byte("a secret beside what somebody else has chosen"))
	}))
	defer server.Close()

	client, err := wsconn.DialSocket(context.Background(), server.URL, nil) // offers it by default
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	fmt.Println(client.Extensions())
	for range 2 {
		_, p, err := client.ReadMessage(context.Background())
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(len(p), "bytes; less than 200 on the wire so far:", client.Stats().BytesRead < 200)
	}
	// Output:
	// permessage-deflate; server_no_context_takeover; client_no_context_takeover
	// 16000 bytes; less than 200 on the wire so far: true
	// 45 bytes; less than 200 on the wire so far: true
}
