package wsconn

import (
	"context"
	"io"
	"math"
	"net"
	"os"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/option"
)

// Conn is a WebSocket as a byte stream: a [net.Conn], with half-close if the
// peer agreed to it. The borders of messages carry no meaning. All methods may
// be called by several goroutines at the same time.
//
// Control frames are answered also while nobody reads, as [KeepAlive] says.
type Conn struct {
	s           *Socket
	messageSize int   // of what Write sends; zero is one message a Write
	spliceSize  int32 // of the messages that ReadFrom splices, at most; zero is nothing
	noHalfOpen  bool
	text        *textStream // nil for a stream of bytes
}

var _ interface {
	net.Conn
	io.ReaderFrom
	io.WriterTo
} = (*Conn)(nil)

// NewConn makes a byte stream of a socket, whose own read and write methods
// fail with [ErrTaken] from then on; none may be in progress. What the socket
// had begun to read comes first. Nil options mean the defaults.
func NewConn(s *Socket, opts *ConnOptions) *Conn {
	if opts == nil {
		opts = new(ConnOptions)
	}
	c := &Conn{s: s, messageSize: s.messageSize(opts.MessageSize), spliceSize: s.spliceSize(opts.MessageSize), noHalfOpen: opts.NoHalfOpen}
	if opts.Text {
		c.text = new(textStream)
	}
	s.conn.Store(c)
	if s.lockReader(s.waitReader) == nil {
		s.machine.SetLimits(0, 0) // a stream holds no message, but a compressed one
		s.reader.inflation.unlimited()
		s.reader.stream = true
		if s.open != nil {
			s.keepBegun(append(s.takeBegun(), s.open.head...))
			s.open = nil
		}
		s.unlockReader()
	}
	return c
}

// text returns the stream of text that has taken the socket; nil without one.
func (s *Socket) text() *textStream {
	if c := s.conn.Load(); c != nil {
		return c.text
	}
	return nil
}

// messageSize is the size of messages to send, of what the option says and
// what the peer likes. That is a wish: a tiny one would cost both ends dearly.
func (s *Socket) messageSize(wanted int) int {
	size := option.Or(wanted, defaultMessageSize)
	if wish := s.stream().peerMaxMessage; wish > 0 {
		wish = min(max(wish, smallSize), math.MaxInt32)
		if wanted == 0 {
			size = batchSize
		}
		if size == 0 || int64(size) > wish {
			size = int(wish)
		}
	}
	return size
}

// Socket returns the socket under the stream, for what is not reading and
// writing.
func (c *Conn) Socket() *Socket { return c.s }

// LocalAddr returns the transport's local address.
func (c *Conn) LocalAddr() net.Addr { return c.s.LocalAddr() }

// RemoteAddr returns the transport's remote address.
func (c *Conn) RemoteAddr() net.Addr { return c.s.RemoteAddr() }

// Read reads the next bytes of the stream, of one or more messages.
//
// The end of the stream is io.EOF only if the peer said so: by a Close frame
// with code 1000 or without a code, after a whole message. Every other Close
// frame is a [*CloseError], a transport that ends without one an error that
// wraps [io.ErrUnexpectedEOF], and a violation of the protocol a
// [*frames.Error]: after any of them the stream may be cut short. After a local
// Close the error is [net.ErrClosed]. Errors stay the same on repeat, but for
// [os.ErrDeadlineExceeded], after which reading goes on with a new deadline.
func (c *Conn) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	s := c.s
	if err := s.lockReader(s.waitReader); err != nil {
		return 0, s.opError("read", err)
	}
	defer s.unlockReader()
	if s.reader.in.deadline.Passed() {
		return 0, s.opError("read", os.ErrDeadlineExceeded)
	}
	if s.begun != nil {
		rest := s.takeBegun()
		n = copy(p, rest)
		s.keepBegun(rest[n:])
	}
	if c.text != nil {
		err = c.text.err
	}
	for n == 0 && err == nil {
		n, _, err = s.reader.content(p, true)
	}
	for m := n; err == nil && n < len(p) && m > 0; n += m {
		m, _, err = s.reader.content(p[n:], false)
	}
	if n > 0 {
		err = nil // an error is the next call's: the reader keeps it
	}
	if c.text != nil {
		n, err = c.checkText(p[:n], err)
	}
	if err != nil {
		err = c.readEnd(err)
	}
	return n, err
}

