package wsconn

import (
	"context"
	"errors"
	"io"

	"github.com/wsstream/wsstream/frames"
)

// MessageWriter writes one message piece by piece: see [Socket.NextWriter]. It
// is for one goroutine at a time.
type MessageWriter struct {
	s     *Socket
	ctx   context.Context
	op    frames.Opcode // of the next frame
	buf   *buffer       // what waits for more; nil when the message is over
	n     int
	sent  bool // a fragment is out
	plain bool // nothing of it is kept to be compressed
	err   error
}

var _ interface {
	io.WriteCloser
	io.ReaderFrom
	io.StringWriter
} = (*MessageWriter)(nil)

// NextWriter begins a message that is sent in pieces, as fragments (RFC 6455
// section 5.4) of 16 KiB, which need not be known in full when the first one
// goes. Where compression was agreed it is kept at first, and sent compressed, in
// one frame, if Close comes before 256 KiB. Other messages wait until it is closed;
// pings, pongs and a Close do not.
//
// The context bounds the wait for the turn and every call of the writer. A
// message of which something was sent cannot be taken back: when a call fails
// then, and the connection can still be written, it is closed with code 1011, so
// that the peer does not wait for the rest or take the beginning for the whole.
//
// Close makes a whole message of what there is, so it is not to be deferred:
// Abort is, which does nothing after Close.
func (s *Socket) NextWriter(ctx context.Context, typ MessageType) (*MessageWriter, error) {
	if err := s.beginWrite(ctx, typ); err != nil {
		return nil, s.opError("write", err)
	}
	return &MessageWriter{s: s, ctx: ctx, op: typ, buf: recordBuffers.Get().(*buffer), plain: s.compressor == nil}, nil
}

// Write adds p to the message. It returns when all of p is sent or kept to be
// sent with more.
func (m *MessageWriter) Write(p []byte) (n int, err error) {
	for n < len(p) && m.ready() {
		room := m.room()
		if m.plain && m.n == 0 && len(p)-n > len(room) {
			m.send(p[n:n+len(room)], false)
			n += len(room)
			continue
		}
		k := copy(room, p[n:])
		m.n, n = m.n+k, n+k
	}
	if m.err != nil {
		return 0, m.s.opError("write", m.err)
	}
	return n, nil
}

// WriteString is Write for a string.
func (m *MessageWriter) WriteString(p string) (n int, err error) {
	for n < len(p) && m.ready() {
		k := copy(m.room(), p[n:])
		m.n, n = m.n+k, n+k
	}
	if m.err != nil {
		return 0, m.s.opError("write", m.err)
	}
	return n, nil
}

// ReadFrom adds what it reads from src, until src ends: [io.Copy] uses it. An
// error of src does not end the message: see Abort. The end of the context ends no
// Read of src, only what comes after it.
func (m *MessageWriter) ReadFrom(src io.Reader) (n int64, err error) {
	for m.ready() {
		k, err := src.Read(m.room())
		m.n, n = m.n+k, n+int64(k)
		switch {
		case err == io.EOF:
			return n, nil
		case err != nil:
			return n, err
		}
	}
	return n, m.s.opError("write", m.err)
}

// Uncompressed makes the message one that goes out as it is, also where compression
// was agreed: see [Socket.WriteUncompressed]. It is to be called before Close.
func (m *MessageWriter) Uncompressed() { m.plain = true }

// Flush sends what is kept as a fragment, so that the peer has it now. The message
// is then not compressed any more.
func (m *MessageWriter) Flush() error {
	if m.err == nil && m.n > 0 {
		m.plain = true
		m.flush(false)
	}
	return m.s.opError("write", m.err)
}

// Close sends the end of the message. After an earlier error it returns that.
func (m *MessageWriter) Close() error {
	if m.err == nil {
		m.flush(true)
	}
	if m.err == errMessageDone {
		return nil
	}
	return m.s.opError("write", m.err)
}

// Abort gives the message up, after an error of its source for instance. If
// nothing of it was sent, nothing will be. It does nothing once the message has
// ended.
func (m *MessageWriter) Abort() {
	if m.err == nil {
		m.fail(errMessageAborted)
	}
}

var errMessageAborted = errors.New("the message was given up")

// errMessageDone is what a MessageWriter says after Close.
var errMessageDone = errors.New("the message is finished: begin the next one with NextWriter")

// ready makes room for a byte, and reports whether there is some.
func (m *MessageWriter) ready() bool {
	switch {
	case m.err != nil:
	case m.ctx.Err() != nil:
		m.fail(context.Cause(m.ctx))
	case len(m.room()) > 0:
	case m.plain || m.n >= maxCollected:
		m.plain = true
		m.flush(false)
	default:
		m.buf = m.buf.grown(m.n)
	}
	return m.err == nil
}

// room is where more can be kept.
func (m *MessageWriter) room() []byte { return m.buf.b[m.n:min(len(m.buf.b), maxCollected)] }

func (m *MessageWriter) flush(fin bool) {
	p := m.buf.b[:m.n]
	m.n = 0
	for m.plain && len(p) > batchSize && m.err == nil {
		m.send(p[:batchSize], false)
		p = p[batchSize:]
	}
	if m.err == nil {
		m.send(p, fin)
	}
	if m.err == nil && len(m.buf.b) > recordSize {
		m.buf.release()
		m.buf = recordBuffers.Get().(*buffer)
	}
}

// send sends a frame of the message, and ends it if that was the last one or
// failed.
func (m *MessageWriter) send(p []byte, fin bool) {
	sent, err := false, context.Cause(m.ctx)
	if err == nil {
		stop := m.s.interruptible(m.ctx, (*Socket).setWriteDeadline)
		if m.plain {
			sent, err = m.s.writer.writeFragment(m.op, p, fin)
		} else {
			_, err = m.s.sendMessage(m.op, p)
		}
		stop()
	}
	m.op = frames.Continuation
	m.sent = m.sent || sent
	switch {
	case err != nil:
		m.fail(contextError(m.ctx, err))
	case fin:
		m.end(errMessageDone)
	}
}

// fail ends the message before it is whole. Where the peer could take it for
// that, or wait for more, the connection ends, too: unless writing has ended by
// itself, which leaves what the peer has sent to be read.
func (m *MessageWriter) fail(err error) {
	if m.sent && m.s.writer.failure() == nil {
		m.s.CloseWith(frames.CloseInternalError, "a message could not be finished")
	}
	m.end(err)
}

// end gives back what the message holds.
func (m *MessageWriter) end(err error) {
	m.err = err
	m.buf.release()
	m.buf = nil
	m.s.endWrite()
}
