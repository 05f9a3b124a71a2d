package wsconn

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsstream/wsstream/internal/wait"
)

// closing is how far a socket has come on its way to its end.
type closing struct {
	local     wait.Signal // this end closes or terminates
	done      wait.Signal // the transport has been cut
	peerEnded atomic.Bool // the peer's stream has been read to its end

	mu    sync.Mutex
	ended bool
	known *error // what WaitClosed returns: it does not change any more
	after func() // called after the cut; nil without one
}

// begin marks the local close. It returns false if that was done before.
func (c *closing) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.local.Give()
}

// settle says how the closing handshake has ended. The first word counts.
func (c *closing) settle(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = &err
	}
}

// end marks the cut. It returns false if that was done before.
func (c *closing) end(err error) bool {
	c.settle(err)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return false
	}
	c.ended = true
	return true
}

// outcome returns how the closing handshake has ended.
func (c *closing) outcome() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return *c.known
}

// onEnd has f called after the cut, at once if that is over.
func (c *closing) onEnd(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		go f()
		return
	}
	c.after = f
}

// unlessBegun runs f, which must not wait, if this end has not closed: from
// then on deadlines belong to the linger.
func (c *closing) unlessBegun(f func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.local.Given() {
		return errLocalClose
	}
	return f()
}

func (s *Socket) setReadDeadline(t time.Time) error {
	return s.closing.unlessBegun(func() error { return s.reader.in.move(t) })
}

func (s *Socket) setWriteDeadline(t time.Time) error {
	return s.closing.unlessBegun(func() error { return s.t.out.moveDeadline(t) })
}

// isClosed reports whether c is closed.
func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
