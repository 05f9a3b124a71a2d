package mux

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// link is the connection as yamux sees it. It reads every frame on its way, in
// both directions:
//
//   - Of what comes, data is put into the inbox of its stream; what opens and
//     ends streams is handed to yamux.
//   - Of what yamux sends, windows are the session's business, and the rest is
//     queued, so that yamux never waits for the connection either.
//
// So data goes past yamux both ways ([Stream.Read], [Stream.Write]).
type link struct {
	s    *Session
	conn net.Conn

	// The part below belongs to yamux's receiving goroutine.
	chunk   *chunk // what has come and not been looked at is chunk.b[r:w]
	r, w    int
	last    int         // how much the last read brought
	out     []byte      // headers to hand to yamux
	frame   header      // the frame of data that is being received
	left    int         // so many bytes of it are still to come
	discard bool        // they are for nobody
	err     error       // nothing comes any more
	quiet   *time.Timer // kicks when a Read into a large chunk has brought nothing for a while

	mu     sync.Mutex
	kicked bool // a read deadline in the past is set, or about to be
}

// Read is called by yamux's receiving goroutine alone. It returns nothing but
// headers, and works as long as there is none.
func (l *link) Read(p []byte) (int, error) {
	for {
		err := l.parse()
		switch {
		case len(l.out) > 0:
			n := copy(p, l.out)
			l.out = l.out[n:]
			return n, nil
		case err != nil:
			return 0, err
		case l.err == nil:
			l.err = l.fill()
			continue
		}
		l.s.settle()
		l.s.lose(l.err)
		return 0, l.err
	}
}

// parse takes what is here, up to something that yamux is to know. Its error is
// that of a session which is over.
func (l *link) parse() error {
	if len(l.out) > 0 {
		return nil
	}
	s := l.s
	s.mu.Lock()
	defer s.mu.Unlock()
	for more := true; more && len(l.out) == 0; {
		if len(s.inject) > 0 {
			l.out, s.inject = s.inject, nil
			return nil
		}
		if err := s.over(); err != nil || l.err != nil {
			return err
		}
		more, l.err = l.advance()
	}
	return nil
}

// The methods from here to receiveData are called with the session's mutex held.

// advance takes the next piece of a frame. It returns false when there is none.
func (l *link) advance() (bool, error) {
	switch {
	case l.left > 0 && l.r < l.w:
		return true, l.receiveData(min(l.left, l.w-l.r))
	case l.left == 0 && l.frame.flags&fin != 0:
		// The end of a stream that came with data is behind it.
		end := header{kind: kindWindow, flags: fin, stream: l.frame.stream}
		l.frame = header{}
		return true, l.receive(end)
	case l.left == 0 && l.w-l.r >= headerSize:
		h, err := parseHeader(l.chunk.b[l.r:])
		if err != nil {
			return true, &ProtocolError{err.Error()}
		}
		l.r += headerSize
		return true, l.receive(h)
	}
	return false, nil
}

// receive takes a header. The flags of one of data count as those of a frame of
// their own.
func (l *link) receive(h header) (err error) {
	if h.kind != kindData {
		l.out, err = l.s.receiveControl(h)
		return err
	}
	l.frame, l.left = h, int(h.length)
	if before := h.flags &^ fin; before != 0 {
		l.out, err = l.s.receiveControl(header{kind: kindWindow, flags: before, stream: h.stream})
	}
	l.discard = h.length > 0 && err == nil && l.s.taker(h.stream) == nil
	return err
}

// receiveData takes n bytes, which are here, of the frame of data in progress.
func (l *link) receiveData(n int) error {
	b := l.chunk.b[l.r : l.r+n]
	l.r += n
	l.left -= n
	if l.discard {
		return nil
	}
	taken, err := l.s.receiveData(l.frame.stream, l.chunk, b)
	l.discard = !taken // if it was closed or reset meanwhile
	return err
}

// quietTime is how long a session waits with a large chunk for more.
const quietTime = time.Second

// fill reads once from the connection.
func (l *link) fill() error {
	l.room()
	if len(l.chunk.b) == chunkSizes[largeChunk] {
		l.watchQuiet()
	}
	n, err := l.conn.Read(l.chunk.b[l.w:])
	l.w += n
	l.last = n
	switch {
	case n > 0:
		l.s.heard(n)
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded) && l.calm():
		return nil
	case err == nil:
		return io.ErrNoProgress
	}
	if l.quiet != nil {
		l.quiet.Stop()
	}
	return sessionCause(err)
}

// watchQuiet lets a Read that brings nothing give its chunk back: it is kicked,
// and the next one gets a small one.
func (l *link) watchQuiet() {
	if l.quiet == nil {
		l.quiet = time.AfterFunc(quietTime, l.kick)
		return
	}
	l.quiet.Reset(quietTime)
}

// room makes room to read into, behind the beginning of a header that may be
// left: in a large chunk while reads bring much.
func (l *link) room() {
	size := smallChunk
	if l.last > chunkSizes[smallChunk]/2 {
		size = largeChunk
	}
	old := l.chunk
	switch {
	case old == nil:
		l.chunk = newChunk(size)
		return
	case len(old.b) == chunkSizes[size] && old.refs.Load() == 1:
		// Nobody else uses it.
	case len(old.b) == chunkSizes[size] && len(old.b)-l.w >= len(old.b)/4:
		return
	default:
		l.chunk = newChunk(size)
		defer old.release()
	}
	l.w = copy(l.chunk.b, old.b[l.r:l.w])
	l.r = 0
}

// kick makes a Read that waits for the connection look for what is injected. A
// connection that knows no read deadlines does so when something comes.
func (l *link) kick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.kicked {
		l.kicked = true
		l.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// calm takes a kick back. It returns false if there was none.
func (l *link) calm() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.kicked {
		return false
	}
	l.kicked = false
	l.conn.SetReadDeadline(time.Time{})
	return true
}

// Write is called by yamux's sending goroutine alone, with one header at a time.
func (l *link) Write(p []byte) (int, error) {
	if len(p) != headerSize {
		return 0, fmt.Errorf("mux: yamux wrote %d bytes, not a header", len(p))
	}
	h, err := parseHeader(p)
	if err != nil {
		return 0, err
	}
	return len(p), l.s.send(h)
}

// Close is yamux's. The session closes the connection by itself.
func (l *link) Close() error { return nil }

// LocalAddr and RemoteAddr are for yamux's log.
func (l *link) LocalAddr() net.Addr  { return l.conn.LocalAddr() }
func (l *link) RemoteAddr() net.Addr { return l.conn.RemoteAddr() }
