package wsconn

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/wait"
)

// MessageType is the type of a message: [Text] or [Binary].
type MessageType = frames.Opcode

// The two types of messages (RFC 6455 section 5.6).
const (
	Text   = frames.Text
	Binary = frames.Binary
)

// ReadMessage returns the next message. The bytes are the caller's.
//
// When ctx ends first its cause is returned, and nothing is lost: the next
// call goes on where this one was. After the peer has closed the error is
// io.EOF for code 1000 or none, else a [*CloseError]; a transport that ended
// without a Close frame gives an error that wraps [io.ErrUnexpectedEOF]. A
// message over [DialOptions.MaxMessage] closes the connection with code 1009.
func (s *Socket) ReadMessage(ctx context.Context) (MessageType, []byte, error) {
	if err := s.beginRead(ctx); err != nil {
		return 0, nil, s.opError("read", err)
	}
	defer s.unlockReader()
	stop := s.interruptible(ctx, (*Socket).setReadDeadline)
	p, err := s.readMessage()
	stop()
	if err != nil {
		return 0, nil, s.opError("read", contextError(ctx, s.readError(err)))
	}
	return s.reader.op, p, nil
}

// beginRead takes the reader for a message.
func (s *Socket) beginRead(ctx context.Context) error {
	switch {
	case s.conn.Load() != nil:
		return ErrTaken
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return s.lockReader(func() error { return s.lockContext(ctx, &s.reader.lock) })
}

// readMessage reads until the message is complete. What has come by an error is
// kept.
func (s *Socket) readMessage() ([]byte, error) {
	if err := s.skip(); err != nil {
		return nil, err
	}
	p := s.takeBegun()
	if p == nil {
		p = []byte{}
	}
	var end bool
	var err error
	for err == nil && !end {
		if s.reader.inflation.busy() {
			p, err = s.reader.inflateAll(p)
			break
		}
		p, end, err = s.readSome(p)
	}
	if err != nil {
		s.keepBegun(p)
	}
	return p, err
}

// readSome reads more of a message behind p.
func (s *Socket) readSome(p []byte) (more []byte, end bool, err error) {
	if s.reader.inflation != nil && cap(p) == 0 {
		// What it is is not known yet: one that is compressed is not put there.
		buf := smallBuffers.Get().(*buffer)
		defer buf.release()
		n, end, err := s.reader.gather(buf.b, true)
		return append(p, buf.b[:n]...), end, err
	}
	if len(p) == cap(p) {
		p = slices.Grow(p, s.nextRoom())
	}
	n, end, err := s.reader.gather(p[len(p):cap(p)], true)
	return p[:len(p)+n], end, err
}

// keepBegun keeps what was read of a message that is not complete.
func (s *Socket) keepBegun(p []byte) {
	if len(p) > 0 {
		s.begun = &p
	}
}

// takeBegun returns what was kept.
func (s *Socket) takeBegun() (p []byte) {
	if s.begun != nil {
		p, s.begun = *s.begun, nil
	}
	return p
}

// nextRoom returns how much room to make for the frame in progress: what has
// not arrived yet gets none on the word of a header alone.
func (s *Socket) nextRoom() int {
	arrived := int64(s.reader.buffered())
	return int(min(max(s.machine.Remaining(), 512), max(arrived, 32<<10)))
}

// WriteMessage sends p as one message, in one frame, compressed if that was agreed
// and makes it smaller: see [DialOptions.Compression] and
// [Socket.WriteUncompressed]. It returns when the transport has taken all of it.
// Control frames wait for it: send what is large in pieces that do not take long.
//
// When ctx ends first its cause is returned. If nothing of the frame was sent
// by then the message was not sent; if something was, the rest follows in the
// background, because a frame cannot be taken back, and the message arrives
// all the same: a nil error is returned then. After the peer has closed, the
// error is a [*CloseError].
func (s *Socket) WriteMessage(ctx context.Context, typ MessageType, p []byte) error {
	return s.write(ctx, typ, func() error {
		_, err := s.sendMessage(typ, p)
		return err
	})
}

// write calls send, which sends a message, when it is this one's turn. The end
// of ctx ends both.
func (s *Socket) write(ctx context.Context, typ MessageType, send func() error) error {
	if err := s.beginWrite(ctx, typ); err != nil {
		return s.opError("write", err)
	}
	defer s.endWrite()
	stop := s.interruptible(ctx, (*Socket).setWriteDeadline)
	err := send()
	stop()
	return s.opError("write", contextError(ctx, err))
}

// beginWrite takes the writer for a message.
func (s *Socket) beginWrite(ctx context.Context, typ MessageType) error {
	if s.conn.Load() != nil {
		return ErrTaken
	}
	if err := checkType(typ); err != nil {
		return err
	}
	return s.lockContext(ctx, &s.writing)
}

func checkType(typ MessageType) error {
	if typ != Text && typ != Binary {
		return errMessageType
	}
	return nil
}

// interruptible lets the end of ctx end the call in progress, by a deadline.
// The function returned takes that back.
func (s *Socket) interruptible(ctx context.Context, setDeadline func(*Socket, time.Time) error) (stop func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	done := make(chan struct{})
	stopAfter := context.AfterFunc(ctx, func() {
		defer close(done)
		setDeadline(s, wait.Past)
	})
	return func() {
		if !stopAfter() {
			<-done
			setDeadline(s, time.Time{})
		}
	}
}

// contextError says that ctx ended where the deadline that it set did.
func contextError(ctx context.Context, err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// lockContext takes a lock, unless ctx ends or this end closes first.
func (s *Socket) lockContext(ctx context.Context, lock *wait.Lock) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case lock.LockContext(ctx, &s.closing.local):
		if s.closing.local.Given() {
			lock.Unlock()
			return errLocalClose
		}
		return nil
	case s.closing.local.Given():
		return errLocalClose
	}
	return context.Cause(ctx)
}
