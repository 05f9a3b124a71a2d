package testnet

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// DefaultBuffer is the room in each direction of a [Pipe], in bytes, if
// nothing else is said.
const DefaultBuffer = 64 << 10

// Pipe returns the two ends of a connection in memory that behaves as one of
// TCP: what is written lies in a buffer until it is read, Write blocks only
// when that is full, and a deadline that cuts a Write leaves the bytes it
// counted under way. The size of the buffer of each direction can be given;
// without, it is [DefaultBuffer].
//
// Both ends are [*PipeConn]. To wsconn they are foreign, a transport of which
// it knows nothing; inside [Wrap] they are one that survives deadlines. They
// work in a testing/synctest bubble: there is no goroutine behind them, and to
// be blocked in them is to be durably blocked.
func Pipe(size ...int) (a, b net.Conn) {
	room := DefaultBuffer
	if len(size) > 0 && size[0] > 0 {
		room = size[0]
	}
	there, back := newFlow(room), newFlow(room)
	one, two := pipeAddr(), pipeAddr()
	return &PipeConn{in: back, out: there, local: one, remote: two},
		&PipeConn{in: there, out: back, local: two, remote: one}
}

var pipePorts atomic.Uint32

// pipeAddr makes up an address as a loopback connection would have it, each
// time another one.
func pipeAddr() net.Addr {
	const first, ports = 32768, 28232 // where Linux takes its own from
	n := pipePorts.Add(1)
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: first + int(n%ports)}
}

// PipeConn is one end of a [Pipe]. All its methods may be called at the same
// time; Writes at the same time do not mix their bytes.
type PipeConn struct {
	in, out       *flow
	local, remote net.Addr
	abort         atomic.Bool // Close is a reset
}

// Read reads what has arrived, and waits only if that is nothing.
func (c *PipeConn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	return n, c.wrap("read", err)
}

// Write returns once all of p is in the buffer. If a deadline or Close cuts
// it short, n says how much is, and that much will arrive.
func (c *PipeConn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	return n, c.wrap("write", err)
}

// Close closes both directions. The other end still reads what was written
// before, and fails with EPIPE if it writes.
func (c *PipeConn) Close() error {
	abort := c.abort.Load()
	c.in.closeRead(abort)
	c.out.closeWrite(abort)
	return nil
}

// CloseWrite ends the stream: the other end reads the rest and then io.EOF.
// Read goes on.
func (c *PipeConn) CloseWrite() error {
	return c.wrap("close", c.out.finish())
}

// SetLinger with zero turns the Close to come into a reset: the other end
// gets ECONNRESET at once, and what it has not read yet is lost. Any other
// value takes that back.
func (c *PipeConn) SetLinger(sec int) error {
	c.abort.Store(sec == 0)
	return nil
}

// LocalAddr looks like an address of loopback TCP, and is that of no other
// pipe for a long time.
func (c *PipeConn) LocalAddr() net.Addr { return c.local }

// RemoteAddr is the other end's LocalAddr.
func (c *PipeConn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline is both SetReadDeadline and SetWriteDeadline.
func (c *PipeConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline applies to Reads in progress too. Zero means none.
func (c *PipeConn) SetReadDeadline(t time.Time) error {
	return c.wrap("set", c.in.setReadDeadline(t))
}

// SetWriteDeadline applies to Writes in progress too. Zero means none.
func (c *PipeConn) SetWriteDeadline(t time.Time) error {
	return c.wrap("set", c.out.setWriteDeadline(t))
}

func (c *PipeConn) wrap(op string, err error) error {
	return opError(op, c.local, c.remote, err)
}

// opError dresses err as package net does: so it is a net.Error by itself,
// which io.EOF alone must not be.
func opError(op string, local, remote net.Addr, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: "tcp", Source: local, Addr: remote, Err: err}
}
