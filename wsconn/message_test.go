package wsconn_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// socketPair returns a connection over TCP, both ends speaking in messages.
func socketPair(tb testing.TB, o wsconn.PairOptions) (client, server *wsconn.Socket) {
	tb.Helper()
	a, b := testnet.TCPPair(tb)
	o.NoHalfClose = true
	client, server = wsconn.NewTestSocket(a, frames.Client, o), wsconn.NewTestSocket(b, frames.Server, o)
	tb.Cleanup(func() {
		client.Terminate()
		server.Terminate()
	})
	return client, server
}

func TestMessagesKeepTheirBordersAndTypes(t *testing.T) {
	client, server := socketPair(t, wsconn.PairOptions{})
	ctx := t.Context()
	messages := []struct {
		typ wsconn.MessageType
		p   []byte
	}{
		{wsconn.Text, []byte("héllo")},
		{wsconn.Binary, nil},
		{wsconn.Text, []byte{}},
		{wsconn.Binary, bytes.Repeat([]byte("x"), 125)},
		{wsconn.Binary, bytes.Repeat([]byte("y"), 65536)},
		{wsconn.Binary, bytes.Repeat([]byte("z"), 3<<20)},
		{wsconn.Text, []byte("end")},
	}
	for _, d := range []struct{ from, to *wsconn.Socket }{{client, server}, {server, client}} {
		go func() {
			for _, m := range messages {
				if err := d.from.WriteMessage(ctx, m.typ, m.p); err != nil {
					t.Error(err)
				}
			}
		}()
		for i, m := range messages {
			typ, p, err := d.to.ReadMessage(ctx)
			if typ != m.typ || !bytes.Equal(p, m.p) || err != nil {
				t.Errorf("message %d: %v, %d bytes, %v", i, typ, len(p), err)
			}
		}
	}
	if err := client.WriteMessage(ctx, frames.Ping, nil); err == nil {
		t.Error("a ping was sent as a message")
	}
}

// A cancelled ReadMessage loses nothing, not even half a message.
func TestReadMessageGoesOnAfterItsContext(t *testing.T) {
	a, b := testnet.TCPPair(t)
	defer b.Close()
	client := wsconn.NewTestSocket(a, frames.Client, wsconn.PairOptions{})
	defer client.Terminate()
	wire := frames.AppendHeader(nil, frames.Header{Opcode: frames.Text, Length: 5})
	b.Write(append(wire, "hello"...))
	ctx, cancel := context.WithCancel(t.Context())
	read := make(chan error)
	go func() {
		_, _, err := client.ReadMessage(ctx)
		read <- err
	}()
	cancel()
	if err := <-read; !errors.Is(err, context.Canceled) {
		t.Fatalf("ReadMessage: %v, want context.Canceled", err)
	}
	wire = frames.AppendHeader(nil, frames.Header{Fin: true, Opcode: frames.Continuation, Length: 6})
	b.Write(append(wire, " world"...))
	typ, p, err := client.ReadMessage(t.Context())
	if typ != wsconn.Text || string(p) != "hello world" || err != nil {
		t.Errorf("%v %q %v", typ, p, err)
	}
}

// A WriteMessage whose context ends either was not sent, or arrives whole.
func TestWriteMessageAfterItsContext(t *testing.T) {
	client, server := socketPair(t, wsconn.PairOptions{})
	sent := 0
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		err := client.WriteMessage(ctx, wsconn.Binary, bytes.Repeat([]byte{byte(sent)}, 1<<20))
		cancel()
		if err != nil {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("WriteMessage: %v", err)
			}
			break
		}
		sent++
	}
	go func() {
		client.WriteMessage(t.Context(), wsconn.Text, []byte("last"))
		client.Close()
	}()
	for i := range sent {
		_, p, err := server.ReadMessage(t.Context())
		if err != nil || len(p) != 1<<20 || p[0] != byte(i) {
			t.Fatalf("message %d: %d bytes, %v", i, len(p), err)
		}
	}
	if _, p, err := server.ReadMessage(t.Context()); string(p) != "last" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
	if _, _, err := server.ReadMessage(t.Context()); err != io.EOF {
		t.Errorf("%v, want io.EOF", err)
	}
}

func TestMessageLimits(t *testing.T) {
	for _, c := range []struct {
		name string
		o    wsconn.PairOptions
		code frames.CloseCode
	}{
		{"size", wsconn.PairOptions{MaxMessage: 1000}, frames.CloseMessageTooBig},
		{"fragments", wsconn.PairOptions{MaxFragments: 3}, frames.ClosePolicyViolation},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := testnet.TCPPair(t)
			defer b.Close()
			client := wsconn.NewTestSocket(a, frames.Client, c.o)
			defer client.Terminate()
			for op := frames.Binary; ; op = frames.Continuation {
				wire := frames.AppendHeader(nil, frames.Header{Opcode: op, Length: 400})
				if _, err := b.Write(append(wire, make([]byte, 400)...)); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				_, _, err := client.ReadMessage(ctx)
				cancel()
				if fe, ok := errors.AsType[*frames.Error](err); ok {
					if fe.Code != c.code {
						t.Errorf("%v, want code %v", fe, c.code)
					}
					break
				}
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Fatal(err)
				}
			}
			client.Close()
			wire, _ := io.ReadAll(b)
			h, n, _ := frames.ParseHeader(wire)
			payload := wire[n:]
			frames.Mask(payload, payload, h.Key, 0)
			if code, _, _ := frames.ParseClosePayload(payload); h.Opcode != frames.Close || code != c.code {
				t.Errorf("the peer got %v with %v", h.Opcode, code)
			}
		})
	}
}

// NewConn takes over where the socket's reader was.
func TestNewConnGoesOnInsideAMessage(t *testing.T) {
	a, b := testnet.TCPPair(t)
	defer b.Close()
	s := wsconn.NewTestSocket(a, frames.Client, wsconn.PairOptions{MaxMessage: 10})
	defer s.Terminate()
	wire := frames.AppendHeader(nil, frames.Header{Opcode: frames.Binary, Length: 5})
	b.Write(append(wire, "begun"...))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := s.ReadMessage(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	c := wsconn.NewConn(s, nil)
	wire = frames.AppendHeader(nil, frames.Header{Fin: true, Opcode: frames.Continuation, Length: 20})
	b.Write(append(wire, "and over the limit.."...))
	mustRead(t, c, "begunand over the limit..")
	if _, _, err := s.ReadMessage(t.Context()); !errors.Is(err, wsconn.ErrTaken) {
		t.Errorf("ReadMessage after NewConn: %v, want ErrTaken", err)
	}
	if err := s.WriteMessage(t.Context(), wsconn.Text, nil); !errors.Is(err, wsconn.ErrTaken) {
		t.Errorf("WriteMessage after NewConn: %v, want ErrTaken", err)
	}
	if c.Socket() != s {
		t.Error("Socket is another one")
	}
}

func TestSocketCloseWakesItsCalls(t *testing.T) {
	client, _ := socketPair(t, wsconn.PairOptions{})
	errs := make(chan error)
	go func() {
		_, _, err := client.ReadMessage(context.Background())
		errs <- err
	}()
	go func() {
		for {
			if err := client.WriteMessage(context.Background(), wsconn.Binary, make([]byte, 1<<20)); err != nil {
				errs <- err
				return
			}
		}
	}()
	client.Close()
	for range 2 {
		if err := <-errs; !errors.Is(err, net.ErrClosed) {
			t.Errorf("%v, want net.ErrClosed", err)
		}
	}
}
