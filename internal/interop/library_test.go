package interop

import (
	"context"
	"net/http"
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/wsconn"
)

// library is another WebSocket library for Go.
type library struct {
	name   string
	dial   func(ctx context.Context, url string, subprotocols []string) (foreign, error)
	accept func(w http.ResponseWriter, r *http.Request, subprotocols []string) (foreign, error)
}

// foreign is a connection of such a library, with its own limits and defaults.
type foreign interface {
	Subprotocol() string

	// Read returns the next message. After our Close frame, which it answers,
	// the error is a *frames.CloseError made of what the library says.
	Read(ctx context.Context) (wsconn.MessageType, []byte, error)

	// Write sends a message.
	Write(ctx context.Context, typ wsconn.MessageType, p []byte) error

	// WriteHalf sends p and leaves its message open.
	WriteHalf(ctx context.Context, p []byte) error

	// Ping sends a ping and waits for its pong. A Read has to be going on.
	Ping(ctx context.Context) error

	// Close sends a Close frame and waits for the answer, which is an error
	// if it has another code.
	Close(code frames.CloseCode, reason string) error

	// Cut ends the transport without a Close frame.
	Cut() error
}

// eachLibrary runs a test against every library, on both sides.
func eachLibrary(t *testing.T, test func(t *testing.T, lib library, side side)) {
	for _, lib := range []library{gorilla, coder} {
		t.Run(lib.name, func(t *testing.T) {
			bothSides(t, func(t *testing.T, side side) { test(t, lib, side) })
		})
	}
}

// meetLibrary connects an end of ours to one of the library's.
func meetLibrary[C ended](t *testing.T, lib library, side side, kind kind[C], speak subprotocols) (C, foreign) {
	t.Helper()
	if side == client {
		url, next := serve(t, func(w http.ResponseWriter, r *http.Request) (foreign, error) {
			return lib.accept(w, r, speak.theirs)
		})
		c := dial(t, kind, url, speak)
		f := next()
		t.Cleanup(func() { f.Cut() })
		return c, f
	}
	url, accepted := listen(t, kind, speak)
	f, err := lib.dial(bounded(t), url, speak.theirs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Cut() })
	return accepted(), f
}

// echo sends every message back until Read fails, and then ends the transport,
// as applications of these libraries do.
func echo(ctx context.Context, f foreign) error {
	defer f.Cut()
	for {
		typ, p, err := f.Read(ctx)
		if err != nil {
			return err
		}
		if err := f.Write(ctx, typ, p); err != nil {
			return err
		}
	}
}
