package wsconn

import (
	"context"
	"errors"
	"io"
)

// headSize is how much of a message NextReader reads to learn its type.
const headSize = 64

// messageReader reads one message.
type messageReader struct {
	s     *Socket
	ctx   context.Context
	gone  bool   // the next message has been asked for
	head  []byte // read, not yet taken
	ended bool   // all has been read, but for head
	room  [headSize]byte
}

// NextReader waits for the next message and returns its type and a reader of
// it, which ends with io.EOF after the whole message, and with no other end:
// when the connection ends first, the error is as for [Socket.ReadMessage].
//
// The context bounds this call and every Read. What the reader has not read
// when the next message is asked for is thrown away. The reader is for one
// goroutine at a time.
func (s *Socket) NextReader(ctx context.Context) (MessageType, io.Reader, error) {
	if err := s.beginRead(ctx); err != nil {
		return 0, nil, s.opError("read", err)
	}
	defer s.unlockReader()
	m := &messageReader{s: s, ctx: ctx}
	stop := s.interruptible(ctx, (*Socket).setReadDeadline)
	err := m.begin()
	stop()
	if err != nil {
		return 0, nil, s.opError("read", contextError(ctx, s.readError(err)))
	}
	s.open = m
	return s.reader.op, m, nil
}

// begin skips what is left of the message before, and waits for the first of
// this one: what a cancelled ReadMessage has read of it, or new bytes.
func (m *messageReader) begin() (err error) {
	if err := m.s.skip(); err != nil {
		return err
	}
	if m.head = m.s.takeBegun(); len(m.head) > 0 {
		return nil
	}
	n, ended, err := m.s.reader.content(m.room[:], true)
	m.head, m.ended = m.room[:n], ended
	return err
}

// skip throws away what is left of the message that NextReader has begun. The
// caller holds the reader's lock.
func (s *Socket) skip() error {
	if s.open != nil && !s.open.ended {
		s.open.gone = true // also if this is cancelled: what follows is no whole message
		buf := smallBuffers.Get().(*buffer)
		defer buf.release()
		for !s.open.ended {
			_, ended, err := s.reader.content(buf.b, true)
			if err != nil {
				return err
			}
			s.open.ended = ended
		}
	}
	s.open = nil
	return nil
}

// Read reads the next bytes of the message.
func (m *messageReader) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	s := m.s
	if err := s.beginRead(m.ctx); err != nil {
		return 0, s.opError("read", err)
	}
	defer s.unlockReader()
	switch {
	case s.open != m, m.gone:
		return 0, s.opError("read", errMessageGone)
	case len(m.head) > 0:
		n = copy(p, m.head)
		m.head = m.head[n:]
		return n, nil
	}
	stop := s.interruptible(m.ctx, (*Socket).setReadDeadline)
	for n == 0 && !m.ended && err == nil {
		n, m.ended, err = s.reader.content(p, true)
	}
	stop()
	switch {
	case n > 0:
		return n, nil
	case err == nil:
		return 0, io.EOF
	}
	return 0, s.opError("read", contextError(m.ctx, s.readError(err)))
}

// errMessageGone is what the reader of a message says that was skipped.
var errMessageGone = errors.New("the message is gone: another one has been asked for")
