package wsconn_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// lane is one direction of the stream.
type lane struct {
	seed     uint64
	accepted int64 // by Write
	ended    bool  // by the sender, with code 1000
	received int64
	clean    bool // the receiver saw io.EOF
}

// end is one end of a script.
type end struct {
	out, in   *lane
	transport net.Conn
	role      frames.Role
	open      func() (*wsconn.Conn, error)
	opened    chan struct{}
	c         *wsconn.Conn // nil for an end that speaks frames itself
	after     func()       // called in the end
	err       error        // what the script's part came to

	mu       sync.Mutex
	failures []error // of what has to hold
}

func newEnd(transport net.Conn, role frames.Role, out, in *lane) *end {
	return &end{out: out, in: in, transport: transport, role: role, opened: make(chan struct{}), after: func() {}}
}

// conn returns the connection once it is there.
func (e *end) conn() *wsconn.Conn {
	select {
	case <-e.opened:
		return e.c
	default:
		return nil
	}
}

func (e *end) fail(format string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.failures) < 3 {
		e.failures = append(e.failures, fmt.Errorf(format, args...))
	}
}

// play runs one part of a script up to the end of the connection.
func (e *end) play(part func(*end) error) {
	defer e.after()
	c, err := e.open()
	e.c = c
	close(e.opened)
	if err != nil {
		e.err = err
		return
	}
	e.err = part(e)
	if e.c == nil {
		e.transport.Close()
		return
	}
	// A careless application: Close, whatever has happened.
	e.close()
	start := time.Now()
	e.c.WaitClosed(context.Background())
	if took := time.Since(start); took > closeTimeout {
		e.fail("closed only %v after Close", took)
	}
	e.afterClose()
}

const closeTimeout = 2 * time.Second

// close ends both directions.
func (e *end) close() {
	e.out.ended = true
	if err := e.c.Close(); err != nil {
		e.fail("Close: %v", err)
	}
}

// afterClose checks that every call returns, and with which error.
func (e *end) afterClose() {
	_, readErr := e.c.Read(make([]byte, 1))
	_, writeErr := e.c.Write(make([]byte, 1))
	for _, err := range []error{readErr, writeErr, e.c.SetDeadline(time.Time{})} {
		if !errors.Is(err, net.ErrClosed) {
			e.fail("after Close: %v, want net.ErrClosed", err)
		}
	}
	if err := e.c.Close(); err != nil {
		e.fail("Close again: %v", err)
	}
}

// closeWrite ends this end's direction.
func (e *end) closeWrite() error {
	e.out.ended = true
	return e.c.CloseWrite()
}

// send writes the next n bytes of the stream, size at a time, and goes on after
// a deadline, but not for ever.
func (e *end) send(n, size int) error {
	timeouts := 0
	for n > 0 {
		p := make([]byte, min(n, size))
		testnet.Fill(p, e.out.seed, e.out.accepted)
		e.c.SetWriteDeadline(time.Now().Add(time.Second))
		m, err := e.c.Write(p)
		e.out.accepted += int64(m)
		n -= m
		if err == nil && m < len(p) {
			e.fail("Write: %d of %d and no error", m, len(p))
		}
		if err := e.goOn(err, &timeouts); err != nil {
			return err
		}
	}
	return nil
}

// goOn returns nil if err is none or a timeout, of which there may be some.
func (e *end) goOn(err error, timeouts *int) error {
	if err == nil {
		return nil
	}
	timeout, wrong := isTimeout(err)
	if wrong != nil {
		e.fail("%v", wrong)
	}
	if *timeouts++; timeout && *timeouts < 3 {
		return nil
	}
	return err
}

// receive reads exactly n bytes.
func (e *end) receive(n int) error {
	p, timeouts := make([]byte, 100<<10), 0
	for n > 0 {
		m, err := e.read(p[:min(n, len(p))])
		n -= m
		if err == io.EOF {
			return io.ErrUnexpectedEOF
		}
		if err := e.goOn(err, &timeouts); err != nil {
			return err
		}
	}
	return nil
}

// receiveEnd wants a clean end now.
func (e *end) receiveEnd() error {
	p, timeouts := make([]byte, 1), 0
	for {
		n, err := e.read(p)
		switch {
		case n > 0:
			return errors.New("bytes that nobody sent")
		case err == io.EOF:
			return nil
		}
		if err := e.goOn(err, &timeouts); err != nil {
			return err
		}
	}
}

// read reads once and checks every byte.
func (e *end) read(p []byte) (int, error) {
	e.c.SetReadDeadline(time.Now().Add(time.Second))
	n, err := e.c.Read(p)
	if wrong := testnet.Check(p[:n], e.in.seed, e.in.received); wrong != nil {
		e.fail("%v", wrong)
	}
	e.in.received += int64(n)
	if err == io.EOF {
		e.in.clean = true
	}
	if timeout, _ := isTimeout(err); err != nil && !timeout {
		if err := sticky(e.c, err); err != nil && !errors.Is(err, net.ErrClosed) && e.conn() != nil {
			e.fail("%v", err)
		}
	}
	return n, err
}

