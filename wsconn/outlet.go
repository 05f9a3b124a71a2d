package wsconn

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/wsstream/wsstream/internal/wait"
)

// patience says how long a Write of an outlet waits for the transport.
type patience byte

const (
	itsOwn        patience = iota // the handshake goes on: calls pass through
	untilDeadline                 // the user's write deadline
	never                         // what does not go at once is kept
)

// outlet is the last station of outgoing bytes above the transport, and the
// only place that sets write deadlines on it. A Write that a deadline cuts
// does not fail: the outlet keeps the rest, reports success, and whoever wrote
// sees from pending that the rest is to be sent by drain. That is what lets a
// frame survive its writer's deadline, and, with the outlet between crypto/tls
// and the transport, what lets TLS survive it: a record cut by a timeout would
// ruin the session.
//
// Writers are serialized by the writer's lock above it. Only crypto/tls may
// write besides (answers to key updates); such bytes queue behind the rest.
type outlet struct {
	net.Conn
	raw syscall.RawConn // for a try that never waits; nil where there is none

	deadline wait.Deadline // the user's
	stamps   *stamps       // nil for a transport that tells its pulse by itself
	behind   atomic.Bool   // behindRest, for whoever asks often and has not the mutex
	// handoff is set for a transport that a write deadline would ruin: it is
	// written by a goroutine without a deadline, and only the wait for that
	// goroutine ends with the user's.
	handoff bool

	mode    patience // of the Write in progress; under mu, as all that follows
	waiting bool     // a Write is inside the transport until the deadline
	wide    bool     // widen has been called
	mu      sync.Mutex
	inside  int           // bytes of the Write there, or of the drain, if stamps are kept
	applied instant       // the deadline that is set on the transport
	taken   int           // bytes of the last Write that the transport took at once
	rest    []byte        // accepted, not yet sent
	drainer chan struct{} // closed when the drain in progress ends; nil without one
	cork    *cork         // nil while there is none
	err     error         // the first one; what came after it would land inside a frame
}

// newOutlet returns the outlet over conn, still passing everything through.
func newOutlet(conn net.Conn) *outlet {
	o := &outlet{Conn: conn, handoff: !survivesDeadline(conn)}
	// Not of any syscall.Conn: a wrapper that embeds a TCPConn has the method,
	// too, and may do something with the bytes.
	switch c := conn.(type) {
	case *net.TCPConn:
		o.raw, _ = c.SyscallConn()
	case *net.UnixConn:
		o.raw, _ = c.SyscallConn()
	}
	return o
}

// belowTLS wraps the connection that a TLS client or server will stand on, so
// that a write deadline does not ruin the TLS session.
func belowTLS(conn net.Conn) net.Conn { return newOutlet(conn) }

// survivesDeadline reports whether a transport goes on after a write deadline
// cut a Write. The net package's do. Transports of other packages say so by a
// method; without it they get the handoff, which is right for all of them.
func survivesDeadline(conn net.Conn) bool {
	switch c := conn.(type) {
	case *net.TCPConn, *net.UnixConn, *Conn:
		return true
	case interface{ WriteSurvivesDeadline() bool }:
		return c.WriteSurvivesDeadline()
	}
	return false
}

// activate ends the handshake: from here on the outlet owns the deadline.
func (o *outlet) activate() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mode = untilDeadline
	if o.handoff {
		return nil
	}
	return o.Conn.SetWriteDeadline(time.Time{})
}

// SetDeadline, and SetWriteDeadline below, pass through only during the
// handshake: crypto/tls and net/http set deadlines then. Later ones, such as
// those of tls.Conn.CloseWrite, would cut what the outlet still has to send.
func (o *outlet) SetDeadline(t time.Time) error {
	return errors.Join(o.Conn.SetReadDeadline(t), o.SetWriteDeadline(t))
}

func (o *outlet) SetWriteDeadline(t time.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.mode != itsOwn {
		return nil
	}
	return o.Conn.SetWriteDeadline(t)
}

// moveDeadline sets the user's write deadline, also for a Write in progress.
func (o *outlet) moveDeadline(t time.Time) error {
	o.deadline.Set(t)
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.waiting {
		return nil
	}
	return o.apply(o.deadline.Get())
}

// apply brings the transport's write deadline to t.
func (o *outlet) apply(t time.Time) error {
	if !o.applied.set(t) {
		return nil
	}
	return o.Conn.SetWriteDeadline(t)
}

// setPatience says how long the Writes that follow wait.
func (o *outlet) setPatience(p patience) {
	o.mu.Lock()
	o.mode = p
	o.mu.Unlock()
}

// Read passes through.
func (o *outlet) Read(p []byte) (int, error) {
	n, err := o.Conn.Read(p)
	o.stamps.read(n)
	return n, err
}

// Write sends p for as long as the patience set lasts, and keeps the rest.
func (o *outlet) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.taken = 0
	switch {
	case o.mode == itsOwn:
		o.mu.Unlock()
		defer o.mu.Lock()
		return o.Conn.Write(p)
	case o.cork != nil:
		return o.hold(p)
	}
	return o.pass(p)
}

// behindRest reports whether bytes are kept that have to go first.
func (o *outlet) behindRest() bool { return len(o.rest) > 0 || o.drainer != nil }

