package testnet_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/nettest"

	"github.com/wsstream/wsstream/internal/testnet"
)

// faultPair returns a connection with a fault, over TCP, and its peer.
func faultPair(t *testing.T, f testnet.Fault) (*testnet.FaultConn, *net.TCPConn) {
	t.Helper()
	a, b := testnet.TCPPair(t)
	c := testnet.Wrap(a, f)
	t.Cleanup(func() { c.Close() })
	return c, b
}

func TestFaultlessIsNetConn(t *testing.T) {
	nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
		a, b := testnet.Pipe()
		c1, c2 = testnet.Wrap(a, testnet.Fault{Slice: 5}), testnet.Wrap(b, testnet.Fault{})
		return c1, c2, func() { c1.Close(); c2.Close() }, nil
	})
}

// Each error comes at the Nth operation of its kind and only there.
func TestFaultErrors(t *testing.T) {
	const n = 3
	for _, c := range []struct {
		name  string
		fault testnet.Fault
		op    string // which operation fails
		sent  string // what the peer gets of n Writes
	}{
		{"ReadError", testnet.Fault{Kind: testnet.ReadError, N: n}, "read", "abababab"},
		{"WriteError", testnet.Fault{Kind: testnet.WriteError, N: n}, "write", "ababab"},
		{"ShortWrite", testnet.Fault{Kind: testnet.ShortWrite, N: n}, "write", "ababaab"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, peer := faultPair(t, c.fault)
			peer.Write([]byte("12345678"))
			for i := 1; i <= n+1; i++ {
				_, readErr := io.ReadFull(conn, make([]byte, 2))
				_, writeErr := conn.Write([]byte("ab"))
				failed := map[string]error{"read": readErr, "write": writeErr}
				if got := failed[c.op]; errors.Is(got, testnet.ErrInjected) != (i == n) {
					t.Errorf("%s %d: %v", c.op, i, got)
				}
				delete(failed, c.op)
				for op, err := range failed {
					if err != nil {
						t.Errorf("%s %d: %v", op, i, err)
					}
				}
			}
			conn.CloseWrite()
			if got, _ := io.ReadAll(peer); string(got) != c.sent {
				t.Errorf("the peer got %q, want %q", got, c.sent)
			}
			if conn.Hits() != 1 {
				t.Errorf("%d hits", conn.Hits())
			}
		})
	}
}

// Op says which operations count.
func TestFaultCounts(t *testing.T) {
	for _, c := range []struct {
		op   testnet.Op
		want string // r or w: the operation of r, w, r, w at which the 2nd is
		at   int
	}{
		{testnet.Read, "r", 3},
		{testnet.Write, "w", 4},
		{testnet.Any, "w", 2},
		{0, "w", 2},
	} {
		var hookAt, now int
		conn, peer := faultPair(t, testnet.Fault{Kind: testnet.Hook, Op: c.op, N: 2, Hook: func() { hookAt = now }})
		peer.Write([]byte("12"))
		for now = 1; now <= 4; now++ {
			var err error
			if now%2 == 1 {
				_, err = conn.Read(make([]byte, 1))
			} else {
				_, err = conn.Write([]byte("x"))
			}
			if err != nil {
				t.Errorf("operation %d: %v", now, err)
			}
		}
		if hookAt != c.at || conn.Hits() != 1 {
			t.Errorf("Op %d: the hook was called at operation %d, want %d; %d hits", c.op, hookAt, c.at, conn.Hits())
		}
	}
}

func TestFaultNeverWithoutN(t *testing.T) {
	conn, peer := faultPair(t, testnet.Fault{Kind: testnet.Reset})
	go io.Copy(peer, peer)
	for range 10 {
		if _, err := conn.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if conn.Hits() != 0 {
		t.Errorf("%d hits", conn.Hits())
	}
}

func TestFaultStall(t *testing.T) {
	for _, c := range []struct {
		name string
		kind testnet.Kind
		op   testnet.Op
		n    int // the bytes of the stalled operation
	}{
		{"Read", testnet.Stall, testnet.Read, 0},
		{"Write", testnet.Stall, testnet.Write, 0},
		{"half a Write", testnet.StallHalf, testnet.Write, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testStall(t, c.kind, c.op, c.n) })
		})
	}
}

