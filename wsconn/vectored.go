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
	vectorLeast = 40 << 10
	// vectorFrames is how many of the least messages that are so sent fit into what
	// one system call carries.
	vectorFrames = batchSize / (vectorLeast / 2)
)

// vectors are messages of which only the headers were made: the payload is sent
// from where it lies.
type vectors struct {
	headers [vectorFrames * frames.MaxHeaderSize]byte
	parts   [2 * vectorFrames][]byte
	calls   [2 * vectorFrames][]byte
	left    net.Buffers // what of parts is not sent, nor in call
	call    net.Buffers // what of calls is not sent
	size    int         // of all parts
}

var vectorPool = sync.Pool{New: func() any { return new(vectors) }}

func (v *vectors) release() {
	clear(v.parts[:]) // the payload is the caller's
	clear(v.calls[:])
	vectorPool.Put(v)
}

// next moves to call what one system call carries, of so many bytes.
func (v *vectors) next(room int) {
	v.call = v.calls[:0]
	for len(v.left) > 0 && room > 0 {
		part := v.left[0]
		n := min(room, len(part))
		v.call = append(v.call, part[:n])
		if room -= n; n < len(part) {
			v.left[0] = part[n:]
			return
		}
		v.left = v.left[1:]
	}
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
	for n < len(p) && count < vectorFrames && (n == 0 || n+size <= batchSize) {
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
	v.left, v.call = v.parts[:2*count], nil
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
	o.waiting = true
	defer func() { o.waiting = false }()
	// Not all of a large message: the other end begins to read it while the rest is
	// written ('go run . -run download' of internal/bench, writes of 1 MiB).
	room := o.callSize(min(v.size, batchSize+frames.MaxHeaderSize))
	for len(v.left) > 0 {
		v.next(room)
		o.mu.Unlock()
		n, err := v.call.WriteTo(o.Conn)
		o.mu.Lock()
		o.taken += int(n)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			o.keepVectors(v)
			return nil
		}
		if err != nil {
			o.err = err
			return err
		}
	}
	return nil
}

// keepVectors is keep of what of v is not sent.
func (o *outlet) keepVectors(v *vectors) {
	for _, part := range v.call {
		o.keep(part)
	}
	for _, part := range v.left {
		o.keep(part)
	}
}
