package wsconn_test

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// logLines returns about n bytes that shrink as what servers log does.
func logLines(n int) []byte {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, `{"time":"2026-03-04T05:06:%02d.%06dZ","level":"INFO","id":%d,"path":"/api/items/%d","took":%d}`+"\n",
			i%60, r.IntN(1e6), i, r.IntN(1000), r.IntN(1e5))
	}
	return b.Bytes()[:n]
}

// noise returns n bytes that do not shrink.
func noise(n int) []byte {
	p := make([]byte, n)
	testnet.Fill(p, 7, 0)
	return p
}

// compressions are the ways to compress that ends can agree on.
var compressions = map[string]*deflate.Options{
	"defaults":             {},
	"everything":           {Threshold: -1},
	"no takeover":          {ServerNoContextTakeover: true, ClientNoContextTakeover: true},
	"no takeover, client":  {ClientNoContextTakeover: true},
	"no takeover, server":  {ServerNoContextTakeover: true, Threshold: -1},
	"small windows":        {ServerMaxWindowBits: 9, ClientMaxWindowBits: 8},
	"small, no takeover":   {ServerMaxWindowBits: 8, ClientMaxWindowBits: 12, ServerNoContextTakeover: true, ClientNoContextTakeover: true},
	"threshold, takeover":  {Threshold: 2000, ThresholdWithTakeover: true},
	"best":                 {Level: 9},
	"one at a time":        {MaxConcurrent: 1},
	"without ratio limits": {MaxRatio: -1},
}

// ways to send a message, and to receive one.
var (
	senders = map[string]func(s *wsconn.Socket, ctx context.Context, typ wsconn.MessageType, p []byte) error{
		"WriteMessage":      (*wsconn.Socket).WriteMessage,
		"WriteUncompressed": (*wsconn.Socket).WriteUncompressed,
		"WritePrepared": func(s *wsconn.Socket, ctx context.Context, typ wsconn.MessageType, p []byte) error {
			return s.WritePrepared(ctx, wsconn.Prepare(typ, p))
		},
		"NextWriter": func(s *wsconn.Socket, ctx context.Context, typ wsconn.MessageType, p []byte) error {
			w, err := s.NextWriter(ctx, typ)
			if err != nil {
				return err
			}
			defer w.Abort()
			if _, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{bytes.NewReader(p)}, make([]byte, 3000)); err != nil {
				return err
			}
			return w.Close()
		},
	}
	receivers = []func(s *wsconn.Socket, ctx context.Context) (wsconn.MessageType, []byte, error){
		(*wsconn.Socket).ReadMessage,
		func(s *wsconn.Socket, ctx context.Context) (wsconn.MessageType, []byte, error) {
			typ, r, err := s.NextReader(ctx)
			if err != nil {
				return 0, nil, err
			}
			p, err := io.ReadAll(r)
			return typ, p, err
		},
	}
)

// Every message arrives as it was, however it is compressed, sent and received.
func TestCompressedMessagesArrive(t *testing.T) {
	type message struct {
		typ wsconn.MessageType
		p   []byte
	}
	messages := []message{
		{wsconn.Text, []byte("héllo")},
		{wsconn.Binary, nil},
		{wsconn.Text, bytes.Repeat([]byte("äöü€𝄞 "), 300)},
		{wsconn.Binary, logLines(1 << 10)},
		{wsconn.Binary, logLines(1 << 10)},
		{wsconn.Text, logLines(70_000)},
		{wsconn.Binary, noise(1 << 10)},
		{wsconn.Binary, noise(70_000)},
		{wsconn.Text, logLines(1 << 10)},
		{wsconn.Binary, logLines(280_000)},
		{wsconn.Binary, append(noise(40_000), logLines(40_000)...)},
		{wsconn.Text, []byte("end")},
	}
	for name, options := range compressions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, server := socketPair(t, wsconn.PairOptions{Compression: options})
			for _, d := range []struct{ from, to *wsconn.Socket }{{client, server}, {server, client}} {
				done := make(chan struct{})
				go func() {
					defer close(done)
					for range receivers {
						for _, m := range messages {
							for how, send := range senders {
								if err := send(d.from, t.Context(), m.typ, m.p); err != nil {
									t.Errorf("%s: %v", how, err)
								}
							}
						}
					}
				}()
				for i, receive := range receivers {
					for j, m := range messages {
						for range senders {
							typ, p, err := receive(d.to, t.Context())
							if typ != m.typ || !bytes.Equal(p, m.p) || err != nil {
								t.Fatalf("receiver %d, message %d: %v, %d bytes, %v, want %v and %d bytes", i, j, typ, len(p), err, m.typ, len(m.p))
							}
						}
					}
				}
				testnet.Take(t, "the sender", done)
			}
		})
	}
}

