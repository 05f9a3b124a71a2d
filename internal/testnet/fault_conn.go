package testnet

import (
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// Wrap returns inner with a fault. The methods of the result may be called at
// the same time, as those of inner.
func Wrap(inner net.Conn, f Fault) *FaultConn {
	c := &FaultConn{inner: inner, fault: f, left: f.Bytes}
	c.cond = sync.NewCond(&c.mu)
	c.readDeadline.cond = c.cond
	c.writeDeadline.cond = c.cond
	return c
}

// FaultConn is a connection with a [Fault].
type FaultConn struct {
	inner net.Conn
	fault Fault

	mu            sync.Mutex
	cond          *sync.Cond
	seen          int   // operations that count
	hits          int   // see Hits
	left          int64 // bytes until the cut
	readDeadline  deadline
	writeDeadline deadline
	reset         bool  // by the fault
	closed        bool  // by the application
	writeErr      error // of all Writes from now on
}

// Hits says how often the fault has happened: 0 or 1. Without a Kind it counts
// the Reads that Slice made shorter.
func (c *FaultConn) Hits() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hits
}

// Read is inner's Read, or the fault.
func (c *FaultConn) Read(p []byte) (int, error) {
	kind, err := c.enter(Read)
	if err != nil {
		return 0, err
	}
	n, err := c.read(kind, p)
	return n, c.leave(Read, err)
}

func (c *FaultConn) read(kind Kind, p []byte) (int, error) {
	switch kind {
	case ReadError:
		return 0, c.wrap(Read, ErrInjected)
	case Stall:
		return 0, c.stall(Read, &c.readDeadline)
	case Reset:
		return 0, c.cutOff(Read)
	case Hook:
		c.fault.Hook()
	case CutFIN, CutRST:
		return c.readToCut(c.slice(p))
	}
	return c.inner.Read(c.slice(p))
}

// slice is p as far as a Read may fill it.
func (c *FaultConn) slice(p []byte) []byte {
	if c.fault.Slice <= 0 || len(p) <= c.fault.Slice {
		return p
	}
	if c.fault.Kind == None {
		c.hit()
	}
	return p[:c.fault.Slice]
}

// Write is inner's Write, or the fault.
func (c *FaultConn) Write(p []byte) (int, error) {
	kind, err := c.enter(Write)
	if err != nil {
		return 0, err
	}
	n, err := c.write(kind, p)
	return n, c.leave(Write, err)
}

func (c *FaultConn) write(kind Kind, p []byte) (int, error) {
	switch kind {
	case WriteError:
		return 0, c.wrap(Write, ErrInjected)
	case ShortWrite, StallHalf:
		n, err := c.inner.Write(p[:len(p)/2])
		switch {
		case err != nil:
		case kind == ShortWrite:
			err = c.wrap(Write, ErrInjected)
		default:
			err = c.stall(Write, &c.writeDeadline)
		}
		return n, err
	case Stall:
		return 0, c.stall(Write, &c.writeDeadline)
	case Reset:
		return 0, c.cutOff(Write)
	case Hook:
		c.fault.Hook()
	case CutFIN, CutRST:
		return c.writeToCut(p)
	}
	return c.inner.Write(p)
}

// enter counts an operation and returns what is to happen with it.
func (c *FaultConn) enter(op Op) (Kind, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed || c.reset:
		return None, c.over(op)
	case op == Write && c.writeErr != nil:
		return None, c.writeErr
	case c.fault.Kind == None || c.fault.counts()&op == 0:
		return None, nil
	case c.fault.cuts():
		return c.fault.Kind, nil
	}
	c.seen++
	if c.seen != c.fault.N {
		return None, nil
	}
	c.hits++
	return c.fault.Kind, nil
}

// leave makes of the error of an operation what the application is to see.
func (c *FaultConn) leave(op Op, err error) error {
	if err == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reset && errors.Is(err, net.ErrClosed) {
		return c.over(op) // inner was closed by the fault
	}
	if op == Write && c.fault.DeadlineKillsWrite && errors.Is(err, os.ErrDeadlineExceeded) {
		c.writeErr = err
	}
	return err
}

// over is the error of an operation on a connection that is no more. It must
// be called with the lock held.
func (c *FaultConn) over(op Op) error {
	if c.closed {
		return c.wrap(op, net.ErrClosed)
	}
	return c.wrap(op, syscall.ECONNRESET)
}

func (c *FaultConn) wrap(op Op, err error) error {
	name := "write"
	if op == Read {
		name = "read"
	}
	return opError(name, c.inner.LocalAddr(), c.inner.RemoteAddr(), err)
}

func (c *FaultConn) hit() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hits++
}

// Close closes inner and ends a stall.
func (c *FaultConn) Close() error {
	c.mu.Lock()
	c.closed = true
	c.readDeadline.stop()
	c.writeDeadline.stop()
	c.cond.Broadcast()
	c.mu.Unlock()
	return c.inner.Close()
}

// CloseRead is inner's, or errors.ErrUnsupported.
func (c *FaultConn) CloseRead() error {
	if half, ok := c.inner.(interface{ CloseRead() error }); ok {
		return half.CloseRead()
	}
	return errors.ErrUnsupported
}

// CloseWrite is inner's, or errors.ErrUnsupported.
func (c *FaultConn) CloseWrite() error {
	if half, ok := c.inner.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// WriteSurvivesDeadline tells wsconn whether Writes go on after a deadline cut
// one: yes, unless Fault.DeadlineKillsWrite.
func (c *FaultConn) WriteSurvivesDeadline() bool { return !c.fault.DeadlineKillsWrite }

// LocalAddr is inner's.
func (c *FaultConn) LocalAddr() net.Addr { return c.inner.LocalAddr() }

// RemoteAddr is inner's.
func (c *FaultConn) RemoteAddr() net.Addr { return c.inner.RemoteAddr() }

// SetDeadline applies to inner and to a stall.
func (c *FaultConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline applies to inner and to a stalled Read.
func (c *FaultConn) SetReadDeadline(t time.Time) error {
	c.setDeadline(&c.readDeadline, t)
	return c.inner.SetReadDeadline(t)
}

// SetWriteDeadline applies to inner and to a stalled Write.
func (c *FaultConn) SetWriteDeadline(t time.Time) error {
	c.setDeadline(&c.writeDeadline, t)
	return c.inner.SetWriteDeadline(t)
}

func (c *FaultConn) setDeadline(d *deadline, t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		d.set(t)
	}
}
