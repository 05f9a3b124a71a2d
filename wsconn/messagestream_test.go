package wsconn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// writeInPieces sends p as one message, in pieces of n bytes.
func writeInPieces(t *testing.T, s *wsconn.Socket, typ wsconn.MessageType, p []byte, n int) {
	t.Helper()
	w, err := s.NextWriter(t.Context(), typ)
	if err != nil {
		t.Fatal(err)
	}
	for rest := p; len(rest) > 0; {
		k := min(n, len(rest))
		if m, err := w.Write(rest[:k]); m != k || err != nil {
			t.Fatalf("Write: %d of %d, %v", m, k, err)
		}
		rest = rest[k:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestMessageInPieces(t *testing.T) {
	for _, size := range []int{0, 1, 511, 512, 513, 16 << 10, 16<<10 + 1, 100_000, 1 << 20} {
		for _, piece := range []int{1 << 10, 16 << 10, 40_000, 1 << 20} {
			client, server := socketPair(t, wsconn.PairOptions{})
			want := bytes.Repeat([]byte("0123456789abcde"), size/15+1)[:size]
			for _, d := range []struct{ from, to *wsconn.Socket }{{client, server}, {server, client}} {
				done := make(chan struct{})
				go func() {
					defer close(done)
					writeInPieces(t, d.from, wsconn.Binary, want, piece)
				}()
				typ, r, err := d.to.NextReader(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(r)
				if typ != wsconn.Binary || !bytes.Equal(got, want) || err != nil {
					t.Fatalf("%d bytes in pieces of %d: %v, %d bytes, %v", size, piece, typ, len(got), err)
				}
				if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
					t.Fatalf("after the end: %d, %v", n, err)
				}
				testnet.Take(t, "the writer", done)
			}
		}
	}
}

// The frames of a message are the wire's: fragments of 16 KiB, what Flush
// sends, and a last one.
func TestMessageWriterFragments(t *testing.T) {
	a, b := testnet.TCPPair(t)
	server := wsconn.NewTestSocket(a, frames.Server, wsconn.PairOptions{NoHalfClose: true})
	defer server.Terminate()
	defer b.Close()
	w, err := server.NextWriter(t.Context(), wsconn.Text)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, strings.Repeat("a", 10))
	w.Flush()
	w.Flush() // nothing is kept
	io.WriteString(w, strings.Repeat("b", 16<<10+5))
	w.Write(bytes.Repeat([]byte("c"), 3))
	if n, err := w.ReadFrom(iotest.OneByteReader(strings.NewReader("ddd"))); n != 3 || err != nil {
		t.Errorf("ReadFrom: %d, %v", n, err)
	}
	w.Close()
	w, _ = server.NextWriter(t.Context(), wsconn.Binary)
	w.Close()
	for i, want := range []frames.Header{
		{Opcode: frames.Text, Length: 10},
		{Opcode: frames.Continuation, Length: 16 << 10},
		{Opcode: frames.Continuation, Length: 11, Fin: true},
		{Opcode: frames.Binary, Length: 0, Fin: true},
	} {
		h := readHeader(t, b)
		if h != want {
			t.Errorf("frame %d: %+v, want %+v", i, h, want)
		}
		io.CopyN(io.Discard, b, h.Length)
	}
}

// readHeader reads the header of an unmasked frame.
func readHeader(t *testing.T, r io.Reader) frames.Header {
	t.Helper()
	for b := []byte{}; ; {
		h, n, err := frames.ParseHeader(b)
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return h
		}
		b = append(b, 0)
		if _, err := io.ReadFull(r, b[len(b)-1:]); err != nil {
			t.Fatal(err)
		}
	}
}

// Pings overtake a message in pieces; other messages wait for its end.
func TestMessagesWaitForTheOneInPieces(t *testing.T) {
	client, server := socketPair(t, wsconn.PairOptions{})
	w, err := client.NextWriter(t.Context(), wsconn.Text)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "first")
	w.Flush()
	go server.NextReader(t.Context()) // so that somebody reads
	if _, err := client.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := client.WriteMessage(ctx, wsconn.Text, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("WriteMessage in the middle of a message: %v", err)
	}
	if _, err := client.NextWriter(ctx, wsconn.Text); !errors.Is(err, context.Canceled) {
		t.Errorf("NextWriter in the middle of a message: %v", err)
	}
	second := make(chan error)
	go func() { second <- client.WriteMessage(t.Context(), wsconn.Text, []byte("second")) }()
	io.WriteString(w, " message")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := testnet.Take(t, "the second message", second); err != nil {
		t.Error(err)
	}
	if _, err := io.WriteString(w, "x"); err == nil {
		t.Error("a message that is finished took more")
	}
	if err := w.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
	// ReadMessage skips what NextReader has begun.
	if _, p, err := server.ReadMessage(t.Context()); string(p) != "second" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
}

