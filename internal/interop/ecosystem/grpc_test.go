package ecosystem_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// echoService is what protoc would make of a service with a call and a stream
// in both directions.
var echoService = grpc.ServiceDesc{
	ServiceName: "ecosystem.Echo",
	HandlerType: (*any)(nil),
	Methods:     []grpc.MethodDesc{{MethodName: "Call", Handler: echoCall}},
	Streams: []grpc.StreamDesc{{
		StreamName: "Talk", Handler: echoTalk, ServerStreams: true, ClientStreams: true,
	}},
}

func echoCall(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	var in wrapperspb.BytesValue
	if err := decode(&in); err != nil {
		return nil, err
	}
	if len(in.Value) == 0 {
		return nil, status.Error(codes.InvalidArgument, "nothing to echo")
	}
	return &in, nil
}

func echoTalk(_ any, stream grpc.ServerStream) error {
	for {
		var in wrapperspb.BytesValue
		if err := stream.RecvMsg(&in); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := stream.SendMsg(&in); err != nil {
			return err
		}
	}
}

func (w *web) grpc(t *testing.T) (*grpc.Server, *grpc.ClientConn) {
	t.Helper()
	server := grpc.NewServer()
	server.RegisterService(&echoService, nil)
	done := make(chan error, 1)
	go func() { done <- server.Serve(w.gated()) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	client := must(grpc.NewClient("passthrough:///inner",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return w.dialContext(ctx, "", "") }),
	))(t)
	t.Cleanup(func() { client.Close() })
	return server, client
}

// call echoes size bytes.
func call(ctx context.Context, client *grpc.ClientConn, size int) error {
	in, out := wrapperspb.Bytes(pattern()[:size]), new(wrapperspb.BytesValue)
	if err := client.Invoke(ctx, "/ecosystem.Echo/Call", in, out); err != nil {
		return err
	}
	if !bytes.Equal(in.Value, out.Value) {
		return errors.New("the answer is another one")
	}
	return nil
}

func TestGRPCUnary(t *testing.T) {
	onEvery(t, everyStream, nil, func(t *testing.T, w *web) {
		_, client := w.grpc(t)
		var running sync.WaitGroup
		for range 8 {
			running.Go(func() {
				for _, size := range []int{1, 1000, 100_000, 1_000_000, 2} {
					if err := call(testnet.Bounded(t), client, size); err != nil {
						t.Errorf("%d bytes: %v", size, err)
					}
				}
			})
		}
		running.Wait()
		if err := call(testnet.Bounded(t), client, 0); status.Code(err) != codes.InvalidArgument {
			t.Errorf("the service's own error came as %v", err)
		}
	})
}

func TestGRPCStream(t *testing.T) {
	onEvery(t, everyStream, nil, func(t *testing.T, w *web) {
		const messages, size = 500, 20_000
		server, client := w.grpc(t)
		stream := must(client.NewStream(testnet.Bounded(t), &echoService.Streams[0], "/ecosystem.Echo/Talk"))(t)
		message := func(i int) []byte { return pattern()[i : i+size] }
		sent := make(chan error, 1)
		go func() {
			for i := range messages {
				if err := stream.SendMsg(wrapperspb.Bytes(message(i))); err != nil {
					sent <- err
					return
				}
			}
			sent <- stream.CloseSend()
		}()
		stopped := make(chan struct{})
		for i := range messages {
			var in wrapperspb.BytesValue
			if err := stream.RecvMsg(&in); err != nil || !bytes.Equal(in.Value, message(i)) {
				t.Fatalf("message %d has %d bytes, %v", i, len(in.Value), err)
			}
			if i == messages/2 {
				go func() { // lets the stream go on to its end
					server.GracefulStop()
					close(stopped)
				}()
			}
		}
		if err := stream.RecvMsg(new(wrapperspb.BytesValue)); err != io.EOF {
			t.Errorf("at the end: %v, want io.EOF", err)
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
		<-stopped
	})
}
