package wsconn

import (
	"errors"
	"net"
	"os"
	"sync"

	"github.com/wsstream/wsstream/frames"
)

const (
	// vectorLeast is from how much payload on it is not copied behind its
	// headers: for less the copy costs less than the longer list.
	vectorLeast = 64 << 10
	// vectorFrames and vectorSize bound what one system call carries.
	vectorFrames = 16
	vectorSize   = 512 << 10
)

// vectors are messages of which only the headers were made: the payload is sent
// from where it lies.
type vectors struct {
	headers [vectorFrames * frames.MaxHeaderSize]byte
	parts   [2 * vectorFrames][]byte
	left    net.Buffers // what of parts is not sent
	size    int         // of all of them
}

var vectorPool = sync.Pool{New: func() any { return new(vectors) }}

func (v *vectors) release() {
	clear(v.parts[:]) // the payload is the caller's
	vectorPool.Put(v)
}

// vectored reports whether messages of p are sent from where they lie.
func (w *writer) vectored(p []byte, size int) bool {
	return w.s.machine.Role() == frames.Server && len(p) >= vectorLeast && size >= vectorLeast/2 && w.s.t.exact() && w.s.t.out.vectored()
}

// writeVectors is writeSome without a copy.
func (w *writer) writeVectors(op frames.Opcode, rsv frames.RSV, p []byte, size int) (n int, cut bool, err error) {
	v := vectorPool.Get().(*vectors)
	defer v.release()
	v.size = 0
	headers, wire, count := v.headers[:0], 0, 0
	for n < len(p) && count < vectorFrames && (n == 0 || n+size <= vectorSize) {
		h, err := w.s.machine.Send(op, rsv, true)
		if err != nil {
			return 0, false, sendError(err)
		}
		message := p[n:min(n+size, len(p))]
		h.Length = int64(len(message))
		begin := len(headers)
		headers = frames.AppendHeader(headers, h)
		v.parts[2*count], v.parts[2*count+1] = headers[begin:], message
		v.size += len(headers) - begin + len(message)
		if n += len(message); count == 0 {
			wire = v.size
		}
		count++
	}
	v.left = v.parts[:2*count]
	err = w.sendVectors(v, count)
	return w.batchSent(v.size, n, wire, size, err)
}

// sendVectors is send of vectors.
func (w *writer) sendVectors(v *vectors, frames int) error {
	err := w.s.t.out.writeVectors(v)
	if err == nil {
		w.s.count.bytesWritten.Add(int64(v.size))
		w.s.count.framesWritten.Add(int64(frames))
	}
	return err
}

// vectored reports whether the transport takes vectors.
func (o *outlet) vectored() bool {
	_, ok := o.Conn.(*net.TCPConn)
	return ok && !o.handoff && o.stamps == nil
}

// writeVectors is Write of vectors.
func (o *outlet) writeVectors(v *vectors) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.taken = 0
	switch {
	case o.err != nil:
		return o.err
	case o.behindRest():
		o.keepVectors(v)
		return nil
	}
	if err := o.apply(o.deadline.Get()); err != nil {
		return err
	}
	if v.size > vectorSize-batchSize && !o.wide {
		o.wide = true
		o.widen()
	}
	o.waiting = true
	o.mu.Unlock()
	n, err := v.left.WriteTo(o.Conn)
	o.mu.Lock()
	o.waiting = false
	o.taken = int(n)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		o.keepVectors(v)
		return nil
	}
	o.err = err
	return err
}

// keepVectors is keep of what of v is not sent.
func (o *outlet) keepVectors(v *vectors) {
	for _, part := range v.left {
		o.keep(part)
	}
}