// A message of which the beginning is out and the end does not come is never
// taken for a whole one.
func TestMessageThatIsGivenUp(t *testing.T) {
	cause := errors.New("the source failed")
	for _, c := range []struct {
		name   string
		giveUp func(w *wsconn.MessageWriter, cancel context.CancelCauseFunc)
		want   error // of Close; nil is any
	}{
		{"by the context", func(_ *wsconn.MessageWriter, cancel context.CancelCauseFunc) { cancel(cause) }, cause},
		{"by Abort", func(w *wsconn.MessageWriter, _ context.CancelCauseFunc) { w.Abort(); w.Abort() }, nil},
	} {
		for _, out := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, begun %v", c.name, out), func(t *testing.T) {
				client, server := socketPair(t, wsconn.PairOptions{})
				ctx, cancel := context.WithCancelCause(t.Context())
				w, err := client.NextWriter(ctx, wsconn.Text)
				if err != nil {
					t.Fatal(err)
				}
				io.WriteString(w, "beginning")
				if out {
					w.Flush()
				}
				c.giveUp(w, cancel)
				for range 2 {
					if err := w.Close(); err == nil || c.want != nil && !errors.Is(err, c.want) {
						t.Errorf("Close: %v", err)
					}
				}
				if out {
					var ce *wsconn.CloseError
					if typ, p, err := server.ReadMessage(t.Context()); !errors.As(err, &ce) || ce.Code != frames.CloseInternalError {
						t.Errorf("the peer got %v %q, %v", typ, p, err)
					}
					return
				}
				if err := client.WriteMessage(t.Context(), wsconn.Text, []byte("another")); err != nil {
					t.Errorf("WriteMessage after a message that was not begun: %v", err)
				}
				if _, p, err := server.ReadMessage(t.Context()); string(p) != "another" || err != nil {
					t.Errorf("the peer got %q, %v", p, err)
				}
			})
		}
	}
}

// Abort after Close changes nothing: it can be deferred.
func TestAbortAfterClose(t *testing.T) {
	client, server := socketPair(t, wsconn.PairOptions{})
	w, err := client.NextWriter(t.Context(), wsconn.Text)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "whole")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w.Abort()
	if err := client.WriteMessage(t.Context(), wsconn.Text, []byte("next")); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"whole", "next"} {
		if _, p, err := server.ReadMessage(t.Context()); string(p) != want || err != nil {
			t.Errorf("%q, %v, want %q", p, err, want)
		}
	}
}

