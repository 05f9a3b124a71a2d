package wsconn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/wsconn"
)

// The defaults of the keepalive, and what follows for how often a connection
// looks whether its application reads.
const (
	interval  = 15 * time.Second
	timeout   = 10 * time.Second
	attention = time.Second
)

// A stage is a bubble with one end under test, and as the other one a script
// that makes and reads its frames by hand. Times count from the beginning.
type stage struct {
	t      *testing.T
	role   frames.Role    // of the end under test
	socket *wsconn.Socket // under test
	peer   net.Conn       // the script's end of the transport
	start  time.Time

	mu   sync.Mutex
	seen []string // the control frames that left the end under test, and when
}

// eachStage runs a script against either role, on every transport that works
// in a bubble.
func eachStage(t *testing.T, o wsconn.PairOptions, script func(s *stage)) {
	t.Helper()
	for _, tr := range everyTransport[4:] {
		onStage(t, tr, o, script)
	}
}

// onStage runs a script against either role on one of them.
func onStage(t *testing.T, tr transports, o wsconn.PairOptions, script func(s *stage)) {
	t.Helper()
	for _, role := range []frames.Role{frames.Client, frames.Server} {
		inStage(t, tr, role, o, script)
	}
}

// inStage runs a script against one role on one of them.
func inStage(t *testing.T, tr transports, role frames.Role, o wsconn.PairOptions, script func(s *stage)) {
	t.Helper()
	t.Run(fmt.Sprintf("%s/role %d", tr.name, role), func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { script(newStage(t, tr, role, o)) })
	})
}

// newStage makes a stage of its own of a bubble, which may have several.
func newStage(t *testing.T, tr transports, role frames.Role, o wsconn.PairOptions) *stage {
	client, server := tr.make(t)
	conn, peer := inRoles(role, client, server)
	s := &stage{t: t, role: role, peer: peer, start: time.Now()}
	s.socket = wsconn.NewTestSocket(conn, role, o)
	t.Cleanup(func() {
		s.socket.Terminate()
		s.peer.Close()
	})
	return s
}

// stream makes the end under test a stream.
func (s *stage) stream() *wsconn.Conn { return wsconn.NewConn(s.socket, nil) }

func (s *stage) now() time.Duration { return time.Since(s.start) }

// until lets time pass, and all happen that happens until then.
func (s *stage) until(at time.Duration) {
	time.Sleep(at - s.now())
	synctest.Wait()
}

// listen has the script read frames from now on, and do something about each.
func (s *stage) listen(about func(f rawFrame)) {
	go func() {
		for {
			f, err := readFrame(s.peer)
			if err != nil {
				if err == io.EOF {
					err = errors.New("cut")
				}
				s.note("%v", err)
				return
			}
			if f.Opcode.IsControl() {
				s.note("%s", f)
			}
			about(f)
		}
	}()
}

func silent(rawFrame) {}

// answer is what a peer does that is well.
func (s *stage) answer(f rawFrame) {
	if f.Opcode == frames.Ping {
		s.send(frames.Pong, string(f.payload))
	}
}

// String says what a test wants to know of a frame. The payloads of pings are
// for the end under test to choose.
func (f rawFrame) String() string {
	switch f.Opcode {
	case frames.Ping:
		return "ping"
	case frames.Pong:
		return fmt.Sprintf("pong %q", f.payload)
	case frames.Close:
		return fmt.Sprintf("close %d", f.closeCode())
	}
	return f.Opcode.String()
}

func (s *stage) note(format string, args ...any) {
	at := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, fmt.Sprintf("%v %s", at, fmt.Sprintf(format, args...)))
}

// saw fails the test unless exactly these control frames have left the end under
// test so far, and the transport was cut if that is said.
func (s *stage) saw(want ...string) {
	s.t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.seen, want) {
		s.t.Errorf("at %v the peer has seen\n\t%s\nwant\n\t%s", s.now(),
			strings.Join(s.seen, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// pings are the entries of saw for pings at these times.
func pings(at ...time.Duration) (seen []string) {
	for _, t := range at {
		seen = append(seen, fmt.Sprintf("%v ping", t))
	}
	return seen
}

// frame is a frame as the script sends it.
func (s *stage) frame(op frames.Opcode, payload string) []byte {
	w := wire{role: other(s.role)}
	w.frame(op, true, payload)
	return w.b
}

func (s *stage) send(op frames.Opcode, payload string) { s.write(s.frame(op, payload)) }

// closes sends a Close frame; code 0 is one without a payload.
func (s *stage) closes(code frames.CloseCode) {
	w := wire{role: other(s.role)}
	w.closeFrame(code, "")
	s.write(w.b)
}

func (s *stage) write(b []byte) {
	if _, err := s.peer.Write(b); err != nil && !errors.Is(err, net.ErrClosed) {
		s.note("the script cannot write: %v", err)
	}
}

// An outcome is how a call ended, and when.
type outcome struct {
	n   int
	err error
	at  time.Duration
}

// begin makes a call that may take a while.
func (s *stage) begin(call func(p []byte) (int, error), p []byte) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		n, err := call(p)
		done <- outcome{n, err, s.now()}
	}()
	synctest.Wait()
	return done
}

// reads has an application read all the time.
func (s *stage) reads(c *wsconn.Conn) {
	go io.Copy(io.Discard, c)
	synctest.Wait()
}

// mustGiveUp fails the test unless the calls have ended at one time with the
// error of a peer that was given up.
func (s *stage) mustGiveUp(at time.Duration, calls ...<-chan outcome) {
	s.t.Helper()
	synctest.Wait()
	for i, call := range calls {
		select {
		case o := <-call:
			if wrong := isGivenUp(o.err); wrong != nil || o.at != at {
				s.t.Errorf("call %d ended at %v: %v, want %v", i, o.at, wrong, at)
			}
		default:
			s.t.Errorf("call %d has not ended at %v", i, s.now())
		}
	}
}

// mustWait fails the test if the calls have ended.
func (s *stage) mustWait(calls ...<-chan outcome) {
	s.t.Helper()
	synctest.Wait()
	for i, call := range calls {
		select {
		case o := <-call:
			s.t.Errorf("call %d ended at %v: %d, %v", i, o.at, o.n, o.err)
		default:
		}
	}
}

// isGivenUp says how err differs from what every call has to return for a peer
// that was given up.
func isGivenUp(err error) error {
	ne, ok := err.(net.Error)
	switch _, given := errors.AsType[*wsconn.KeepAliveError](err); {
	case !given:
		return fmt.Errorf("%v has no *KeepAliveError", err)
	case !ok || !ne.Timeout():
		return fmt.Errorf("%v is no net.Error of a timeout", err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%v claims to be something that may happen", err)
	}
	return nil
}

// text is a payload of n bytes that are not all the same.
func text(n int) string { return string(bytes.Repeat([]byte("0123456789abcdef"), n/16+1)[:n]) }