func testStall(t *testing.T, kind testnet.Kind, op testnet.Op, n int) {
	do := func(c net.Conn) (int, error) {
		if op == testnet.Read {
			return c.Read(make([]byte, 4))
		}
		return c.Write([]byte("abcd"))
	}
	a, b := testnet.Pipe()
	defer b.Close()
	b.Write([]byte("12345678"))
	conn := testnet.Wrap(a, testnet.Fault{Kind: kind, Op: op, N: 1})
	began := time.Now()
	conn.SetDeadline(began.Add(time.Minute))
	got, err := do(conn)
	if got != n || !isTimeout(err) || time.Since(began) != time.Minute || conn.Hits() != 1 {
		t.Errorf("stalled: %d, %v after %v, %d hits", got, err, time.Since(began), conn.Hits())
	}
	conn.SetDeadline(time.Time{})
	if got, err := do(conn); got != 4 || err != nil {
		t.Errorf("after the stall: %d, %v", got, err)
	}
	conn.Close()

	a, _ = testnet.Pipe()
	conn = testnet.Wrap(a, testnet.Fault{Kind: kind, Op: op, N: 1})
	time.AfterFunc(time.Hour, func() { conn.Close() })
	if _, err := do(conn); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a stall ended by Close: %v", err)
	}
}

// An operation in progress sees the reset too, not that its inner connection
// was closed.
func TestFaultResetWhileReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := testnet.Pipe()
		conn := testnet.Wrap(a, testnet.Fault{Kind: testnet.Reset, Op: testnet.Write, N: 1})
		reading := make(chan error)
		go func() { reading <- second(conn.Read(make([]byte, 1))) }()
		synctest.Wait()
		conn.Write([]byte("x"))
		if err := <-reading; !errors.Is(err, syscall.ECONNRESET) || errors.Is(err, net.ErrClosed) {
			t.Errorf("the Read meanwhile: %v", err)
		}
	})
}

// Both ends of every transport see a reset.
func TestFaultReset(t *testing.T) {
	for name, pair := range map[string]func() (net.Conn, net.Conn){
		"tcp":  func() (net.Conn, net.Conn) { return testnet.TCPPair(t) },
		"pipe": func() (net.Conn, net.Conn) { return testnet.Pipe() },
	} {
		a, b := pair()
		conn := testnet.Wrap(a, testnet.Fault{Kind: testnet.Reset, Op: testnet.Write, N: 1})
		for what, err := range map[string]error{
			"the Write":       second(conn.Write([]byte("x"))),
			"a Write after":   second(conn.Write([]byte("x"))),
			"a Read after":    second(conn.Read(make([]byte, 1))),
			"the peer's Read": second(b.Read(make([]byte, 1))),
		} {
			if !errors.Is(err, syscall.ECONNRESET) || errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: %s: %v", name, what, err)
			}
		}
		conn.Close()
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) || conn.Hits() != 1 {
			t.Errorf("%s: Read after Close: %v, %d hits", name, err, conn.Hits())
		}
	}
}

func TestAbortReachesBelowTLS(t *testing.T) {
	a, b := testnet.TCPPair(t)
	_, config := testnet.TLSConfigs(t)
	testnet.Abort(tls.Client(a, config))
	if _, err := b.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the peer reads %v", err)
	}
}

func TestFaultSlice(t *testing.T) {
	conn, peer := faultPair(t, testnet.Fault{Slice: 3})
	peer.Write([]byte("12345678"))
	peer.Close()
	var got []string
	p := make([]byte, 10)
	for {
		n, err := io.ReadAtLeast(conn, p, 1)
		if err != nil {
			break
		}
		got = append(got, string(p[:n]))
	}
	// TCP may cut it further, but not on loopback after one Write.
	if s := strings.Join(got, "|"); s != "123|456|78" || conn.Hits() == 0 {
		t.Errorf("came as %s, %d hits", s, conn.Hits())
	}
}

