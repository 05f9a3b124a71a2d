package testnet

import (
	"io"
	"os"
	"syscall"
)

// stall waits until d has expired or the connection is closed.
func (c *FaultConn) stall(op Op, d *deadline) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		switch {
		case c.closed || c.reset:
			return c.over(op)
		case d.expired:
			return c.wrap(op, os.ErrDeadlineExceeded)
		}
		c.cond.Wait()
	}
}

// cutOff is a reset.
func (c *FaultConn) cutOff(op Op) error {
	c.mu.Lock()
	c.reset = true
	c.cond.Broadcast()
	c.mu.Unlock()
	Abort(c.inner) // fails only if the application has closed it meanwhile
	return c.wrap(op, syscall.ECONNRESET)
}

// readToCut reads what lies before the cut. The last bytes and what comes
// after them are two answers, as they are from a socket.
func (c *FaultConn) readToCut(p []byte) (int, error) {
	left := c.pass(0)
	if left == 0 && len(p) > 0 {
		return 0, c.cut(Read)
	}
	n, err := c.inner.Read(p[:min(int64(len(p)), left)])
	if n > 0 && c.pass(n) == 0 && c.fault.Kind == CutRST {
		c.cut(Read) // now: the peer is to see it without one more Read here
	}
	return n, err
}

// writeToCut writes what lies before the cut, which comes with the last byte:
// the peer is to see it without one more Write here.
func (c *FaultConn) writeToCut(p []byte) (int, error) {
	left := c.pass(0)
	if left == 0 && len(p) > 0 {
		return 0, c.cut(Write)
	}
	before := min(int64(len(p)), left)
	n, err := c.inner.Write(p[:before])
	if n > 0 && c.pass(n) == 0 {
		if cut := c.cut(Write); n < len(p) {
			err = cut
		}
	}
	return n, err
}

// pass takes n bytes from those before the cut and returns how many are left.
func (c *FaultConn) pass(n int) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left -= int64(n)
	return c.left
}

// cut is what comes at the end of the bytes of CutFIN and CutRST. Once is
// enough; more often does the same.
func (c *FaultConn) cut(op Op) error {
	c.mu.Lock()
	c.hits = 1
	c.mu.Unlock()
	switch {
	case c.fault.Kind == CutRST:
		return c.cutOff(op)
	case op == Read:
		return io.EOF
	}
	if half, ok := c.inner.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	} else {
		c.inner.Close()
	}
	return c.wrap(op, syscall.EPIPE)
}
