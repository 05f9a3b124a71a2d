package interop

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// handled makes of a Go library's way to accept a connection a server.
func handled(accept func(w http.ResponseWriter, r *http.Request, terms terms) (foreign, error)) func(*testing.T, terms) (string, func() (foreign, error)) {
	return func(t *testing.T, terms terms) (string, func() (foreign, error)) {
		t.Helper()
		return serve(t, func(w http.ResponseWriter, r *http.Request) (foreign, error) {
			return accept(w, r, terms)
		})
	}
}

// unlimited lifts the limit of coder's messages, 32 KiB.
func unlimited(f foreign) {
	if c, ok := f.(interface{ SetReadLimit(int64) }); ok {
		c.SetReadLimit(16 << 20)
	}
}

// pieces is a message that is being sent through a library's writer.
type pieces struct{ message io.WriteCloser }

func (s *pieces) write(begin func() (io.WriteCloser, error), p []byte, fin bool) (err error) {
	if s.message == nil {
		if s.message, err = begin(); err != nil {
			return err
		}
	}
	if _, err = s.message.Write(p); err == nil && fin {
		err = s.message.Close()
		s.message = nil
	}
	return err
}

// pongs are what a library's handler of pongs has seen.
type pongs chan string

func newPongs() pongs { return make(pongs, 16) }

// arrive never blocks the library: more pongs than a test sends pings are our
// keepalive's.
func (p pongs) arrive(data string) {
	select {
	case p <- data:
	default:
	}
}

// wait waits for the pong to a ping.
func (p pongs) wait(ctx context.Context, data string) error {
	select {
	case got := <-p:
		if got != data {
			return fmt.Errorf("the pong has %q, want %q", got, data)
		}
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
