package wsconn_test

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// pipedSockets are two ends without a system in between.
func pipedSockets(o *deflate.Options) (client, server *wsconn.Socket) {
	a, b := testnet.Pipe()
	options := wsconn.PairOptions{Compression: o, NoHalfClose: true}
	return wsconn.NewTestSocket(a, frames.Client, options), wsconn.NewTestSocket(b, frames.Server, options)
}

// Whatever is written, in whatever pieces and ways, arrives as it was, with the
// options that data says.
func FuzzCompressedMessages(f *testing.F) {
	f.Add([]byte("some text, some text, some text"), uint64(0))
	f.Add(bytes.Repeat([]byte{0}, 3000), uint64(0x1234567))
	f.Add(logLines(5000), ^uint64(0))
	f.Fuzz(func(t *testing.T, data []byte, how uint64) {
		next := func(n uint64) uint64 {
			v := how % n
			how /= n
			return v
		}
		o := &deflate.Options{
			Threshold:               -1,
			Level:                   int(next(10)),
			ServerNoContextTakeover: next(2) == 0,
			ClientNoContextTakeover: next(2) == 0,
			ServerMaxWindowBits:     8 + int(next(8)),
			ClientMaxWindowBits:     8 + int(next(8)),
		}
		client, server := pipedSockets(o)
		defer client.Terminate()
		defer server.Terminate()
		if next(2) == 0 {
			client, server = server, client
		}
		ways := []string{"WriteMessage", "WritePrepared", "NextWriter", "WriteUncompressed"}
		var messages [][]byte
		for size := 1 + int(next(5000)); len(data) > 0 && len(messages) < 64; {
			n := min(size, len(data))
			messages, data = append(messages, data[:n]), data[n:]
		}
		go func() {
			for i, p := range messages {
				senders[ways[(i+int(how%4))%4]](client, context.Background(), wsconn.Binary, p)
			}
			client.Close()
		}()
		for i, want := range messages {
			if _, p, err := receivers[i%2](server, testnet.Bounded(t)); err != nil || !bytes.Equal(p, want) {
				t.Fatalf("%+v: message %d: %d bytes, %v, want %d", o, i, len(p), err, len(want))
			}
		}
		if _, _, err := server.ReadMessage(testnet.Bounded(t)); err != io.EOF {
			t.Fatal(err)
		}
	})
}
