package wsconn

import (
	"io"

	"github.com/wsstream/wsstream/frames"
)

// ReadFrom writes what it reads from src, until src ends: [io.Copy] uses it.
// It does not close anything.
//
// On Linux a server spares the process large messages from one TCP connection to
// another one, if the peer is one of ours: what waits in src is spliced. Then src
// is a [*net.TCPConn], which io.Copy hides from ReadFrom, so call that; or has a
// method PlainTCP() *net.TCPConn, which says that to read from that is now the
// same, but for errors and the end, which are always left to Read. Nil says that
// it is not.
func (c *Conn) ReadFrom(src io.Reader) (n int64, err error) {
	if c.text == nil && c.s.compressor == nil && (c.messageSize == 0 || c.messageSize >= batchSize) {
		splice, last := c.spliceFrom(src), 0
		return relay(func(p []byte) (read, written int, err error) {
			if n, err := splice(last); n > 0 || err != nil {
				return last, n, err
			}
			last, written, err = c.frameOnce(src, p)
			return last, written, err
		})
	}
	return relay(func(p []byte) (read, written int, err error) { return relayOnce(c, src, p) })
}

// frameOnce is relayOnce to a stream that takes all of p as one message: what is
// read becomes a frame where it lies, without a copy.
func (c *Conn) frameOnce(src io.Reader, p []byte) (read, written int, err error) {
	room := p[frames.MaxHeaderSize:]
	if c.messageSize > 0 {
		room = room[:min(len(room), c.messageSize)]
	}
	read, readErr := src.Read(room)
	if read > 0 {
		written, err = c.s.writer.writeInPlace(frames.Binary, p[:frames.MaxHeaderSize+read])
		if err != nil {
			return read, written, c.s.opError("write", err)
		}
	}
	return read, written, readErr
}

// writeInPlace sends the payload that lies in p behind the room for any header as
// one message, for which it is overwritten. As for writeMessages, one that a
// deadline cut is on its way.
func (w *writer) writeInPlace(op frames.Opcode, p []byte) (n int, err error) {
	if err := w.acquire(); err != nil {
		return 0, err
	}
	defer w.release()
	w.used.Store(true)
	h, err := w.s.machine.Send(op, 0, true)
	if err != nil {
		return 0, sendError(err)
	}
	payload := p[frames.MaxHeaderSize:]
	h.Length = int64(len(payload))
	if h.Masked {
		h.Key = newKey()
		frames.Mask(payload, payload, h.Key, 0)
	}
	frame := p[frames.MaxHeaderSize-h.Size():]
	frames.AppendHeader(frame[:0], h)
	return w.sendMessage(frame, len(payload))
}
