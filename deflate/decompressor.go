package deflate

import (
	"errors"
	"io"
	"slices"
	"sync"
)

// Decompressor inflates the messages of one direction of a connection. It is
// for one goroutine at a time.
//
// Between messages it holds what it has to: the window, as many bytes as have
// been received up to 1<<windowBits, if the peer compresses with context
// takeover, and nothing else. What inflating takes beside that, 75 KiB, it
// borrows while a message is read.
type Decompressor struct {
	window     window
	takeover   bool
	reach      int
	maxMessage int64
	maxRatio   int

	f     *inflater // borrowed while a message is open
	read  int       // bytes of its out that were handed out
	total int64     // bytes of the message that were inflated
	limit int64     // of the message open: what it may be inflated to
	size  int       // its compressed size
	err   error     // what follows the bytes at hand; io.EOF between messages
	lost  error     // with takeover: why the window is not the peer's any more
}

var (
	errUnread   = errors.New("deflate: a message was opened before the one before it was read to its end, to which it may refer: read that first, if only to throw it away")
	errReleased = errors.New("deflate: a message was opened after Release, which has given up the window that it may refer to")
)

// Default and floor of Options.MaxRatio.
const (
	defaultMaxRatio = 200
	ratioFloor      = 1 << 20
)

// NewDecompressor returns a Decompressor for what a peer compresses with a
// window of 1<<windowBits bytes. A message that is inflated to more than
// maxMessage bytes, or by more than o.MaxRatio, is refused; a maxMessage of zero
// or less is no limit.
func NewDecompressor(o *Options, noContextTakeover bool, windowBits int, maxMessage int64) *Decompressor {
	o = o.orDefaults()
	d := &Decompressor{
		takeover:   !noContextTakeover,
		reach:      windowSize(windowBits),
		maxMessage: maxMessage,
		maxRatio:   o.MaxRatio,
		err:        io.EOF,
	}
	if d.maxRatio == 0 {
		d.maxRatio = defaultMaxRatio
	}
	d.window.limit = d.reach
	return d
}

// windowSize returns the size of a window in bytes.
func windowSize(bits int) int { return 1 << min(max(bits, minWindowBits), maxWindowBits) }

// Open begins a message: the payload of all its frames, unmasked and as the peer
// has sent it, in any number of parts. Their bytes must not be changed until Read
// has returned an error, io.EOF or another one, or AppendAll has returned.
//
// A message that has not been read to its end is lost. With context takeover so
// are all those after it, which may refer to it: reading them returns an error.
func (d *Decompressor) Open(message ...[]byte) {
	if d.f != nil && d.takeover {
		d.lost = errUnread
	}
	d.close()
	if d.err = d.lost; d.err != nil {
		return
	}
	d.f = inflaters.Get().(*inflater)
	d.f.reset(message, &d.window, d.reach)
	d.read = d.f.start
	d.size = d.f.unread() - len(tail)
	d.setLimit()
}

// setLimit finds what the message may be inflated to.
func (d *Decompressor) setLimit() {
	d.limit = d.maxMessage
	if allowed := max(int64(d.size)*int64(d.maxRatio), ratioFloor); d.maxRatio > 0 && (d.limit <= 0 || allowed < d.limit) {
		d.limit = allowed
	}
}

// Read reads what the message is inflated to, and returns io.EOF at its end. Any
// other error ends the connection: a [frames.Error] with CloseInvalidPayload for
// a message that is not DEFLATE, ends in the middle, goes on behind its end or
// refers to bytes outside the window that was agreed, and with
// CloseMessageTooBig for one that is inflated to more than it may be.
func (d *Decompressor) Read(p []byte) (n int, err error) {
	for len(p) > 0 && n == 0 {
		chunk, err := d.next()
		if err != nil {
			return 0, err
		}
		n = copy(p, chunk)
		d.consume(n)
	}
	return n, nil
}

// AppendAll appends to dst what is left of the message, and returns the
// extended slice. The errors are those of Read, without io.EOF; dst is then
// returned as it was.
func (d *Decompressor) AppendAll(dst []byte) ([]byte, error) {
	for whole := dst; ; {
		chunk, err := d.next()
		switch err {
		case nil:
			if cap(whole)-len(whole) < len(chunk) {
				whole = slices.Grow(whole, len(chunk)+d.expected())
			}
			whole = append(whole, chunk...)
			d.consume(len(chunk))
		case io.EOF:
			return whole, nil
		default:
			return dst, err
		}
	}
}

// expected is a guess at how many bytes are still to be inflated, for AppendAll to
// make room once: as many for each byte of the message as so far, and some more. It
// is no more than 1 MiB, so that no bomb is believed.
func (d *Decompressor) expected() int {
	if d.f.stage == atEnd {
		return 0
	}
	unread := d.f.unread()
	read := d.size + len(tail) - unread
	guess := int64(float64(d.total) / float64(max(read, 1)) * float64(unread) * 9 / 8)
	return int(min(guess, 1<<20))
}

// AtEnd reports whether all of the message has been read, as far as that is
// known: if it returns false, there may still be nothing more.
func (d *Decompressor) AtEnd() bool { return d.f == nil && d.err == io.EOF }

// SetMaxMessage changes the limit that NewDecompressor was given, for a message
// that is open, too.
func (d *Decompressor) SetMaxMessage(n int64) {
	d.maxMessage = n
	d.setLimit()
}

// Release gives back all that is held. It is for a connection that has ended:
// with context takeover, messages that are opened after it cannot be read.
func (d *Decompressor) Release() {
	d.close()
	d.window.forget()
	if d.takeover && d.lost == nil {
		d.lost = errReleased
	}
}

// close gives back what an open message has borrowed.
func (d *Decompressor) close() {
	if d.f != nil {
		d.f.reset(nil, nil, 0)
		inflaters.Put(d.f)
		d.f = nil
	}
	d.read, d.total, d.err = 0, 0, io.EOF
}

// next returns the bytes that come next, at least one.
func (d *Decompressor) next() ([]byte, error) {
	for d.f != nil && d.read == d.f.w {
		if err := d.inflate(); err != nil {
			d.close()
			d.err = err
			if d.takeover {
				d.lost = err
			}
		}
	}
	if d.f == nil {
		return nil, d.err
	}
	return d.f.out[d.read:d.f.w], nil
}

// consume notes that n bytes were handed out. The last ones end the message, so
// that nothing stays borrowed until somebody asks for more.
func (d *Decompressor) consume(n int) {
	if d.read += n; d.read == d.f.w && d.f.stage == atEnd {
		d.finish()
	}
}

// finish ends a message that was inflated as a whole.
func (d *Decompressor) finish() {
	if d.takeover {
		d.window.write(d.f.out[max(d.f.w-d.reach, d.f.start):d.f.w])
	}
	d.close()
}

// inflate gets more bytes, all those at hand having been read. At the end of the
// message there are none.
func (d *Decompressor) inflate() error {
	f := d.f
	if f.stage == atEnd {
		d.finish()
		return nil
	}
	if f.w >= outSize {
		d.read -= f.slide()
	}
	before := f.w
	if err := f.run(); err != nil {
		return err
	}
	d.total += int64(f.w - before)
	switch {
	case d.limit <= 0 || d.total <= d.limit:
		return nil
	case d.limit == d.maxMessage:
		return tooBig(d.limit)
	}
	return bomb(d.size, d.maxRatio)
}

// inflaters are shared by all connections, since few of them are in the middle
// of a message at any time.
var inflaters = sync.Pool{New: func() any { return newInflater() }}