// The methods from here to settleLocked are called with the mutex held, and
// release it only while they wait for the transport.

// pass is Write of what no cork holds back.
func (o *outlet) pass(p []byte) (int, error) {
	switch {
	case o.err != nil:
		return 0, o.err
	case o.behindRest(), o.mode == never && o.raw == nil:
		o.keep(p)
		return len(p), nil
	case o.handoff:
		o.keep(p)
		return len(p), o.settleLocked()
	case o.mode == never:
		return o.try(p)
	}
	return o.writeDirect(p)
}

// keep adds to what is kept.
func (o *outlet) keep(p []byte) {
	o.rest = append(o.rest, p...)
	o.behind.Store(o.behindRest())
}

// try writes what the transport takes without waiting.
func (o *outlet) try(p []byte) (int, error) {
	o.mu.Unlock()
	n, err := tryWrite(o.raw, p)
	o.stamps.wrote(n)
	o.mu.Lock()
	return o.written(p, n, err)
}

// writeDirect writes in the caller's goroutine, until the deadline.
func (o *outlet) writeDirect(p []byte) (int, error) {
	if err := o.apply(o.deadline.Get()); err != nil {
		return 0, err
	}
	o.waiting = true
	n, err := o.push(p)
	o.waiting = false
	return o.written(p, n, err)
}

// pieceSize is how much is written at once where nothing but that tells whether
// the other end takes some of it: what takes longer than a timeout looks
// broken.
const pieceSize = 16 << 10

// push writes p, for as long as the transport's deadline lets it: what goes at
// once as callSize has it, where there is such a thing, and in pieces what does
// not.
func (o *outlet) push(p []byte) (n int, err error) {
	size := o.callSize(len(p))
	if o.stamps != nil {
		size = pieceSize
		if n, err = o.tryFirst(p); err != nil {
			return n, err
		}
	}
	for n < len(p) && err == nil {
		piece := p[n:min(n+size, len(p))]
		if o.stamps != nil {
			o.inside = len(p) - n
		}
		o.mu.Unlock()
		var m int
		m, err = o.Conn.Write(piece)
		o.stamps.wrote(m)
		o.mu.Lock()
		if n += m; m < len(piece) && err == nil {
			err = io.ErrShortWrite
		}
	}
	o.inside = 0
	return n, err
}

// tryFirst writes what goes without waiting. That it was not all is no error.
func (o *outlet) tryFirst(p []byte) (n int, err error) {
	if o.raw == nil {
		return 0, nil
	}
	o.mu.Unlock()
	defer o.mu.Lock()
	n, err = tryWrite(o.raw, p)
	o.stamps.wrote(n)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil
	}
	return n, err
}

// written says how a write of p ended after n bytes.
func (o *outlet) written(p []byte, n int, err error) (int, error) {
	o.taken = n
	if errors.Is(err, os.ErrDeadlineExceeded) {
		o.keep(p[n:])
		return len(p), nil
	}
	o.err = err
	return n, err
}

// settleLocked is settle.
func (o *outlet) settleLocked() error {
	o.mu.Unlock()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		o.drain()
	}()
	ok := o.deadline.Wait(sent, nil)
	o.mu.Lock()
	if !ok {
		return nil
	}
	return o.err
}

// settle has what is kept sent by a goroutine and waits for it, at most until
// the deadline: whether that came first is seen from pending.
func (o *outlet) settle() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.settleLocked()
}

// pending reports whether bytes are kept that the transport has not taken.
func (o *outlet) pending() bool { return o.behind.Load() }

// backlog returns how many bytes the transport has not taken, and whether a
// Write waits for it to take some. Those that it is at count if stamps are
// kept; a transport that tells its pulse by itself counts some of them.
func (o *outlet) backlog() (kept int, blocked bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.rest) + o.inside, o.waiting || o.behindRest()
}

// took returns how many bytes of the last Write the transport took at once.
func (o *outlet) took() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.taken
}

// drop takes the last n bytes off what is kept: frames of which nothing was
// sent, and which the writer reports as not written.
func (o *outlet) drop(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rest = o.rest[:len(o.rest)-n]
	o.behind.Store(o.behindRest())
}

// drain sends what is kept, without a deadline, and returns when nothing is.
// Called while another drain goes on, it waits for that one.
func (o *outlet) drain() error {
	o.mu.Lock()
	if ended := o.drainer; ended != nil {
		o.mu.Unlock()
		<-ended
		o.mu.Lock()
		defer o.mu.Unlock()
		return o.err
	}
	o.drainer = make(chan struct{})
	o.behind.Store(true)
	for len(o.rest) > 0 && o.err == nil {
		rest := o.rest
		o.rest = nil
		o.err = o.drainOnce(rest)
	}
	if o.err != nil {
		o.rest = nil
	}
	close(o.drainer)
	o.drainer = nil
	o.behind.Store(false)
	defer o.mu.Unlock()
	return o.err
}

// drainOnce sends rest. It is called with the mutex held, and releases it
// while it writes.
func (o *outlet) drainOnce(rest []byte) error {
	if !o.handoff {
		if err := o.apply(time.Time{}); err != nil {
			return err
		}
	}
	_, err := o.push(rest)
	return err
}
