package testnet_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

func TestTransfer(t *testing.T) {
	addr := testnet.Serve(t, "tcp", "127.0.0.1:0", testnet.Echo)
	if err := testnet.Transfer(testnet.DialTCP(t, addr), 1, 1<<20); err != nil {
		t.Error(err)
	}
	short := testnet.Serve(t, "tcp", "127.0.0.1:0", func(c testnet.HalfConn) {
		io.CopyN(c, c, 100)
		io.Copy(io.Discard, c)
	})
	if err := testnet.Transfer(testnet.DialTCP(t, short), 1, 1000); err == nil {
		t.Error("a short answer passes")
	}
}

func TestWantFailure(t *testing.T) {
	for name, tt := range map[string]struct {
		read error
		bad  bool
	}{
		"end":   {io.EOF, true},
		"reset": {errors.New("reset"), false},
		"wait":  {&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, true},
	} {
		spy := &tbSpy{TB: t}
		testnet.WantFailure(spy, name, failingReader{tt.read})
		if bad := spy.failure != ""; bad != tt.bad {
			t.Errorf("%s: %q", name, spy.failure)
		}
	}
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

func TestWantReset(t *testing.T) {
	for name, tt := range map[string]struct {
		serve func(testnet.HalfConn)
		bad   bool
	}{
		"a reset": {func(c testnet.HalfConn) { testnet.Abort(c) }, false},
		"an end":  {func(testnet.HalfConn) {}, true},
		"bytes":   {func(c testnet.HalfConn) { io.WriteString(c, "x"); c.CloseWrite(); io.Copy(io.Discard, c) }, true},
	} {
		spy := &tbSpy{TB: t}
		testnet.WantReset(spy, name, testnet.Serve(t, "tcp", "127.0.0.1:0", tt.serve))
		if bad := spy.failure != ""; bad != tt.bad {
			t.Errorf("%s: %q", name, spy.failure)
		}
	}
}
