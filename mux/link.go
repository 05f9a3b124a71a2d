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
//   - What comes is handed to yamux only as far as it is here, in frames of its
//     own, so that yamux never waits inside one; frames that would end a stream
//     too early, or belong to none, are not.
//   - Of what yamux sends, windows are the session's business, and the rest is
//     queued, so that yamux never waits for the connection either.
//
// Data is written past yamux ([Stream.Write]).
type link struct {
	s    *Session
	conn net.Conn

	// The part below belongs to yamux's receiving goroutine.
	buf     []byte // pooled; what has come and not been looked at is buf[r:w]
	r, w    int
	last    int    // how much the last read brought
	out     []byte // headers to hand to yamux
	body    int    // then so many bytes of buf[r:w], already counted
	frame   header // the frame of data that is being received
	left    int    // so many bytes of it are still to come
	discard bool   // they are for nobody
	err     error  // nothing comes any more

	mu     sync.Mutex
	kicked bool // a read deadline in the past is set, or about to be
}

// readSizes are those of the buffer that frames are read into. The small one is
// what an idle session holds.
var readSizes = [2]int{4 << 10, 128 << 10}

var readBuffers = [2]sync.Pool{
	{New: func() any { b := make([]byte, readSizes[0]); return &b }},
	{New: func() any { b := make([]byte, readSizes[1]); return &b }},
}

// Read is called by yamux's receiving goroutine alone.
func (l *link) Read(p []byte) (int, error) {
	for {
		switch {
		case len(l.out) > 0:
			n := copy(p, l.out)
			l.out = l.out[n:]
			return n, nil
		case l.body > 0:
			n := copy(p, l.buf[l.r:l.r+min(l.body, l.w-l.r)])
			l.r += n
			l.body -= n
			return n, nil
		}
		l.out = l.s.injected()
		if len(l.out) > 0 {
			continue
		}
		if err := l.s.Err(); err != nil {
			return 0, err
		}
		if l.err == nil {
			l.err = l.advance()
			continue // with what came before the error
		}
		l.s.settle()
		l.s.lose(l.err)
		return 0, l.err
	}
}

// advance takes the next piece of a frame, or reads more.
func (l *link) advance() error {
	switch {
	case l.left > 0 && l.r < l.w:
		return l.receiveData(min(l.left, l.w-l.r))
	case l.left == 0 && l.frame.flags&fin != 0:
		// The end of a stream that came with data is behind it.
		end := header{kind: kindWindow, flags: fin, stream: l.frame.stream}
		l.frame = header{}
		return l.receive(end)
	case l.left == 0 && l.w-l.r >= headerSize:
		h, err := parseHeader(l.buf[l.r:])
		if err != nil {
			return &ProtocolError{err.Error()}
		}
		l.r += headerSize
		return l.receive(h)
	}
	return l.fill()
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
	l.discard = h.length > 0 && err == nil && !l.s.wants(h.stream)
	return err
}

// receiveData takes n bytes, which are here, of the frame of data in progress.
func (l *link) receiveData(n int) error {
	l.left -= n
	if !l.discard {
		taken, err := l.s.receiveData(l.frame.stream, n)
		if err != nil {
			return err
		}
		l.discard = !taken // if it was closed or reset meanwhile
	}
	if l.discard {
		l.r += n
		return nil
	}
	l.out = header{kind: kindData, stream: l.frame.stream, length: uint32(n)}.append(l.out[:0])
	l.body = n
	return nil
}

// fill reads once from the connection.
func (l *link) fill() error {
	l.room()
	n, err := l.conn.Read(l.buf[l.w:])
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
	return sessionCause(err)
}

// room makes room in the buffer, which is a large one while reads bring much.
func (l *link) room() {
	size := 0
	if l.last > readSizes[0]/2 {
		size = 1
	}
	old := l.buf
	if len(old) < readSizes[size] || len(old) > readSizes[size] && l.w-l.r < readSizes[size] {
		l.buf = *readBuffers[size].Get().(*[]byte)
		defer l.release(old)
	} else if l.w < len(old) && l.r < l.w {
		return
	}
	l.w = copy(l.buf, old[l.r:l.w])
	l.r = 0
}

func (l *link) release(b []byte) {
	for i, size := range readSizes {
		if len(b) == size {
			readBuffers[i].Put(&b)
		}
	}
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