// check is what has to hold in the end.
func (e *end) check() error {
	in := e.in
	if in.clean && (!in.ended || in.received != in.accepted) {
		e.fail("a clean end after %d bytes, %d were accepted (ended by the sender: %t)", in.received, in.accepted, in.ended)
	}
	if e.err == nil && in.received != in.accepted {
		e.fail("no error, but received %d of %d", in.received, in.accepted)
	}
	return errors.Join(e.failures...)
}

// withoutHandshake sets the ends up as if one had been done.
func withoutHandshake(r *run) (stop func()) { return setUp(r, wsconn.PairOptions{}) }

func withoutHalfClose(r *run) (stop func()) { return setUp(r, wsconn.PairOptions{NoHalfClose: true}) }

func setUp(r *run, o wsconn.PairOptions) (stop func()) {
	o.CloseTimeout = closeTimeout
	for _, e := range r.ends {
		e.open = func() (*wsconn.Conn, error) { return wsconn.NewTestConn(e.transport, e.role, o), nil }
	}
	return func() {}
}

// withRaw is withoutHandshake, but part 1 speaks frames itself.
func withRaw(r *run) (stop func()) {
	stop = withoutHandshake(r)
	r.ends[1].open = func() (*wsconn.Conn, error) { return nil, nil }
	return stop
}

// withHandshake has the ends find each other over HTTP.
func withHandshake(r *run) (stop func()) {
	l := wsconn.NewListener(&wsconn.AcceptOptions{CloseTimeout: closeTimeout})
	pipes := &oneConn{conns: make(chan net.Conn, 1), closed: make(chan struct{})}
	server := &http.Server{Handler: l, ErrorLog: log.New(io.Discard, "", 0)}
	go server.Serve(pipes)
	for _, e := range r.ends {
		if e.role == frames.Server {
			pipes.conns <- e.transport
			e.open = func() (*wsconn.Conn, error) {
				c, err := l.Accept()
				if err != nil {
					return nil, err
				}
				return c.(*wsconn.Conn), nil
			}
			continue
		}
		e.after = func() { l.Close() } // nobody else will come
		e.open = func() (*wsconn.Conn, error) {
			return wsconn.Dial(context.Background(), "ws://example.com", &wsconn.DialOptions{
				CloseTimeout: closeTimeout,
				DialContext:  func(context.Context, string, string) (net.Conn, error) { return e.transport, nil },
			})
		}
	}
	return func() { server.Close() }
}

// oneConn is a listener that accepts what is sent on conns.
type oneConn struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *oneConn) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// rawFragments sends all in one message.
func rawFragments(e *end) error { return rawSend(e, 5_000, true) }

// rawMessages sends a message for every few bytes.
func rawMessages(e *end) error { return rawSend(e, 1_000, false) }

// rawSend sends frames of size bytes, and many pings between them. The last
// one has to be answered, before the Close that answers ours.
func rawSend(e *end, size int, fragments bool) error {
	e.out.accepted = bulk
	answered := make(chan error, 1)
	var pings atomic.Int64
	go func() { answered <- rawAnswers(e, &pings, nil) }()
	w := wire{role: e.role}
	for sent := 0; sent < bulk; {
		p := make([]byte, min(size, bulk-sent))
		testnet.Fill(p, e.out.seed, int64(sent))
		op := frames.Binary
		if fragments && sent > 0 {
			op = frames.Continuation
		}
		sent += len(p)
		w.frame(op, !fragments || sent == bulk, string(p))
		if sent%(4*size) == 0 {
			w.frame(frames.Ping, true, fmt.Sprint(pings.Add(1)))
		}
		if len(w.b) > 30_000 || sent == bulk {
			if _, err := e.transport.Write(w.b); err != nil {
				return err
			}
			w.b = w.b[:0]
		}
	}
	w.closeFrame(frames.CloseNormalClosure, "")
	e.out.ended = true
	if _, err := e.transport.Write(w.b); err != nil {
		return err
	}
	return <-answered
}

// rawPinger receives all, and sends a ping every few frames.
func rawPinger(e *end) error {
	var pings atomic.Int64
	w := wire{role: e.role}
	e.out.ended = true
	return rawAnswers(e, &pings, func(p []byte) error {
		if wrong := testnet.Check(p, e.in.seed, e.in.received); wrong != nil {
			e.fail("%v", wrong)
		}
		e.in.received += int64(len(p))
		w.b = w.b[:0]
		if e.in.received%5 == 0 {
			w.frame(frames.Ping, true, fmt.Sprint(pings.Add(1)))
		}
		if e.in.received == bulk {
			w.closeFrame(frames.CloseNormalClosure, "")
		}
		_, err := e.transport.Write(w.b)
		return err
	})
}

// rawAnswers reads frames up to a Close, before which the last ping has to be
// answered.
func rawAnswers(e *end, pings *atomic.Int64, data func(p []byte) error) error {
	last := ""
	for {
		f, err := readFrame(e.transport)
		switch {
		case err != nil:
			return err
		case f.Opcode == frames.Pong:
			last = string(f.payload)
		case f.Opcode == frames.Close:
			if want := fmt.Sprint(pings.Load()); last != want {
				return fmt.Errorf("the last pong is %q, want %q", last, want)
			}
			return nil
		case data == nil:
			return fmt.Errorf("a frame %v, want a Pong", f.Opcode)
		default:
			if err := data(f.payload); err != nil {
				return err
			}
		}
	}
}
