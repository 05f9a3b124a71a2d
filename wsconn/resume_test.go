package wsconn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// How the transport cuts a session into pieces changes nothing: byte for byte.
func TestDripGivesTheSameStream(t *testing.T) {
	for _, role := range []frames.Role{frames.Client, frames.Server} {
		r := record(role)
		for slice := 1; slice < 20; slice++ {
			peer, conn := testnet.Pipe()
			peer.Write(r.b)
			drip := testnet.Wrap(conn, testnet.Fault{Slice: slice})
			c := wsconn.NewTestConn(drip, other(role), wsconn.PairOptions{})
			testnet.InTime(t, "Read", func() { r.wantAll(t, fmt.Sprintf("%d bytes at a time", slice), c) })
			if drip.Hits() == 0 {
				t.Error("no Read was made shorter")
			}
			c.Terminate()
		}
	}
}

// In two pieces: the same at every place where the cut may be, with the reader
// waiting for the second one.
func TestEverySplitGivesTheSameStream(t *testing.T) {
	for _, role := range []frames.Role{frames.Client, frames.Server} {
		r := record(role)
		for k := range len(r.b) {
			synctest.Test(t, func(t *testing.T) {
				peer, conn := testnet.Pipe()
				peer.Write(r.b[:k])
				c := wsconn.NewTestConn(conn, other(role), wsconn.PairOptions{})
				defer c.Terminate()
				done := make(chan struct{})
				go func() {
					defer close(done)
					r.wantAll(t, fmt.Sprintf("split after %d", k), c)
				}()
				synctest.Wait() // it has read all there is
				peer.Write(r.b[k:])
				<-done
			})
		}
	}
}

// The same on sockets, where other code reads: what is complete before the cut
// is read before the rest is sent.
func TestEverySplitOnSocketsGivesTheSameStream(t *testing.T) {
	for _, tr := range everyTransport {
		for _, role := range []frames.Role{frames.Client, frames.Server} {
			t.Run(fmt.Sprintf("%s/from role %d", tr.name, role), func(t *testing.T) {
				r := record(role)
				for k := 0; k < len(r.b); k += 5 {
					peer, conn := tr.make(t)
					c := wsconn.NewTestConn(conn, other(role), wsconn.PairOptions{})
					testnet.InTime(t, fmt.Sprintf("split after %d", k), func() {
						peer.Write(r.b[:k])
						first := make([]byte, complete(r.arrived, k))
						if _, err := io.ReadFull(c, first); err != nil {
							t.Error(err)
						}
						peer.Write(r.b[k:])
						rest, err := readAll(c)
						if err != io.EOF || !bytes.Equal(append(first, rest...), r.stream) {
							t.Errorf("split after %d: %q and %q, %v", k, first, rest, err)
						}
					})
					c.Terminate()
					peer.Close()
				}
			})
		}
	}
}

func (r *recording) wantAll(t *testing.T, what string, c *wsconn.Conn) {
	got, err := readAll(c)
	if err != io.EOF || !bytes.Equal(got, r.stream) {
		t.Errorf("%s: %q, %v, want %q", what, got, err, r.stream)
	}
}

// A deadline may come between any two bytes, and reading goes on after it.
func TestDeadlinesBetweenBytesLoseNothing(t *testing.T) {
	between(t, func(t *testing.T, rng *rand.Rand, r *recording, s *wsconn.Socket) (timeouts int) {
		c := wsconn.NewConn(s, nil)
		var got []byte
		p := make([]byte, 50)
		for {
			deadline := time.Now().Add(randomWait(rng))
			c.SetReadDeadline(deadline)
			n, err := c.Read(p[:1+rng.IntN(len(p))])
			got = append(got, p[:n]...)
			timeout, wrong := isTimeout(err)
			switch {
			case wrong != nil:
				t.Error(wrong)
			case timeout && !time.Now().Equal(deadline):
				t.Errorf("the deadline came %v late", time.Since(deadline))
			case timeout:
				timeouts++
			case err == io.EOF && bytes.Equal(got, r.stream):
				return timeouts
			case err != nil:
				t.Errorf("%q, %v, want %q", got, err, r.stream)
				return timeouts
			}
		}
	})
}

// The same with messages and contexts.
func TestContextsBetweenBytesLoseNothing(t *testing.T) {
	between(t, func(t *testing.T, rng *rand.Rand, r *recording, s *wsconn.Socket) (timeouts int) {
		for i := 0; ; {
			ctx, cancel := context.WithTimeout(context.Background(), randomWait(rng))
			_, p, err := s.ReadMessage(ctx)
			cancel()
			switch {
			case errors.Is(err, context.DeadlineExceeded):
				timeouts++
			case err == io.EOF && i == len(r.messages):
				return timeouts
			case err != nil || i == len(r.messages) || string(p) != r.messages[i]:
				t.Errorf("message %d: %q, %v", i, p, err)
				return timeouts
			default:
				i++
			}
		}
	})
}

// randomWait is up to a few of the pauses between pieces.
func randomWait(rng *rand.Rand) time.Duration { return time.Duration(rng.IntN(60_000)) }

// between calls read while a session comes in pieces with pauses between them,
// in a bubble, for many seeds, and wants its timeouts to have happened.
func between(t *testing.T, read func(*testing.T, *rand.Rand, *recording, *wsconn.Socket) (timeouts int)) {
	timeouts := 0
	for seed := range uint64(100) {
		role := frames.Role(seed % 2)
		r := record(role)
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 1))
			var peer, conn net.Conn = testnet.Pipe()
			if seed%3 == 0 {
				conn = testnet.Wrap(conn, testnet.Fault{})
			}
			s := wsconn.NewTestSocket(conn, other(role), wsconn.PairOptions{})
			defer s.Terminate()
			done := make(chan struct{})
			go func() {
				defer close(done)
				timeouts += read(t, rng, r, s)
			}()
			pieces := rand.New(rand.NewPCG(seed, 2))
			for b := r.b; len(b) > 0; {
				n := min(len(b), 1+pieces.IntN(8))
				peer.Write(b[:n])
				b = b[n:]
				time.Sleep(randomWait(pieces))
			}
			testnet.InTime(t, fmt.Sprintf("seed %d", seed), func() { <-done })
		})
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if timeouts < 100 {
		t.Errorf("only %d timeouts", timeouts)
	}
}
