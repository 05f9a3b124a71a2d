package wsconn

import (
	"bytes"
	"context"
	"sync"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/frames"
)

// Prepared is a message that is made once and sent to many receivers: a server
// sends the same bytes to all of them, and compresses them once for all whose
// windows have the same size. It may be used by several goroutines at the same
// time.
type Prepared struct {
	plain        form
	uncompressed bool // for everybody

	mu         sync.Mutex
	compressed map[int]*form // by the bits of the window; nil for what does not shrink
}

// form is a message as it goes to some receivers.
type form struct {
	typ     MessageType
	rsv     frames.RSV
	payload []byte
	frame   []byte // as a server sends it; payload is its end
}

// Prepare makes a message to be sent with [Socket.WritePrepared] or
// [Server.Broadcast], which fail for a type that is none. It copies p.
func Prepare(typ MessageType, p []byte) *Prepared { return &Prepared{plain: *newForm(typ, 0, p)} }

func newForm(typ MessageType, rsv frames.RSV, p []byte) *form {
	h := frames.Header{Fin: true, RSV: rsv, Opcode: typ, Length: int64(len(p))}
	frame := frames.AppendHeader(make([]byte, 0, frames.MaxHeaderSize+len(p)), h)
	frame = append(frame, p...)
	return &form{typ: typ, rsv: rsv, payload: frame[len(frame)-len(p):], frame: frame}
}

// Uncompressed returns the same message, to be sent as it is to everybody: see
// [Socket.WriteUncompressed].
func (m *Prepared) Uncompressed() *Prepared { return &Prepared{plain: m.plain, uncompressed: true} }

// Type returns the type of the message.
func (m *Prepared) Type() MessageType { return m.plain.typ }

// Payload returns a copy of the message.
func (m *Prepared) Payload() []byte { return bytes.Clone(m.plain.payload) }

// WritePrepared sends a message as [Socket.WriteMessage] does. A client has to
// mask it anew each time (RFC 6455 section 5.3).
//
// A message that many receive cannot refer to what each of them has received
// before. Where context takeover was agreed, the next message that is sent to this
// one alone does not either.
func (s *Socket) WritePrepared(ctx context.Context, m *Prepared) error {
	return s.write(ctx, m.Type(), func() error {
		f := s.form(m)
		if s.machine.Role() == frames.Client {
			_, err := s.writer.writeMessages(f.typ, f.rsv, f.payload, 0)
			return err
		}
		return s.writer.writeFrame(f)
	})
}

// form returns the message as it goes to this receiver. The caller holds the token
// of s.writing.
func (s *Socket) form(m *Prepared) *form {
	if s.compressor == nil || m.uncompressed {
		return &m.plain
	}
	f := m.compressedFor(s.compressor)
	if f == nil {
		return &m.plain
	}
	s.compressor.Forget() // it has not seen what the peer's window will have
	return f
}

// compressedFor returns the message for receivers with a window of the same size as
// this one's, or nil if it does not shrink. It is compressed as the options of the
// first of them say.
func (m *Prepared) compressedFor(c *compressor) *form {
	m.mu.Lock()
	defer m.mu.Unlock()
	f, known := m.compressed[c.windowBits]
	if known {
		return f
	}
	shared := deflate.NewCompressor(c.options, true, c.windowBits)
	buf := getBuffer(len(m.plain.payload))
	if p, ok := shared.Append(buf.b[:0], m.plain.payload); ok {
		f = newForm(m.plain.typ, frames.RSV1, p)
	}
	buf.release()
	if m.compressed == nil {
		m.compressed = make(map[int]*form, 1)
	}
	m.compressed[c.windowBits] = f
	return f
}
