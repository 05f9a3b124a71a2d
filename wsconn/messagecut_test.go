package wsconn_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// A message of which a later call has begun to skip some is gone, also if that
// call was cancelled: what follows of it would look like its end.
func TestMessageReaderAfterACancelledSkip(t *testing.T) {
	for _, c := range []struct {
		name string
		next func(s *wsconn.Socket, ctx context.Context) error
	}{
		{"NextReader", func(s *wsconn.Socket, ctx context.Context) error {
			_, _, err := s.NextReader(ctx)
			return err
		}},
		{"ReadMessage", func(s *wsconn.Socket, ctx context.Context) error {
			_, _, err := s.ReadMessage(ctx)
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := testnet.Pipe()
				server := wsconn.NewTestSocket(a, frames.Server, wsconn.PairOptions{NoHalfClose: true})
				defer b.Close()
				defer server.Terminate()
				send := func(op frames.Opcode, fin bool, payload string) {
					w := wire{role: frames.Client}
					w.frame(op, fin, payload)
					b.Write(w.b)
				}
				send(frames.Text, false, strings.Repeat("a", 1000))
				_, r, err := server.NextReader(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				mustRead(t, r, "aaa")
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error)
				go func() { ended <- c.next(server, ctx) }()
				synctest.Wait()
				cancel()
				if err := <-ended; !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				send(frames.Continuation, true, "z")
				if p, err := io.ReadAll(r); len(p) > 0 || err == nil {
					t.Errorf("the reader of the message that was skipped: %q, %v", p, err)
				}
				send(frames.Text, true, "next")
				if _, p, err := server.ReadMessage(t.Context()); string(p) != "next" || err != nil {
					t.Errorf("the next message: %q, %v", p, err)
				}
			})
		})
	}
}

// A peer that closes while it is sent a message in pieces loses the rest, and
// nothing of what it has sent itself.
func TestPeerClosesInsideAMessage(t *testing.T) {
	for _, noHalfClose := range []bool{false, true} {
		often := wsconn.KeepAlive{Interval: farOff, Timeout: 40 * time.Millisecond}
		a, b := testnet.TCPPair(t)
		client := wsconn.NewTestSocket(a, frames.Client, wsconn.PairOptions{NoHalfClose: noHalfClose})
		server := wsconn.NewTestSocket(b, frames.Server, wsconn.PairOptions{NoHalfClose: noHalfClose, KeepAlive: often})
		defer client.Terminate()
		defer server.Terminate()
		w, err := server.NextWriter(t.Context(), wsconn.Text)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, "beginning")
		w.Flush()
		if err := client.WriteMessage(t.Context(), wsconn.Text, []byte("the last words")); err != nil {
			t.Fatal(err)
		}
		client.Close()
		testnet.Poll(t, "the peer's Close", func() bool { return server.State() != wsconn.Open })
		io.WriteString(w, "end")
		if err := w.Close(); !errors.As(err, new(*wsconn.CloseError)) {
			t.Errorf("Close of the message: %v, want a CloseError", err)
		}
		if err := server.WriteMessage(t.Context(), wsconn.Text, nil); !errors.As(err, new(*wsconn.CloseError)) {
			t.Errorf("WriteMessage: %v, want a CloseError", err)
		}
		if _, p, err := server.ReadMessage(t.Context()); string(p) != "the last words" || err != nil {
			t.Errorf("%q, %v", p, err)
		}
		if _, _, err := server.ReadMessage(t.Context()); err != io.EOF {
			t.Errorf("%v, want io.EOF", err)
		}
	}
}

// idle is a source that has nothing, for some Reads, and then cancels.
type idle struct {
	reads  int
	cancel context.CancelFunc
}

func (r *idle) Read([]byte) (int, error) {
	if r.reads--; r.reads == 0 {
		r.cancel()
	}
	return 0, nil
}

// The context ends every call, also one whose source brings nothing.
func TestMessageWriterContextEndsEveryCall(t *testing.T) {
	for name, call := range map[string]func(w *wsconn.MessageWriter, cancel context.CancelFunc) error{
		"ReadFrom": func(w *wsconn.MessageWriter, cancel context.CancelFunc) error {
			_, err := w.ReadFrom(&idle{reads: 5, cancel: cancel})
			return err
		},
		"Write": func(w *wsconn.MessageWriter, cancel context.CancelFunc) error {
			cancel()
			_, err := w.Write([]byte("x"))
			return err
		},
		"WriteString": func(w *wsconn.MessageWriter, cancel context.CancelFunc) error {
			cancel()
			_, err := w.WriteString("x")
			return err
		},
		"Flush": func(w *wsconn.MessageWriter, cancel context.CancelFunc) error {
			cancel()
			return w.Flush()
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, server := socketPair(t, wsconn.PairOptions{})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			w, err := client.NextWriter(ctx, wsconn.Text)
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(w, "kept")
			testnet.InTime(t, name, func() {
				if err := call(w, cancel); !errors.Is(err, context.Canceled) {
					t.Errorf("%s: %v", name, err)
				}
			})
			if err := w.Close(); !errors.Is(err, context.Canceled) {
				t.Errorf("Close: %v", err)
			}
			// Nothing was sent, so that the connection goes on.
			if err := client.WriteMessage(t.Context(), wsconn.Text, []byte("next")); err != nil {
				t.Fatal(err)
			}
			if _, p, err := server.ReadMessage(t.Context()); string(p) != "next" || err != nil {
				t.Errorf("%q, %v", p, err)
			}
		})
	}
}

