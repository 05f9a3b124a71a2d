package wsconn

import (
	"bytes"
	"context"

	"github.com/wsstream/wsstream/frames"
)

// Prepared is a message that is made once and sent to many receivers: a server
// sends the same bytes to all of them. It may be used by several goroutines at
// the same time.
type Prepared struct {
	typ     MessageType
	payload []byte
	frame   []byte // as a server sends it; payload is its end
}

// Prepare makes a message to be sent with [Socket.WritePrepared] or
// [Server.Broadcast], which fail for a type that is none. It copies p.
func Prepare(typ MessageType, p []byte) *Prepared {
	h := frames.Header{Fin: true, Opcode: typ, Length: int64(len(p))}
	frame := frames.AppendHeader(make([]byte, 0, frames.MaxHeaderSize+len(p)), h)
	frame = append(frame, p...)
	return &Prepared{typ: typ, payload: frame[len(frame)-len(p):], frame: frame}
}

// Type returns the type of the message.
func (m *Prepared) Type() MessageType { return m.typ }

// Payload returns a copy of the message.
func (m *Prepared) Payload() []byte { return bytes.Clone(m.payload) }

// WritePrepared sends a message as [Socket.WriteMessage] does. A client has to
// mask it anew each time (RFC 6455 section 5.3).
func (s *Socket) WritePrepared(ctx context.Context, m *Prepared) error {
	if s.machine.Role() == frames.Client {
		return s.WriteMessage(ctx, m.typ, m.payload)
	}
	return s.write(ctx, m.typ, func() error { return s.writer.writeFrame(m) })
}
