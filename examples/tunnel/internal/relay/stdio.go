package relay

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
)

// errUnread is why input that has not ended must not look as if it had.
var errUnread = errors.New("there is nobody any more to read what comes")

// Stdio joins standard input and output with a connection, and returns when the
// connection has ended: what may still come of the input has nobody to read it
// then. It may leave a Read of in behind, which nothing can end.
func Stdio(ctx context.Context, in io.Reader, out io.WriteCloser, c End) error {
	var up, down atomic.Int64
	here := End{Reader: in, Writer: out}
	sent, received := make(chan error, 1), make(chan error, 1)
	go func() { sent <- pump(c, here, &up) }()
	go func() { received <- pump(here, c, &down) }()
	inputEnded := false
	for {
		var err error
		select {
		case err = <-sent:
			if err == nil {
				inputEnded = true
				err = c.CloseWrite()
			}
		case err = <-received:
			if err == nil {
				err = out.Close()
			}
			if err == nil && inputEnded {
				return c.Close(ctx)
			}
			if err == nil {
				c.Abort(errUnread)
				return nil
			}
		case <-ctx.Done():
			err = ErrStopping
		}
		if err != nil {
			c.Abort(err)
			return err
		}
	}
}
