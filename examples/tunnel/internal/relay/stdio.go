package relay

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"
)

// errUnread is why input that has not ended must not look as if it had.
var errUnread = errors.New("there is nobody any more to read what comes")

// inputPatience is how long nothing may come of the input once the connection
// has ended its direction. A target that only half-closes still takes the rest of
// a file; of a terminal nothing more is to be expected.
const inputPatience = time.Second

// Stdio joins standard input and output with a connection, and returns when both
// directions have ended, or when the connection has ended its own and the input
// waits: what may still come of it has nobody to read it then. It may leave
// a Read of in behind, which nothing can end.
func Stdio(ctx context.Context, in io.Reader, out io.WriteCloser, c End) error {
	var up, down atomic.Int64
	from := &input{Reader: in}
	here := End{Reader: from, Writer: out}
	sent, received := make(chan error, 1), make(chan error, 1)
	go func() { sent <- pump(c, here, &up) }()
	go func() { received <- pump(here, c, &down) }()
	var ticks <-chan time.Time
	for ended := 0; ended < 2; {
		var err error
		select {
		case err = <-sent:
			if ended++; err == nil {
				err = c.CloseWrite()
			}
		case err = <-received:
			if ended++; err == nil {
				err = out.Close()
			}
			ticks, from.seen = time.Tick(inputPatience), from.steps.Load()
		case <-ticks:
			if from.silent() {
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
	return c.Close(ctx)
}

// input is standard input, which says whether it is waited for.
type input struct {
	io.Reader
	steps atomic.Int64 // two for each Read: odd during one
	seen  int64        // what they were at the last look
}

// Read reads.
func (in *input) Read(p []byte) (int, error) {
	in.steps.Add(1)
	defer in.steps.Add(1)
	return in.Reader.Read(p)
}

// silent reports whether one and the same Read has been waiting since the last
// look.
func (in *input) silent() bool {
	last := in.seen
	in.seen = in.steps.Load()
	return in.seen == last && last%2 != 0
}
