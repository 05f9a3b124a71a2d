//go:build unix

package wsconn

import (
	"io"
	"os"
	"syscall"
)

// poller waits for bytes of a transport. On a descriptor of the net package it
// holds no buffer while it waits: one is taken from the pool when the
// descriptor is readable, and given back if it was not after all. That is what
// makes an idle connection small.
type poller struct {
	try func(fd uintptr) bool // nil for a transport without a descriptor of its own, such as TLS
}

// init prepares the poller of r: the function that RawConn.Read calls is made
// once, so that a read allocates nothing.
func (p *poller) init(r *reader) {
	r.bufs = idleBuffers
	if r.s.t.tls() != nil || r.s.t.out.raw == nil {
		return
	}
	r.bufs = largeBuffers
	p.try = func(fd uintptr) bool {
		// One function, for the reader of an idle connection has just room in
		// its 2 KiB of stack.
		space := r.space()
		b := r.buf
		for {
			if r.direct.wanted() {
				b.n, b.err = readBoth(fd, r.direct.p, space)
			} else {
				b.n, b.err = syscall.Read(int(fd), space)
			}
			if b.err != syscall.EINTR {
				break
			}
		}
		if b.err == syscall.EAGAIN {
			r.recycle()
			return false
		}
		return true
	}
}

// read reads once into the space of r, waiting until the read deadline.
func (p *poller) read(r *reader) (int, error) {
	if p.try == nil {
		return r.readHolding()
	}
	if err := r.s.t.out.raw.Read(p.try); err != nil {
		return 0, err
	}
	n, err := r.buf.n, r.buf.err
	switch {
	case err != nil:
		return 0, os.NewSyscallError("read", err)
	case n == 0:
		return 0, io.EOF
	}
	r.s.t.out.stamps.read(n)
	return n, nil
}
