package wsconn

import (
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/wsstream/wsstream/frames"
)

// upgraded is what a finished handshake leaves behind: all that a Socket
// starts from.
type upgraded struct {
	conn        net.Conn    // the transport
	buffered    []byte      // what arrived behind the handshake
	role        frames.Role // of this end
	stream      streamTerms // what the extension wsstream agreed on
	compression compression
	outcome
	settings
}

// Socket is a WebSocket that speaks in messages. Its methods may be called by
// several goroutines at the same time; reads and writes take turns among
// themselves.
//
// Control frames are answered also while nobody reads, as [KeepAlive] says.
type Socket struct {
	t       transport
	machine frames.Machine
	reader  reader
	writer  writer

	outcome      outcome
	stream       streamTerms
	closeTimeout time.Duration

	onPing, onPong func(*Socket, []byte)

	count counters
	pings probes
	watch watch
	dead  atomic.Pointer[KeepAliveError] // why the peer was given up

	taken      atomic.Bool                // by a Conn
	text       atomic.Pointer[textStream] // of that; nil for a stream of bytes
	message    []byte                     // begun by a ReadMessage that was cancelled; under the reader's lock
	open       *messageReader             // of NextReader, not yet replaced; under the reader's lock
	writing    chan struct{}              // holds a token while a message is written, whose context rules the write deadline
	compressor *compressor                // of the holder of that; nil where compression was not agreed
	closing    closing
}

// newSocket starts a socket on a connection whose handshake is done.
func newSocket(u upgraded) *Socket {
	s := &Socket{
		outcome:      u.outcome,
		stream:       u.stream,
		closeTimeout: u.closeTimeout,
		onPing:       u.onPing,
		onPong:       u.onPong,
		writing:      make(chan struct{}, 1),
	}
	s.closing.init()
	var err error
	s.t, err = newTransport(u.conn, u.userTimeout)
	s.machine = frames.NewMachine(frames.Rules{
		Role:         u.role,
		MaxMessage:   u.maxMessage,
		MaxFragments: u.maxFragments,
		HalfClose:    u.stream.halfClose,
		RSV:          u.compression.rsv(),
	})
	s.writer.t, s.writer.machine, s.writer.closed = &s.t, &s.machine, s.closing.local
	s.writer.lock, s.writer.unmasked = make(chan struct{}, 1), u.role == frames.Server
	s.writer.pinging, s.writer.pinged, s.writer.count = s.pings.sent, s.watch.pinged, &s.count
	s.reader.t, s.reader.machine, s.reader.count = &s.t, &s.machine, &s.count
	s.reader.in.conn, s.reader.in.wakes, s.reader.in.refused = s.t.Conn, s.t.wakesRead(), s.t.noReadDeadline
	s.reader.inflation = newInflation(u.compression, u.role, u.maxMessage)
	s.compressor = newCompressor(u.compression, u.role)
	s.reader.control, s.reader.failed, s.reader.ended = s.control, s.readFailed, s.peerEnded
	s.reader.lock = make(chan struct{}, 1)
	s.reader.poll.init(&s.reader)
	s.reader.prefill(u.buffered)
	s.watch.s, s.watch.jitter = s, u.jitter
	if err != nil {
		s.writer.fail(err)
		s.reader.fail(err)
		return s
	}
	s.watch.start(u.keepAlive, u.stream.peerTimeout)
	return s
}

// LocalAddr returns the transport's local address.
func (s *Socket) LocalAddr() net.Addr { return s.t.LocalAddr() }

// RemoteAddr returns the transport's remote address.
func (s *Socket) RemoteAddr() net.Addr { return s.t.RemoteAddr() }

// readError returns why reading has ended, if this end knows better than its
// transport: it has closed, or has given the peer up.
func (s *Socket) readError(err error) error {
	if isClosed(s.closing.local) {
		return errLocalClose
	}
	if dead := s.dead.Load(); dead != nil && err != io.EOF {
		return dead
	}
	return err
}

// lockReader takes the reader for the application, from the read-ahead too. wait
// waits for the lock.
func (s *Socket) lockReader(wait func() error) error {
	select {
	case s.reader.lock <- struct{}{}:
	default:
		s.reader.in.want(1)
		err := wait()
		s.reader.in.want(-1)
		if err != nil {
			return err
		}
	}
	if isClosed(s.closing.local) {
		<-s.reader.lock
		return errLocalClose
	}
	s.reader.purpose = forApplication
	return nil
}

// waitReader waits for the reader's lock until the read deadline.
func (s *Socket) waitReader() error {
	if s.reader.in.deadline.Wait(s.reader.lock, nil, s.closing.local) {
		return nil
	}
	if isClosed(s.closing.local) {
		return errLocalClose
	}
	return os.ErrDeadlineExceeded
}

// unlockReader gives the reader back, to nobody at first.
func (s *Socket) unlockReader() {
	<-s.reader.lock
	s.watch.wakeUp()
}
