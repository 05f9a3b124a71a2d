package wsconn

import (
	"io"
	"net"
	"os"
	"sync/atomic"
	"unique"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/wait"
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

	common   unique.Handle[common]
	answered *answered      // nil for a server
	asked    *serverOutcome // as upgraded.asked has it
	hooks    *hooks         // nil where there are none

	count counters
	pings probes
	watch watch
	dead  atomic.Pointer[KeepAliveError] // why the peer was given up

	conn       atomic.Pointer[Conn] // that has taken it; nil for a socket of messages
	begun      *[]byte              // the message of a ReadMessage that was cancelled; under the reader's lock
	open       *messageReader       // of NextReader, not yet replaced; under the reader's lock
	writing    wait.Lock            // of whoever writes a message, whose context rules the write deadline
	compressor *compressor          // of the holder of that; nil where compression was not agreed
	closing    closing
}

// newSocket starts a socket on a connection whose handshake is done.
func newSocket(u upgraded) *Socket {
	s := &Socket{common: u.common(), answered: u.answered(), asked: u.asked(), hooks: u.hooks()}
	var err error
	s.t, err = newTransport(u.conn, u.userTimeout)
	s.machine = frames.NewMachine(frames.Rules{
		Role:         u.role,
		MaxMessage:   u.maxMessage,
		MaxFragments: u.maxFragments,
		HalfClose:    u.stream.halfClose,
		RSV:          u.compression.rsv(),
	})
	s.writer.s, s.watch.s = s, s
	s.reader.s, s.reader.in.t = s, &s.t
	s.reader.in.fetching = newFetching(&s.t)
	s.reader.inflation = newInflation(u.compression, u.role, u.maxMessage)
	s.compressor = newCompressor(u.compression, u.role)
	s.reader.poll.init(&s.reader)
	s.reader.prefill(u.buffered)
	if err != nil {
		s.writer.fail(err)
		s.reader.fail(err)
		return s
	}
	s.watch.start()
	return s
}

// LocalAddr returns the transport's local address.
func (s *Socket) LocalAddr() net.Addr { return s.t.LocalAddr() }

// RemoteAddr returns the transport's remote address.
func (s *Socket) RemoteAddr() net.Addr { return s.t.RemoteAddr() }

// readError returns why reading has ended, if this end knows better than its
// transport: it has closed, or has given the peer up.
func (s *Socket) readError(err error) error {
	if s.closing.local.Given() {
		return errLocalClose
	}
	if dead := s.dead.Load(); dead != nil && err != io.EOF {
		return dead
	}
	return err
}

// lockReader takes the reader for the application, from the read-ahead too. waiting
// waits for the lock.
func (s *Socket) lockReader(waiting func() error) error {
	if !s.reader.lock.TryLock() {
		s.reader.in.want(1)
		err := waiting()
		s.reader.in.want(-1)
		if err != nil {
			return err
		}
	}
	if s.closing.local.Given() {
		s.reader.lock.Unlock()
		return errLocalClose
	}
	s.reader.purpose = forApplication
	return nil
}

// waitReader waits for the reader's lock until the read deadline.
func (s *Socket) waitReader() error {
	if s.reader.in.deadline.Lock(&s.reader.lock, &s.closing.local) {
		return nil
	}
	if s.closing.local.Given() {
		return errLocalClose
	}
	return os.ErrDeadlineExceeded
}

// unlockReader gives the reader back, to nobody at first.
func (s *Socket) unlockReader() {
	s.reader.lock.Unlock()
	s.watch.wakeUp()
}
