package wsconn

import (
	"context"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/frames"
)

// maxCollected is how much of a message a [MessageWriter] keeps to compress it as
// a whole, in bytes: a compressed message is one frame, since there are browsers
// that do not take it in several (Safari 15).
const maxCollected = 256 << 10

// compressor is what a socket compresses its messages with. It belongs to whoever
// holds Socket.writing: so messages are sent in the order in which
// they are compressed.
type compressor struct {
	*deflate.Compressor
	options    *deflate.Options
	windowBits int
}

// newCompressor returns nil where compression was not agreed.
func newCompressor(c compression, role frames.Role) *compressor {
	if !c.agreed {
		return nil
	}
	noContextTakeover, windowBits := c.of(role)
	return &compressor{deflate.NewCompressor(c.options, noContextTakeover, windowBits), c.options, windowBits}
}

// WriteUncompressed is WriteMessage for a message that goes out as it is also
// where compression was agreed: one with a secret in it beside something that
// somebody else has chosen, since its compressed size tells how alike the two are
// (the attack known as CRIME).
func (s *Socket) WriteUncompressed(ctx context.Context, typ MessageType, p []byte) error {
	return s.write(ctx, typ, func() error {
		_, err := s.writer.writeMessages(typ, 0, p, 0)
		return err
	})
}

// sendMessage sends p as one message, in one frame: compressed, if that was agreed
// and makes it smaller. sent is as for writer.writeMessages, all of p or nothing.
// The caller holds s.writing.
func (s *Socket) sendMessage(typ MessageType, p []byte) (sent int, err error) {
	if s.compressor == nil {
		return s.writer.writeMessages(typ, 0, p, 0)
	}
	if err := s.writer.usable(); err != nil {
		return 0, err
	}
	buf := getBuffer(len(p))
	defer buf.release()
	b, ok := s.compressor.Append(buf.b[:0], p)
	if !ok {
		return s.writer.writeMessages(typ, 0, p, 0)
	}
	if sent, err = s.writer.writeMessages(typ, frames.RSV1, b, 0); sent == 0 {
		s.compressor.Forget() // the peer does not know this message
		return 0, err
	}
	return len(p), err
}

// writeCompressed is Write for a stream on which compression was agreed.
func (c *Conn) writeCompressed(p []byte) (n int, err error) {
	if err := c.beginWrite(); err != nil {
		return 0, err
	}
	defer c.s.endWrite()
	for n < len(p) && err == nil {
		size := len(p) - n
		if c.messageSize > 0 {
			size = min(size, c.messageSize)
		}
		var sent int
		sent, err = c.s.sendMessage(frames.Binary, p[n:n+size])
		n += sent
	}
	return n, err
}

// beginWrite waits until it is this Write's turn, or for the write deadline.
func (c *Conn) beginWrite() error {
	if c.s.t.out.deadline.Lock(&c.s.writing, &c.s.closing.local) {
		return nil
	}
	return c.s.writer.cutReason()
}

// endWrite gives s.writing back.
func (s *Socket) endWrite() {
	s.writing.Unlock()
	if s.closing.done.Given() {
		s.releaseCompression()
	}
}

// releaseCompression gives back what makes the next message faster, if nobody is
// sending one.
func (s *Socket) releaseCompression() {
	if s.compressor == nil {
		return
	}
	if s.writing.TryLock() { // else whoever holds it does it
		s.compressor.Release()
		s.writing.Unlock()
	}
}