// A writer whose socket has closed says so, and holds nobody up.
func TestMessageWriterAfterClose(t *testing.T) {
	client, server := socketPair(t, wsconn.PairOptions{})
	w, err := client.NextWriter(t.Context(), wsconn.Text)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "beginning")
	w.Flush()
	waits := make(chan error, 1)
	go func() { waits <- client.WriteMessage(t.Context(), wsconn.Text, nil) }()
	client.Close()
	if err := testnet.Take(t, "the message that waited", waits); !isClosedError(err) {
		t.Errorf("WriteMessage: %v", err)
	}
	io.WriteString(w, "end")
	for range 2 {
		if err := w.Close(); !isClosedError(err) {
			t.Errorf("Close: %v", err)
		}
	}
	if typ, p, err := server.ReadMessage(t.Context()); err == nil || err == io.EOF {
		t.Errorf("the peer got %v %q, %v", typ, p, err)
	}
}

// A call that is cancelled while it waits for the transport says why. What
// cannot be whole any more ends; who reads goes on with the next message.
func TestMessageCallsCancelledWhileTheyWait(t *testing.T) {
	cause := errors.New("no more patience")
	for _, c := range []struct {
		name string
		call func(w *wsconn.MessageWriter, r io.Reader) error
		next func(t *testing.T, client, server *wsconn.Socket)
	}{
		{"Write", func(w *wsconn.MessageWriter, r io.Reader) error {
			_, err := w.Write(tooMuch())
			return err
		}, func(t *testing.T, client, server *wsconn.Socket) {
			var ce *wsconn.CloseError
			if _, _, err := server.ReadMessage(t.Context()); !errors.As(err, &ce) || ce.Code != frames.CloseInternalError {
				t.Errorf("the peer: %v, want code 1011", err)
			}
		}},
		{"Read", func(w *wsconn.MessageWriter, r io.Reader) error {
			_, err := r.Read(make([]byte, 1))
			return err
		}, func(t *testing.T, client, server *wsconn.Socket) {
			if err := client.WriteMessage(t.Context(), wsconn.Text, []byte("next")); err != nil {
				t.Fatal(err)
			}
			if _, p, err := server.ReadMessage(t.Context()); string(p) != "next" || err != nil {
				t.Errorf("%q, %v", p, err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := testnet.Pipe()
				o := wsconn.PairOptions{NoHalfClose: true, MaxMessage: -1}
				client := wsconn.NewTestSocket(testnet.Wrap(a, testnet.Fault{}), frames.Client, o)
				server := wsconn.NewTestSocket(testnet.Wrap(b, testnet.Fault{}), frames.Server, o)
				defer client.Terminate()
				defer server.Terminate()
				ctx, cancel := context.WithCancelCause(t.Context())
				writer, reader := t.Context(), ctx
				if c.name == "Write" {
					writer, reader = ctx, t.Context()
				}
				w, r := beginMessage(t, client, writer, server, reader)
				failed := make(chan error)
				go func() { failed <- c.call(w, r) }()
				synctest.Wait()
				start := time.Now()
				cancel(cause)
				if err := <-failed; !errors.Is(err, cause) || time.Since(start) != 0 {
					t.Errorf("%v after %v, want the cause at once", err, time.Since(start))
				}
				if c.name == "Read" {
					w.Close()
				}
				c.next(t, client, server)
			})
		})
	}
}

// beginMessage returns both ends of a message in pieces, the first of which has
// been read.
func beginMessage(t *testing.T, from *wsconn.Socket, writer context.Context, to *wsconn.Socket, reader context.Context) (*wsconn.MessageWriter, io.Reader) {
	t.Helper()
	w, err := from.NextWriter(writer, wsconn.Binary)
	if err != nil {
		t.Fatal(err)
	}
	mustWrite(t, w, "beginning")
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	_, r, err := to.NextReader(reader)
	if err != nil {
		t.Fatal(err)
	}
	mustRead(t, r, "beginning")
	return w, r
}

// A short message that nobody has read is gone like a long one.
func TestMessageReaderOfAShortMessageIsOvertaken(t *testing.T) {
	client, server := socketPair(t, wsconn.PairOptions{})
	for _, p := range []string{"first", "second"} {
		if err := client.WriteMessage(t.Context(), wsconn.Text, []byte(p)); err != nil {
			t.Fatal(err)
		}
	}
	_, first, err := server.NextReader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, second, err := server.NextReader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if p, err := io.ReadAll(first); len(p) > 0 || err == nil {
		t.Errorf("the first one: %q, %v", p, err)
	}
	if p, err := io.ReadAll(second); string(p) != "second" || err != nil {
		t.Errorf("the second one: %q, %v", p, err)
	}
}