func TestFaultCutOfWrite(t *testing.T) {
	for _, c := range []struct {
		bytes int64
		sizes []int // of the Writes
		n     int   // of the last one
		ok    bool  // of the last one
	}{
		{0, []int{5}, 0, false},
		{7, []int{5, 5}, 2, false},
		{10, []int{5, 5}, 5, true},
		{10, []int{5, 5, 5}, 0, false},
	} {
		conn, peer := faultPair(t, testnet.Fault{Kind: testnet.CutFIN, Op: testnet.Write, Bytes: c.bytes})
		var n int
		var err error
		for _, size := range c.sizes {
			n, err = conn.Write(make([]byte, size))
		}
		if n != c.n || (err == nil) != c.ok || err != nil && !errors.Is(err, syscall.EPIPE) {
			t.Errorf("cut at %d: the last of Writes %v: %d, %v", c.bytes, c.sizes, n, err)
		}
		if got, err := io.ReadAll(peer); int64(len(got)) != c.bytes || err != nil {
			t.Errorf("cut at %d: the peer got %d, %v", c.bytes, len(got), err)
		}
		peer.Write([]byte("x"))
		if _, err := conn.Read(make([]byte, 1)); err != nil || conn.Hits() != 1 {
			t.Errorf("the other direction: %v; %d hits", err, conn.Hits())
		}
	}
}

func TestFaultCutOfRead(t *testing.T) {
	conn, peer := faultPair(t, testnet.Fault{Kind: testnet.CutFIN, Op: testnet.Read, Bytes: 7})
	peer.Write(make([]byte, 20))
	if got, err := io.ReadAll(conn); len(got) != 7 || err != nil {
		t.Errorf("%d bytes came, %v", len(got), err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("Read after the end: %v", err)
	}
	conn.Write([]byte("x"))
	if _, err := peer.Read(make([]byte, 1)); err != nil || conn.Hits() != 1 {
		t.Errorf("the other direction: %v; %d hits", err, conn.Hits())
	}
}

// The peer sees the cut as soon as the last byte has been read.
func TestFaultCutComesAtOnce(t *testing.T) {
	conn, peer := faultPair(t, testnet.Fault{Kind: testnet.CutRST, Op: testnet.Read, Bytes: 7})
	peer.Write(make([]byte, 7))
	io.ReadFull(conn, make([]byte, 7))
	if _, err := peer.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the peer reads %v", err)
	}
}

func TestFaultCutWithReset(t *testing.T) {
	for name, op := range map[string]testnet.Op{"Read": testnet.Read, "Write": testnet.Write} {
		conn, peer := faultPair(t, testnet.Fault{Kind: testnet.CutRST, Op: op, Bytes: 7})
		n, err := 0, error(nil)
		if op == testnet.Write {
			n, err = conn.Write(make([]byte, 20))
		} else {
			peer.Write(make([]byte, 20))
			n, err = io.ReadFull(conn, make([]byte, 20))
		}
		if n != 7 || !errors.Is(err, syscall.ECONNRESET) || conn.Hits() != 1 {
			t.Errorf("%s: %d, %v, %d hits", name, n, err, conn.Hits())
		}
		if _, err := io.Copy(io.Discard, peer); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: the peer reads %v", name, err)
		}
	}
}

func TestFaultDeadlineKillsWrite(t *testing.T) {
	for _, kills := range []bool{false, true} {
		conn, peer := faultPair(t, testnet.Fault{DeadlineKillsWrite: kills})
		conn.SetWriteDeadline(time.Now().Add(-time.Second))
		_, first := conn.Write([]byte("x"))
		conn.SetWriteDeadline(time.Time{})
		_, next := conn.Write([]byte("x"))
		if !isTimeout(first) || (next != nil) != kills || conn.WriteSurvivesDeadline() == kills {
			t.Errorf("DeadlineKillsWrite %v: %v, then %v", kills, first, next)
		}
		peer.Close()
	}
}

func TestFaultHalfClose(t *testing.T) {
	conn, peer := faultPair(t, testnet.Fault{})
	if err := conn.CloseWrite(); err != nil {
		t.Error(err)
	}
	if _, err := peer.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the peer reads %v", err)
	}
	if err := conn.CloseRead(); err != nil {
		t.Error(err)
	}
	a, b := net.Pipe() // has neither
	defer b.Close()
	conn = testnet.Wrap(a, testnet.Fault{Kind: testnet.CutFIN, Op: testnet.Write})
	for _, err := range []error{conn.CloseRead(), conn.CloseWrite()} {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("without half-close: %v", err)
		}
	}
	conn.Write([]byte("x"))
	if _, err := b.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("after a cut without half-close the peer reads %v", err)
	}
}
