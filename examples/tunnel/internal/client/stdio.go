package client

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/relay"
	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
	"github.com/wsstream/wsstream/mux"
)

// flushTimeout is how long the end of standard input and output may take.
const flushTimeout = 10 * time.Second

// Stdio connects standard input and output to a target, and returns when that
// has ended. It tries each server once, and nothing again.
func (c *Client) Stdio(ctx context.Context, target spec.Addr, in io.Reader, out io.WriteCloser) error {
	s, err := c.any(ctx)
	if err != nil {
		return err
	}
	defer c.running.Wait()
	defer s.Close()
	st, err := request(ctx, s, wire.Request{Op: wire.Connect, Addr: target})
	if err != nil {
		return err
	}
	if err := relay.Stdio(ctx, in, out, relay.Of(st)); err != nil {
		return err
	}
	soon, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	s.Drain(soon)
	return nil
}

// any returns a session with the first server that can be reached.
func (c *Client) any(ctx context.Context) (*mux.Session, error) {
	var failed []error
	for _, server := range c.Servers {
		s, _, err := c.connect(ctx, server, 0)
		if err == nil {
			return s, nil
		}
		failed = append(failed, err)
	}
	return nil, errors.Join(failed...)
}
