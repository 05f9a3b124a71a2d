package testnet_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/nettest"

	"github.com/wsstream/wsstream/internal/testnet"
)

func TestPipeIsNetConn(t *testing.T) {
	for name, size := range map[string]int{"tiny": 8, "small": 300, "default": 0} {
		t.Run(name, func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				a, b := testnet.Pipe(size)
				return a, b, func() { a.Close(); b.Close() }, nil
			})
		})
	}
}

func TestPipeDeadlineCutsWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := testnet.Pipe(10)
		a.SetWriteDeadline(time.Now().Add(time.Hour))
		began := time.Now()
		n, err := a.Write([]byte("0123456789abcdef"))
		if n != 10 || !isTimeout(err) {
			t.Fatalf("Write into a buffer of 10: %d, %v", n, err)
		}
		if waited := time.Since(began); waited != time.Hour {
			t.Errorf("the deadline came after %v, want an hour", waited)
		}
		a.SetWriteDeadline(time.Time{})
		go func() {
			a.Write([]byte("abcdef"))
			a.Close()
		}()
		got, err := io.ReadAll(b)
		if string(got) != "0123456789abcdef" || err != nil {
			t.Errorf("after the deadline was taken back came %q, %v", got, err)
		}
	})
}

// A deadline can be moved while somebody waits for it, and an old timer must
// not fire for the new one.
func TestPipeDeadlineMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := testnet.Pipe()
		defer b.Close()
		began := time.Now()
		a.SetReadDeadline(began.Add(time.Second))
		go func() {
			time.Sleep(time.Second / 2)
			a.SetReadDeadline(began.Add(time.Minute))
		}()
		_, err := a.Read(make([]byte, 1))
		if waited := time.Since(began); !isTimeout(err) || waited != time.Minute {
			t.Errorf("Read ended after %v with %v", waited, err)
		}
	})
}

func TestPipeHalfClose(t *testing.T) {
	a, b := testnet.Pipe()
	a.Write([]byte("question"))
	if err := a.(*testnet.PipeConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(b); string(got) != "question" || err != nil {
		t.Errorf("before the end came %q, %v", got, err)
	}
	if _, err := a.Write([]byte("more")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("Write after CloseWrite: %v", err)
	}
	b.Write([]byte("answer"))
	b.Close()
	if got, err := io.ReadAll(a); string(got) != "answer" || err != nil {
		t.Errorf("the other direction brought %q, %v", got, err)
	}
	a.Close()
	if err := a.(*testnet.PipeConn).CloseWrite(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("CloseWrite after Close: %v", err)
	}
}

func TestPipeAfterClose(t *testing.T) {
	a, b := testnet.Pipe()
	b.Write([]byte("unread"))
	a.Close()
	a.Close()
	for name, err := range map[string]error{
		"Read":             second(a.Read(make([]byte, 1))),
		"Read of nothing":  second(a.Read(nil)),
		"Write":            second(a.Write([]byte("x"))),
		"SetReadDeadline":  a.SetReadDeadline(time.Now()),
		"SetWriteDeadline": a.SetWriteDeadline(time.Now()),
	} {
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
	if _, err := b.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("Write to a closed end: %v", err)
	}
	if _, err := b.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("Read from a closed end: %v", err)
	}
}

func TestPipeReset(t *testing.T) {
	a, b := testnet.Pipe()
	a.Write([]byte("lost"))
	a.(*testnet.PipeConn).SetLinger(0)
	a.Close()
	if n, err := b.Read(make([]byte, 8)); n != 0 || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("Read after a reset: %d, %v", n, err)
	}
	if _, err := b.Write([]byte("x")); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("Write after a reset: %v", err)
	}
}

// Writes at the same time must arrive one after the other, also when each of
// them waits for room many times.
func TestPipeWritesDoNotMix(t *testing.T) {
	const size, writers = 5000, 4
	a, b := testnet.Pipe(7)
	for i := range writers {
		go a.Write(bytes.Repeat([]byte{byte('a' + i)}, size))
	}
	got := make([]byte, size)
	for range writers {
		if _, err := io.ReadFull(b, got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, bytes.Repeat(got[:1], size)) {
			t.Error("two Writes were mixed")
		}
	}
}

func TestPipeAddresses(t *testing.T) {
	a, b := testnet.Pipe()
	c, _ := testnet.Pipe()
	if a.LocalAddr() != b.RemoteAddr() || a.RemoteAddr() != b.LocalAddr() {
		t.Error("the ends do not agree on their addresses")
	}
	if a.LocalAddr().String() == c.LocalAddr().String() || a.LocalAddr().String() == b.LocalAddr().String() {
		t.Error("an address comes twice")
	}
	host, _, err := net.SplitHostPort(a.LocalAddr().String())
	if a.LocalAddr().Network() != "tcp" || host != "127.0.0.1" || err != nil {
		t.Errorf("the address is %v", a.LocalAddr())
	}
}

// isTimeout holds err to what package net promises of a deadline.
func isTimeout(err error) bool {
	ne, ok := err.(net.Error)
	return ok && ne.Timeout() && errors.Is(err, os.ErrDeadlineExceeded)
}

func second[T any](_ T, err error) error { return err }
