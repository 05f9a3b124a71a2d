package wsconn

import (
	"fmt"
	"io"
	"math"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/frames"
)

// inflation is what a reader needs for compressed messages. One is collected as
// a whole, since its parts make no sense before those before them, and inflated
// as it is read. It is used with the reader's lock held.
type inflation struct {
	deflate *deflate.Decompressor
	limit   int64 // of the bytes to collect; 0 is none

	held []*buffer   // what is collected of a message, or is being inflated
	last int         // bytes in the last one; the others are full
	size int64       // bytes in all of them
	open bool        // the message is complete, but not yet read to its end
	text frames.UTF8 // of a text message, as far as it has been read; complete between them
	err  error       // what was wrong; the last word, whatever was received after it
}

// newInflation returns nil where compression was not agreed.
func newInflation(c compression, role frames.Role, maxMessage int64) *inflation {
	if !c.agreed {
		return nil
	}
	noContextTakeover, windowBits := c.of(frames.Server)
	if role == frames.Server {
		noContextTakeover, windowBits = c.of(frames.Client)
	}
	return &inflation{
		deflate: deflate.NewDecompressor(c.options, noContextTakeover, windowBits, maxMessage),
		limit:   collectLimit(maxMessage),
	}
}

// collectLimit returns how large a message of at most maxMessage bytes may be
// when it is compressed: what cannot be made smaller may have grown by the
// headers of its blocks, of which senders that flush often make many.
func collectLimit(maxMessage int64) int64 {
	if maxMessage <= 0 || maxMessage > math.MaxInt64/2 {
		return 0
	}
	return maxMessage + maxMessage/8 + 1024
}

// unlimited lifts the limit of what a message is inflated to, for a stream, which
// takes it as it comes. What is collected stays limited.
func (f *inflation) unlimited() {
	if f != nil {
		f.deflate.SetMaxMessage(0)
	}
}

// busy reports whether there is something of a message that is to be read.
func (f *inflation) busy() bool { return f != nil && f.open }

// content is payload as the application sees it: a compressed message is
// inflated. p must not be empty.
func (r *reader) content(p []byte, block bool) (n int, end bool, err error) {
	if r.inflation == nil {
		// As payload, which would be one stack frame more: the reader of an idle
		// connection has just room in its 2 KiB.
		if r.ahead().empty() {
			return r.receive(p, block)
		}
		return r.takeAhead(p)
	}
	if !r.inflation.open {
		if n, end, err = r.gather(p, block); !r.inflation.open {
			return n, end, err
		}
	}
	return r.inflate(p)
}

// gather is payload, but for that of compressed messages: it collects one, and
// returns, without payload, when that is to be inflated.
func (r *reader) gather(p []byte, block bool) (n int, end bool, err error) {
	f := r.inflation
	if f == nil {
		return r.payload(p, block)
	}
	for !f.open {
		if f.err != nil {
			return 0, false, f.err
		}
		room := p
		if f.collects() {
			room = f.room()
		}
		n, end, err := r.payload(room, block)
		switch {
		case err != nil || n == 0 && !end:
			return 0, false, err
		case r.rsv == 0:
			return n, end, nil
		}
		if err := f.collect(room[:n], end); err != nil {
			r.failInflation(err)
		}
	}
	return 0, false, nil
}

// collects reports whether a message has begun.
func (f *inflation) collects() bool { return len(f.held) > 0 }

// room returns where to collect the next bytes, at least one.
func (f *inflation) room() []byte {
	b := f.held[len(f.held)-1]
	if f.last == len(b.b) {
		// What has come is not outweighed by the room for what may not.
		pool := largeBuffers
		if len(b.b) < recordSize {
			pool = recordBuffers
		}
		b, f.last = pool.Get().(*buffer), 0
		f.held = append(f.held, b)
	}
	return b.b[f.last:]
}

// collect takes in the next bytes of a message, which may lie in the room already.
func (f *inflation) collect(p []byte, end bool) error {
	if !f.collects() {
		f.held = append(f.held, getBuffer(len(p)))
	}
	f.size += int64(len(p))
	for len(p) > 0 {
		n := copy(f.room(), p)
		f.last, p = f.last+n, p[n:]
	}
	if f.limit > 0 && f.size > f.limit {
		return &frames.Error{
			Code: frames.CloseMessageTooBig,
			Rule: "RFC 6455 section 10.4",
			Text: fmt.Sprintf("a compressed message of more than %d bytes, and so of more than MaxMessage", f.limit),
		}
	}
	if end {
		f.deflate.Open(f.parts()...)
		f.open = true
	}
	return nil
}

// parts returns what has been collected.
func (f *inflation) parts() [][]byte {
	parts := make([][]byte, 0, 8) // of a message up to 1 MiB: then it is not on the heap
	for i, b := range f.held {
		n := len(b.b)
		if i == len(f.held)-1 {
			n = f.last
		}
		parts = append(parts, b.b[:n])
	}
	return parts
}

// inflate reads what is next of the message that is open.
func (r *reader) inflate(p []byte) (n int, end bool, err error) {
	f := r.inflation
	n, err = f.deflate.Read(p)
	end = err == io.EOF || err == nil && f.deflate.AtEnd()
	if end {
		err = nil
	}
	if err == nil {
		err = f.checkText(r.op, p[:n], end)
	}
	if err != nil {
		r.failInflation(err)
		return 0, false, err
	}
	if end {
		f.close()
		r.settle()
	}
	return n, end, nil
}

// inflateAll appends what is left of the message that is open to dst.
func (r *reader) inflateAll(dst []byte) ([]byte, error) {
	f := r.inflation
	whole, err := f.deflate.AppendAll(dst)
	if err == nil {
		err = f.checkText(r.op, whole[len(dst):], true)
	}
	if err != nil {
		r.failInflation(err)
		return dst, err
	}
	f.close()
	r.settle()
	return whole, nil
}

// checkText checks that a text message is UTF-8, which the machine cannot do.
func (f *inflation) checkText(op frames.Opcode, p []byte, end bool) error {
	if op == frames.Text && (!f.text.Valid(p) || end && !f.text.Complete()) {
		return errInflatedText
	}
	return nil
}

var errInflatedText = &frames.Error{Code: frames.CloseInvalidPayload, Rule: "RFC 6455 section 8.1", Text: "a text message that is not UTF-8"}

// failInflation makes err the end of what the application reads, whatever was
// received behind it.
func (r *reader) failInflation(err error) {
	r.inflation.err = err
	r.inflation.drop()
	r.fail(err)
}

// close ends a message.
func (f *inflation) close() {
	for _, b := range f.held {
		b.release()
	}
	clear(f.held)
	f.held, f.last, f.size, f.open = f.held[:0], 0, 0, false
}

// drop gives up what there is of a message: nobody will read it.
func (f *inflation) drop() {
	if f != nil && f.collects() {
		f.deflate.Release()
		f.close()
	}
}