// A reader whose message is cut says so, and one that was overtaken too.
func TestMessageReaderEnds(t *testing.T) {
	begun := func(t *testing.T) (*wsconn.Socket, io.WriteCloser, io.Reader) {
		a, b := testnet.TCPPair(t)
		server := wsconn.NewTestSocket(a, frames.Server, wsconn.PairOptions{NoHalfClose: true})
		t.Cleanup(func() { server.Terminate(); b.Close() })
		wire := frames.AppendHeader(nil, frames.Header{Opcode: frames.Text, Length: 5, Masked: true})
		b.Write(append(wire, "hello"...))
		_, r, err := server.NextReader(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r, make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
		return server, b, r
	}
	t.Run("cut", func(t *testing.T) {
		_, peer, r := begun(t)
		peer.Close()
		if _, err := r.Read(make([]byte, 1)); !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			t.Errorf("%v, want io.ErrUnexpectedEOF", err)
		}
	})
	t.Run("closed", func(t *testing.T) {
		_, peer, r := begun(t)
		wire := frames.AppendHeader(nil, frames.Header{Fin: true, Opcode: frames.Close, Length: 2, Masked: true})
		peer.Write(append(wire, 0x03, 0xE8))
		if _, err := r.Read(make([]byte, 1)); !errors.As(err, new(*wsconn.CloseError)) {
			t.Errorf("%v, want a CloseError", err)
		}
	})
	t.Run("overtaken", func(t *testing.T) {
		server, peer, r := begun(t)
		wire := frames.AppendHeader(nil, frames.Header{Fin: true, Opcode: frames.Continuation, Length: 600, Masked: true})
		wire = append(wire, make([]byte, 600)...)
		wire = frames.AppendHeader(wire, frames.Header{Fin: true, Opcode: frames.Binary, Length: 1, Masked: true})
		peer.Write(append(wire, "x"...))
		typ, next, err := server.NextReader(t.Context())
		if typ != wsconn.Binary || err != nil {
			t.Fatalf("%v, %v", typ, err)
		}
		if _, err := r.Read(make([]byte, 1)); err == nil || err == io.EOF {
			t.Errorf("the reader of the message that was skipped: %v", err)
		}
		if p, err := io.ReadAll(next); string(p) != "x" || err != nil {
			t.Errorf("%q, %v", p, err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		server, peer, _ := begun(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := server.NextReader(ctx); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		wire := frames.AppendHeader(nil, frames.Header{Fin: true, Opcode: frames.Continuation, Masked: true})
		wire = frames.AppendHeader(wire, frames.Header{Fin: true, Opcode: frames.Text, Length: 2, Masked: true})
		peer.Write(append(wire, "ok"...))
		if _, p, err := server.ReadMessage(t.Context()); string(p) != "ok" || err != nil {
			t.Errorf("%q, %v", p, err)
		}
	})
}

// What ReadMessage had begun when its context ended, NextReader has, and what
// NextReader has begun, a stream.
func TestReadersTakeOver(t *testing.T) {
	a, b := testnet.TCPPair(t)
	defer b.Close()
	client := wsconn.NewTestSocket(a, frames.Client, wsconn.PairOptions{})
	defer client.Terminate()
	wire := frames.AppendHeader(nil, frames.Header{Opcode: frames.Text, Length: 5})
	b.Write(append(wire, "hello"...))
	testnet.Poll(t, "the message", func() bool { return readBriefly(t, client) })
	wire = frames.AppendHeader(nil, frames.Header{Fin: true, Opcode: frames.Continuation, Length: 6})
	b.Write(append(wire, " world"...))
	typ, r, err := client.NextReader(t.Context())
	if typ != wsconn.Text || err != nil {
		t.Fatalf("%v, %v", typ, err)
	}
	head := make([]byte, 3)
	if _, err := io.ReadFull(r, head); string(head) != "hel" || err != nil {
		t.Fatalf("%q, %v", head, err)
	}
	conn := wsconn.NewConn(client, nil)
	rest := make([]byte, 8)
	if _, err := io.ReadFull(conn, rest); string(rest) != "lo world" || err != nil {
		t.Errorf("%q, %v", rest, err)
	}
	if _, err := r.Read(rest); !errors.Is(err, wsconn.ErrTaken) {
		t.Errorf("the message reader, after NewConn: %v", err)
	}
}

// readBriefly begins to read a message, cancels that, and reports whether
// something has come.
func readBriefly(t *testing.T, s *wsconn.Socket) bool {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if typ, p, err := s.ReadMessage(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%v %q, %v", typ, p, err)
	}
	return s.Stats().BytesRead > 0
}
