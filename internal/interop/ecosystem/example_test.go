package ecosystem_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/wsstream/wsstream/mux"
)

// A session is what gRPC serves, and what it dials: each connection that it
// wants is a stream.
func ExampleSession_grpc() {
	a, b := net.Pipe() // or the two ends of a WebSocket
	client, err := mux.Client(a, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	session, err := mux.Server(b, nil)
	if err != nil {
		log.Fatal(err)
	}

	server := grpc.NewServer()
	server.RegisterService(&echoService, nil)
	go server.Serve(session)
	defer server.Stop()

	conn, err := grpc.NewClient("passthrough:///session",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return client.Open(ctx)
		}),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	in, out := wrapperspb.Bytes([]byte("hello")), new(wrapperspb.BytesValue)
	if err := conn.Invoke(context.Background(), "/ecosystem.Echo/Call", in, out); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", out.Value)
	// Output: hello
}
