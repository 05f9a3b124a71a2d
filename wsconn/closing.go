package wsconn

import (
	"sync"
	"sync/atomic"
	"time"
)

// closing is how far a socket has come on its way to its end.
type closing struct {
	peerEnded atomic.Bool // the peer's stream has been read to its end

	mu    sync.Mutex
	begun bool
	local chan struct{} // closed when this end closes or terminates
	ended bool
	done  chan struct{} // closed when the transport has been cut
	known bool          // err is, although the transport has not been cut
	err   error         // what WaitClosed returns; set before done
	after func()        // called after the cut; nil without one
}

func (c *closing) init() {
	c.local = make(chan struct{})
	c.done = make(chan struct{})
}

// begin marks the local close. It returns false if that was done before.
func (c *closing) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begun {
		return false
	}
	c.begun = true
	close(c.local)
	return true
}

// settle says how the closing handshake has ended, whatever the transport
// still does, unless it has been cut already.
func (c *closing) settle(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended && !c.known {
		c.known, c.err = true, err
	}
}

// end marks the cut. It returns false if that was done before.
func (c *closing) end(err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return false
	}
	c.ended = true
	if !c.known {
		c.err = err
	}
	return true
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
	if c.begun {
		return errLocalClose
	}
	return f()
}

func (s *Socket) setReadDeadline(t time.Time) error {
	return s.closing.unlessBegun(func() error { return s.t.SetReadDeadline(t) })
}

func (s *Socket) setWriteDeadline(t time.Time) error {
	return s.closing.unlessBegun(func() error { return s.t.out.moveDeadline(t) })
}
