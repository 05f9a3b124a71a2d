package testnet

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// flow is one direction of a pipe: a bounded buffer with a reading and a
// writing end, each with its own deadline. The lock is only ever held for a
// moment; every wait is a wait on cond.
type flow struct {
	mu      sync.Mutex
	cond    *sync.Cond
	buf     []byte // all of the room
	r, w    int    // buf[r:w] is under way
	writing bool   // a Write is in progress: Writes do not mix their bytes

	fin           bool // the writing end is done: io.EOF after the last byte
	reset         bool // the connection was cut: what was under way is lost
	readClosed    bool // by its own application
	writeClosed   bool // by its own application
	readDeadline  deadline
	writeDeadline deadline
}

func newFlow(size int) *flow {
	f := &flow{buf: make([]byte, size)}
	f.cond = sync.NewCond(&f.mu)
	f.readDeadline.cond = f.cond
	f.writeDeadline.cond = f.cond
	return f
}

func (f *flow) read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		switch {
		case f.readClosed:
			return 0, net.ErrClosed
		case len(p) == 0:
			return 0, nil
		case f.readDeadline.expired:
			return 0, os.ErrDeadlineExceeded
		case f.reset:
			return 0, syscall.ECONNRESET
		case f.r < f.w:
			n := copy(p, f.buf[f.r:f.w])
			f.r += n
			f.cond.Broadcast()
			return n, nil
		case f.fin:
			return 0, io.EOF
		}
		f.cond.Wait()
	}
}

func (f *flow) write(p []byte) (n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.writing && f.writeError() == nil {
		f.cond.Wait()
	}
	if err := f.writeError(); err != nil {
		return 0, err
	}
	f.writing = true
	defer func() {
		f.writing = false
		f.cond.Broadcast()
	}()
	for n < len(p) {
		if err := f.writeError(); err != nil {
			return n, err
		}
		k := f.put(p[n:])
		n += k
		if k == 0 {
			f.cond.Wait()
		}
	}
	return n, nil
}

// writeError says why nothing can be written now, apart from want of room.
func (f *flow) writeError() error {
	switch {
	case f.writeClosed:
		return net.ErrClosed
	case f.writeDeadline.expired:
		return os.ErrDeadlineExceeded
	case f.reset:
		return syscall.ECONNRESET
	case f.readClosed, f.fin:
		return syscall.EPIPE
	}
	return nil
}

// put takes as much of p as there is room for.
func (f *flow) put(p []byte) int {
	if f.w-f.r == len(f.buf) {
		return 0
	}
	if f.r > 0 && len(f.buf)-f.w < len(p) {
		f.w = copy(f.buf, f.buf[f.r:f.w])
		f.r = 0
	}
	n := copy(f.buf[f.w:], p)
	f.w += n
	f.cond.Broadcast()
	return n
}

// closeRead and closeWrite are Close, seen from either end of the flow.
// An abort also takes away what the other end has not read yet.
func (f *flow) closeRead(abort bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.readClosed = true
	f.reset = f.reset || abort
	f.readDeadline.stop()
	f.cond.Broadcast()
}

func (f *flow) closeWrite(abort bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writeClosed, f.fin = true, true
	f.reset = f.reset || abort
	f.writeDeadline.stop()
	f.cond.Broadcast()
}

// finish is CloseWrite: the end of the stream, of an open connection.
func (f *flow) finish() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.writeClosed {
		return net.ErrClosed
	}
	f.fin = true
	f.cond.Broadcast()
	return nil
}

func (f *flow) setReadDeadline(t time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.readClosed {
		return net.ErrClosed
	}
	f.readDeadline.set(t)
	return nil
}

func (f *flow) setWriteDeadline(t time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.writeClosed {
		return net.ErrClosed
	}
	f.writeDeadline.set(t)
	return nil
}
