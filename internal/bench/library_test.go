package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"
)

// kinds are all that a library may be asked for.
func kinds() map[string]terms {
	all := map[string]terms{"messages": {}, "stream": {Stream: true, Buffer: 1 << 10}, "stream that reads little": {Stream: true, Buffer: 16}, "stream over TLS": {Stream: true, TLS: true, Buffer: 1 << 10}}
	for _, mode := range modes {
		all[mode.name] = terms{Deflated: &mode.deflated}
	}
	return all
}

// forEachKind runs a test for all that each library can do.
func forEachKind(t *testing.T, test func(t *testing.T, lib library, kind terms)) {
	for _, lib := range libraries() {
		for name, kind := range kinds() {
			if lib.can(kind) {
				t.Run(lib.name+"/"+name, func(t *testing.T) { test(t, lib, kind) })
			}
		}
	}
}

// TestEcho: what is sent comes back as it was, in pieces if it is a stream.
func TestEcho(t *testing.T) {
	forEachKind(t, func(t *testing.T, lib library, kind terms) {
		log := jsonLog(256 << 10)
		err := with(lib, kind, func(p *pair) error {
			back := make(chan []byte, 1)
			p.serve(func(b []byte) error {
				back <- bytes.Clone(b)
				return nil
			}, p.server.Send)
			for _, size := range []int{1, 100, 1 << 10, 16 << 10, len(log), 50} {
				sent := make(chan error, 1)
				go func() { sent <- p.client.Send(log[:size]) }()
				for got := 0; got < size; {
					select {
					case b := <-back:
						if got > 0 && !kind.Stream || !bytes.HasPrefix(log[got:size], b) {
							return fmt.Errorf("of %d bytes these came back behind %d: %.50q", size, got, b)
						}
						got += len(b)
					case err := <-p.failed:
						return err
					case <-time.After(patience):
						return fmt.Errorf("of %d bytes only %d came back", size, got)
					}
				}
				if err := <-sent; err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestAgreed: a library compresses as it was told to. What is sent again is found
// in a window that is large enough, and is kept.
func TestAgreed(t *testing.T) {
	forEachKind(t, func(t *testing.T, lib library, kind terms) {
		if kind.Deflated == nil {
			return
		}
		const size = 8 << 10 // more than a window of 12 bits
		message := tokens(size)
		ratio, err := wireRatio(lib, kind, [][]byte{message, message})
		if err != nil {
			t.Fatal(err)
		}
		found := kind.Deflated.Takeover && kind.Deflated.Bits == 15
		if ratio < 1.5 || ratio > 3.5 != found {
			t.Errorf("a message that is sent again gets %.1f times smaller; it is to be found in the window: %t", ratio, found)
		}
	})
}

// tokens are digits of no order, with something between them that every encoder
// finds again. They shrink to about half, and no further.
func tokens(size int) []byte {
	r := rand.New(rand.NewPCG(3, 4))
	var b bytes.Buffer
	for b.Len() < size {
		fmt.Fprintf(&b, `{"token":"%016x"},`, r.Uint64())
	}
	return b.Bytes()[:size]
}

// TestWrongMessages: a library that does not deliver what was sent is not
// measured.
func TestWrongMessages(t *testing.T) {
	for name, c := range map[string]struct {
		change func([]byte) ([]byte, error)
		want   string
	}{
		"short":  {func(p []byte) ([]byte, error) { return p[1:], nil }, "arrived as"},
		"broken": {func([]byte) ([]byte, error) { return nil, errors.New("lost it") }, "lost it"},
	} {
		t.Run(name, func(t *testing.T) {
			lib := rawTCP()
			lib.dial = func(ctx context.Context, addr string, k terms) (conn, error) {
				whole, err := rawTCP().dial(ctx, addr, k)
				return &changing{whole, c.change}, err
			}
			err := with(lib, terms{}, func(p *pair) error {
				_, _, err := p.flow(p.client, logMessages(1<<10), func(next func([]byte) error) func([]byte) error {
					return whole(1<<10, next)
				}).measure(time.Millisecond)
				return err
			})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want one with %q", err, c.want)
			}
		})
	}
}

type changing struct {
	conn
	change func([]byte) ([]byte, error)
}

func (c *changing) Send(p []byte) error {
	p, err := c.change(p)
	if err != nil {
		return err
	}
	return c.conn.Send(p)
}

// TestRelay counts each direction on its own.
func TestRelay(t *testing.T) {
	e, err := listen(rawTCP(), terms{Stream: true, Buffer: 64})
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	r, err := newRelay(e.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	client, err := net.Dial("tcp", r.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server := <-e.accepted
	defer server.Close()
	go server.Serve(func(p []byte) error { return server.Send(append(p, "and more"...)) })
	if _, err := client.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	const want = "helloand more"
	got := make([]byte, len(want))
	for n := 0; n < len(got); {
		m, err := client.Read(got[n:])
		if err != nil {
			t.Fatal(err)
		}
		n += m
	}
	if string(got) != want || r.up.Load() != 5 || r.down.Load() != int64(len(want)) {
		t.Errorf("%q came back, and %d bytes went there, %d back", got, r.up.Load(), r.down.Load())
	}
}
