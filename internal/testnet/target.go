package testnet

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"
)

// HalfConn is a connection with half-close.
type HalfConn interface {
	net.Conn
	CloseWrite() error
}

// Serve starts a server at an address, which serves every connection by handle,
// that need not close it and has no longer than [Patience]. It returns where the
// server listens, until the end of the test.
func Serve(tb testing.TB, network, address string, handle func(HalfConn)) string {
	tb.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		tb.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.SetDeadline(time.Now().Add(Patience))
			all.Go(func() {
				defer c.Close()
				handle(c.(HalfConn))
			})
		}
	})
	tb.Cleanup(func() {
		l.Close()
		InTime(tb, "the server", all.Wait)
	})
	return l.Addr().String()
}

// Echo sends back what comes, and ends when that does.
func Echo(c HalfConn) {
	io.Copy(c, c)
	c.CloseWrite()
}

// DialTCP connects to an address, until the end of the test and for no longer
// than [Patience].
func DialTCP(tb testing.TB, addr string) *net.TCPConn {
	tb.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(Patience))
	return c.(*net.TCPConn)
}

// DeadAddress returns an address of TCP where nobody listens, until the test has
// ended: it is that of one end of a connection, so nobody else is given it.
func DeadAddress(tb testing.TB) string {
	tb.Helper()
	a, _ := TCPPair(tb)
	return a.LocalAddr().String()
}

// UnusedAddress returns an address of TCP to listen at.
func UnusedAddress(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Transfer sends size bytes of a stream, half-closes, and reads as many.
func Transfer(c HalfConn, seed uint64, size int64) error {
	sent := make(chan error, 1)
	go func() {
		_, err := io.Copy(c, NewSource(seed, size))
		sent <- errors.Join(err, c.CloseWrite())
	}()
	got := NewVerifier(seed)
	_, err := io.Copy(got, c)
	if err == nil && got.N() != size {
		err = fmt.Errorf("%d of %d bytes came back", got.N(), size)
	}
	return errors.Join(err, <-sent)
}

// WantFailure reads r to its end, which has to be an error of the connection.
func WantFailure(tb testing.TB, what string, r io.Reader) {
	tb.Helper()
	switch _, err := io.Copy(io.Discard, r); {
	case err == nil:
		tb.Errorf("%s: the stream ended as if it were complete", what)
	case os.IsTimeout(err):
		tb.Errorf("%s: nobody was told", what)
	}
}

// WantReset connects to an address, and wants nothing but a reset of that.
func WantReset(tb testing.TB, what, addr string) {
	tb.Helper()
	var n int64
	c, err := net.Dial("tcp", addr) // which the reset may overtake
	if err == nil {
		defer c.Close()
		c.SetDeadline(time.Now().Add(Patience))
		n, err = io.Copy(io.Discard, c)
	}
	if n > 0 || !errors.Is(err, syscall.ECONNRESET) {
		tb.Errorf("%s: %d bytes, %v, want a reset", what, n, err)
	}
}