// What goes on the wire: compressed messages in one frame with RSV1 that
// compress/flate can inflate, and those that are not to be compressed, or do not
// shrink, without it.
func TestCompressedFrames(t *testing.T) {
	a, b := testnet.TCPPair(t)
	defer b.Close()
	server := wsconn.NewTestSocket(a, frames.Server, wsconn.PairOptions{
		NoHalfClose: true, Compression: &deflate.Options{ServerNoContextTakeover: true},
	})
	defer server.Terminate()
	ctx := t.Context()
	inPieces := func(p []byte, flushAfter int, uncompressed bool) func() error {
		return func() error {
			w, err := server.NextWriter(ctx, wsconn.Text)
			if err != nil {
				return err
			}
			if uncompressed {
				w.Uncompressed()
			}
			if flushAfter > 0 {
				w.Write(p[:flushAfter])
				w.Flush()
			}
			w.Write(p[flushAfter:])
			return w.Close()
		}
	}
	small, large := logLines(30_000), logLines(300<<10)
	for _, tt := range []struct {
		name       string
		send       func() error
		want       []byte
		compressed bool
		frames     int
	}{
		{"WriteMessage", func() error { return server.WriteMessage(ctx, wsconn.Text, small) }, small, true, 1},
		{"a large one", func() error { return server.WriteMessage(ctx, wsconn.Text, large) }, large, true, 1},
		{"WriteUncompressed", func() error { return server.WriteUncompressed(ctx, wsconn.Text, small) }, small, false, 1},
		{"below the threshold", func() error { return server.WriteMessage(ctx, wsconn.Text, small[:1023]) }, small[:1023], false, 1},
		{"at the threshold", func() error { return server.WriteMessage(ctx, wsconn.Text, small[:1024]) }, small[:1024], true, 1},
		{"what does not shrink", func() error { return server.WriteMessage(ctx, wsconn.Text, noise(5000)) }, noise(5000), false, 1},
		{"prepared", func() error { return server.WritePrepared(ctx, wsconn.Prepare(wsconn.Text, small)) }, small, true, 1},
		{"prepared, uncompressed", func() error {
			return server.WritePrepared(ctx, wsconn.Prepare(wsconn.Text, small).Uncompressed())
		}, small, false, 1},
		{"prepared, does not shrink", func() error {
			return server.WritePrepared(ctx, wsconn.Prepare(wsconn.Text, noise(5000)))
		}, noise(5000), false, 1},
		{"in pieces", inPieces(small, 0, false), small, true, 1},
		{"up to what is kept", inPieces(large[:256<<10], 0, false), large[:256<<10], true, 1},
		{"more than is kept", inPieces(large, 0, false), large, false, 6}, // 120 KiB twice, then 16 KiB
		{"in pieces, uncompressed", inPieces(small, 0, true), small, false, 2},
		{"in pieces, flushed", inPieces(small, 20_000, false), small, false, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sent := make(chan error, 1)
			go func() { sent <- tt.send() }()
			var payload []byte
			for n := 1; ; n++ {
				f, err := readFrame(b)
				if err != nil {
					t.Fatal(err)
				}
				wantRSV := frames.RSV(0)
				if tt.compressed && n == 1 {
					wantRSV = frames.RSV1
				}
				if f.RSV != wantRSV {
					t.Errorf("frame %d has RSV %#x, want %#x", n, f.RSV, wantRSV)
				}
				payload = append(payload, f.payload...)
				if !f.Fin {
					continue
				}
				if n != tt.frames {
					t.Errorf("%d frames, want %d", n, tt.frames)
				}
				break
			}
			if err := <-sent; err != nil {
				t.Fatal(err)
			}
			if tt.compressed {
				if len(payload) >= len(tt.want) {
					t.Errorf("%d bytes on the wire of %d", len(payload), len(tt.want))
				}
				payload = inflated(t, payload)
			}
			if !bytes.Equal(payload, tt.want) {
				t.Errorf("%d bytes, want %d", len(payload), len(tt.want))
			}
		})
	}
}

// inflated returns what the standard library makes of a compressed message.
func inflated(t *testing.T, p []byte) []byte {
	t.Helper()
	r := flate.NewReader(io.MultiReader(bytes.NewReader(p), bytes.NewReader([]byte("\x00\x00\xff\xff\x01\x00\x00\xff\xff"))))
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A message that was compressed and then not sent is unknown to the peer: what
// follows does not refer to it.
func TestUnsentCompressedMessage(t *testing.T) {
	for _, options := range []*deflate.Options{{}, {ServerMaxWindowBits: 9, ClientMaxWindowBits: 9}} {
		client, server := socketPair(t, wsconn.PairOptions{Compression: options})
		secret := logLines(50_000)
		if err := client.WriteMessage(t.Context(), wsconn.Binary, secret[:1000]); err != nil {
			t.Fatal(err)
		}
		// Somebody else's message fills the transport, so that this one waits.
		blocked, cancel := context.WithCancel(t.Context())
		full := make(chan int)
		go func() {
			for n := 0; ; n++ {
				ctx, stop := context.WithTimeout(blocked, 50*time.Millisecond)
				err := client.WriteUncompressed(ctx, wsconn.Binary, noise(1<<20))
				stop()
				if err != nil {
					full <- n
					return
				}
			}
		}()
		before := testnet.Take(t, "a full transport", full)
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if err := client.WriteMessage(ctx, wsconn.Binary, secret); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("WriteMessage: %v", err)
		}
		stop()
		cancel()
		go func() {
			client.WriteMessage(t.Context(), wsconn.Binary, secret)
			client.WriteMessage(t.Context(), wsconn.Binary, secret)
			client.Close()
		}()
		for i := range before + 3 {
			_, p, err := server.ReadMessage(t.Context())
			want := secret
			switch {
			case i == 0:
				want = secret[:1000]
			case i <= before:
				want = noise(1 << 20)
			}
			if err != nil || !bytes.Equal(p, want) {
				t.Fatalf("message %d: %d bytes, %v, want %d", i, len(p), err, len(want))
			}
		}
		if _, _, err := server.ReadMessage(t.Context()); err != io.EOF {
			t.Errorf("%v, want io.EOF", err)
		}
	}
}
