package wsconn

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/wsstream/wsstream/frames"
)

// upgraded is what a finished handshake leaves behind: all that a Socket
// starts from.
type upgraded struct {
	conn         net.Conn    // the transport
	buffered     []byte      // what arrived behind the handshake
	role         frames.Role // of this end
	subprotocol  string
	stream       streamTerms // what the extension wsstream agreed on
	value        any         // what AcceptOptions.Value took from the request
	maxMessage   int64       // this and the two below: zero is off
	maxFragments int
	closeTimeout time.Duration
}

// Socket is a WebSocket that speaks in messages. Its methods may be called by
// several goroutines at the same time; reads and writes take turns among
// themselves.
//
// Control frames are answered while somebody reads.
type Socket struct {
	t       transport
	machine frames.Machine
	reader  reader
	writer  writer

	subprotocol  string
	stream       streamTerms
	value        any
	closeTimeout time.Duration

	taken   atomic.Bool   // by a Conn
	message []byte        // begun by a ReadMessage that was cancelled; under the reader's lock
	writing chan struct{} // holds a token during a WriteMessage, whose context rules the write deadline
	closing closing
}

// newSocket starts a socket on a connection whose handshake is done.
func newSocket(u upgraded) *Socket {
	s := &Socket{
		subprotocol:  u.subprotocol,
		stream:       u.stream,
		value:        u.value,
		closeTimeout: u.closeTimeout,
		writing:      make(chan struct{}, 1),
	}
	s.closing.init()
	var err error
	if s.t, err = newTransport(u.conn); err != nil {
		s.reader.err = err
		s.writer.err = err
	}
	s.machine = frames.NewMachine(frames.Rules{
		Role:         u.role,
		MaxMessage:   u.maxMessage,
		MaxFragments: u.maxFragments,
		HalfClose:    u.stream.halfClose,
	})
	s.writer.t, s.writer.machine, s.writer.closed = &s.t, &s.machine, s.closing.local
	s.writer.lock = make(chan struct{}, 1)
	s.reader.t, s.reader.machine = &s.t, &s.machine
	s.reader.control, s.reader.failed = s.control, s.readFailed
	s.reader.lock = make(chan struct{}, 1)
	s.reader.poll.init(&s.reader)
	s.reader.prefill(u.buffered)
	return s
}

// Subprotocol returns the subprotocol that the handshake agreed on, or "".
func (s *Socket) Subprotocol() string { return s.subprotocol }

// Value returns what [AcceptOptions.Value] took from the request, and nil for
// a client.
func (s *Socket) Value() any { return s.value }

// LocalAddr returns the transport's local address.
func (s *Socket) LocalAddr() net.Addr { return s.t.LocalAddr() }

// RemoteAddr returns the transport's remote address.
func (s *Socket) RemoteAddr() net.Addr { return s.t.RemoteAddr() }

// readError says that this end has closed, which is why a read failed then.
func (s *Socket) readError(err error) error {
	if isClosed(s.closing.local) {
		return errLocalClose
	}
	return err
}

func (s *Socket) lockReader(ctx context.Context) error {
	return lockContext(ctx, s.reader.lock, s.closing.local)
}

func (s *Socket) unlockReader() { <-s.reader.lock }
