package mux_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
)

// rawSession returns a session and the other end of its connection, at which a
// test is the peer by hand. The peer has room for a megabyte, so that it does
// not have to read at the same time.
func rawSession(tb testing.TB, client bool, cfg *mux.Config) (s *mux.Session, peer net.Conn) {
	tb.Helper()
	ours, peer := testnet.Pipe(1 << 20)
	return rawSessionOver(tb, ours, client, cfg), peer
}

func rawSessionOver(tb testing.TB, conn net.Conn, client bool, cfg *mux.Config) *mux.Session {
	tb.Helper()
	start := mux.Server
	if client {
		start = mux.Client
	}
	s, err := start(conn, cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return s
}

// firstOf is the number of the first stream that the peer of a session opens.
func firstOf(client bool) uint32 {
	if client {
		return 2
	}
	return 1
}

func control(flags uint16, stream, length uint32) []byte {
	return wireFrame{kind: wireWindow, flags: flags, stream: stream, length: length}.bytes()
}

func data(flags uint16, stream uint32, body string) []byte {
	head := wireFrame{kind: wireData, flags: flags, stream: stream, length: uint32(len(body))}
	return append(head.bytes(), body...)
}

// send writes frames, in one go.
func send(tb testing.TB, peer net.Conn, frames ...[]byte) {
	tb.Helper()
	var b []byte
	for _, f := range frames {
		b = append(b, f...)
	}
	if _, err := peer.Write(b); err != nil {
		tb.Fatal(err)
	}
}

// silence is a logger that has nothing to log.
func silence(tb testing.TB) *slog.Logger { return slog.New(slog.NewTextHandler(complaint{tb}, nil)) }

type complaint struct{ tb testing.TB }

func (c complaint) Write(p []byte) (int, error) {
	c.tb.Errorf("logged: %s", p)
	return len(p), nil
}

// lostTo says how err is not that of a session that was lost to cause; nil is
// any.
func lostTo(err, cause error) error {
	var lost *mux.SessionError
	switch {
	case !errors.As(err, &lost):
		return fmt.Errorf("%T %v, want a *SessionError", err, err)
	case lost.Cause == nil || lost.Remote == nil:
		return fmt.Errorf("%+v, which says too little", *lost)
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), errors.Is(err, mux.ErrReset):
		return fmt.Errorf("%v passes for something else", err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%v passes for a deadline", err)
	case cause != nil && !errors.Is(err, cause):
		return fmt.Errorf("%v, want the cause %v", err, cause)
	}
	return nil
}

// brokenProtocol says how err is not that of a session whose peer broke the
// protocol.
func brokenProtocol(err error) error {
	if !errors.As(err, new(*mux.ProtocolError)) {
		return fmt.Errorf("%v, want a *ProtocolError", err)
	}
	return lostTo(err, nil)
}

// timedOut says how err is not what a net.Conn returns at a deadline.
func timedOut(err error) error {
	ne, ok := err.(net.Error)
	if !ok || !ne.Timeout() || !errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("%T %v, want a timeout", err, err)
	}
	return nil
}

// nothingLeft waits until the books of a session are empty.
func nothingLeft(tb testing.TB, s *mux.Session) {
	tb.Helper()
	testnet.InTime(tb, "the end of all streams", func() {
		testnet.Poll(tb, fmt.Sprintf("the end of all streams (now: %+v)", s.Stats()), func() bool {
			st := s.Stats()
			return st.Streams == 0 && st.Buffered == 0 && st.Grown == 0
		})
	})
}

// readFull reads what is to come and compares it.
func readFull(tb testing.TB, st net.Conn, want string) {
	tb.Helper()
	got := make([]byte, len(want))
	st.SetReadDeadline(time.Now().Add(testnet.Patience))
	if n, err := io.ReadFull(st, got); err != nil || string(got) != want {
		tb.Fatalf("read %d bytes of %d, as expected: %t, %v", n, len(want), string(got[:n]) == want[:n], err)
	}
	st.SetReadDeadline(time.Time{})
}