// readEnd takes note of why reading has ended, and returns what Read says of that.
func (c *Conn) readEnd(err error) error {
	if err == io.EOF && c.noHalfOpen && c.s.stream().halfClose {
		c.s.endStream()
	}
	return c.s.opError("read", c.s.readError(err))
}

// Write writes p as binary messages of at most [ConnOptions.MessageSize] bytes,
// each compressed if that was agreed ([DialOptions.Compression]) and makes it
// smaller. Nothing is sent for an empty p. It returns when the transport has taken
// everything.
//
// When the write deadline comes first, n counts whole messages: the one that
// was cut is counted, and its rest is sent in the background, because a frame
// cannot be taken back. So the bytes counted are those that will arrive, and
// writing can go on with a new deadline. If they are all of p the error is nil.
// When the transport fails, part of a message that is not counted may have
// arrived.
// After a local Close or CloseWrite the error is [net.ErrClosed], after the
// peer's Close a [*CloseError].
func (c *Conn) Write(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	switch {
	case c.text != nil:
		n, err = c.writeText(p)
	case c.s.compressor != nil:
		n, err = c.writeCompressed(p)
	default:
		n, err = c.s.writer.writeMessages(frames.Binary, 0, p, c.messageSize)
	}
	return n, c.s.opError("write", err)
}

// SetDeadline sets the read and the write deadline. A deadline ends the calls
// in progress and later ones with an error that is a [net.Error] and wraps
// [os.ErrDeadlineExceeded]; the zero time takes it away. Control frames and
// Close know no deadline.
func (c *Conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline sets the deadline for Read: see [Conn.SetDeadline].
func (c *Conn) SetReadDeadline(t time.Time) error {
	return c.s.opError("set", c.s.setReadDeadline(t))
}

// SetWriteDeadline sets the deadline for Write: see [Conn.SetDeadline] and
// [Conn.Write].
func (c *Conn) SetWriteDeadline(t time.Time) error {
	return c.s.opError("set", c.s.setWriteDeadline(t))
}

// CanCloseWrite reports whether the peer agreed to half-close in the handshake,
// as [Dial] and [Accept] do.
func (c *Conn) CanCloseWrite() bool { return c.s.stream().halfClose }

// CloseWrite tells the peer that the stream ends here, behind everything that
// was written; its Read returns io.EOF. Reading goes on. It does not wait.
//
// It needs a peer that agreed to half-close: see [Conn.CanCloseWrite]. Against
// any other one it sends nothing and returns [ErrNoHalfClose]: such a peer would
// drop the rest of its answer.
func (c *Conn) CloseWrite() error {
	return c.s.opError("close", c.s.closeWrite())
}

// Close ends both directions with code 1000 and returns at once, always with a
// nil error, also when called again. Blocked calls return [net.ErrClosed], and
// the peer's Write fails once it has read that far.
//
// What Write has accepted is still sent. That, and the peer's answer, is waited
// for in the background, for at most CloseTimeout; then the transport is cut.
// [Conn.WaitClosed] tells how that went.
//
// Code 1000 tells the peer that the stream is complete. After a failed copy
// say so: use CloseWith(1011, "...") or Terminate.
func (c *Conn) Close() error { return c.CloseWith(frames.CloseNormalClosure, "") }

// CloseWith is Close with a code and a reason (RFC 6455 section 7.4), which is
// cut to 123 bytes of UTF-8. For codes other than 1000 the peer's Read fails.
// The error is not nil only if the code is none that can be sent: then 1011 is.
func (c *Conn) CloseWith(code frames.CloseCode, reason string) error {
	return c.s.CloseWith(code, reason)
}

// Terminate cuts the transport at once, also below TLS, without a Close frame.
// What is in flight may be lost, and the peer's Read fails.
func (c *Conn) Terminate() error { return c.s.Terminate() }

// WaitClosed waits until the transport is cut, or until ctx ends. That is after
// Close or Terminate, and at a server also after the Close of a peer that did not
// agree to half-close. It returns nil if the closing handshake was completed: the
// peer has received everything. If it agreed to half-close and closed without
// having read to the end of what was written here, the error is its
// [*CloseError].
func (c *Conn) WaitClosed(ctx context.Context) error { return c.s.WaitClosed(ctx) }
