package tunnel_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
)

// order is what a client of startTarget sends first: it wants a stream of so
// many bytes, and sends one of its own.
type order struct {
	Seed uint64
	Size int64
}

// startTarget starts a server of streams, and returns its address. It fails the
// test if it sees a stream that is not whole and ends as if it were.
func startTarget(t *testing.T) string {
	t.Helper()
	return testnet.Serve(t, "tcp", "127.0.0.1:0", func(c testnet.HalfConn) {
		var o order
		if binary.Read(c, binary.BigEndian, &o) != nil {
			return
		}
		if err := swap(c, o.Seed+1, o.Seed, o.Size); broken(err) {
			t.Errorf("at the target: %v", err)
		}
	})
}

// startEcho starts a server that sends back what comes, and returns its address.
func startEcho(t *testing.T) string {
	t.Helper()
	return testnet.Serve(t, "tcp", "127.0.0.1:0", testnet.Echo)
}

// exchange orders a stream at a target, to which addr leads, and sends one.
func exchange(addr string, size int64) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	o := order{rand.Uint64(), size}
	if err := binary.Write(c, binary.BigEndian, o); err != nil {
		return err
	}
	return swap(c.(testnet.HalfConn), o.Seed, o.Seed+1, size)
}

var errShort = errors.New("an end before everything has come")

// swap sends a stream and receives another one at the same time, each with its
// end.
func swap(c testnet.HalfConn, sent, received uint64, size int64) error {
	c.SetDeadline(time.Now().Add(testnet.Patience))
	result := make(chan error, 1)
	go func() {
		_, err := io.Copy(c, testnet.NewSource(sent, size))
		if err == nil {
			err = c.CloseWrite()
		}
		result <- err
	}()
	v := testnet.NewVerifier(received)
	_, err := io.Copy(v, c)
	if err != nil {
		testnet.Abort(c) // which ends the sending as well
	}
	failed := <-result
	if err == nil && failed == nil && v.N() != size {
		return fmt.Errorf("%w: %d bytes of %d", errShort, v.N(), size)
	}
	// A reset is told once: if that was to the one who sends, the other one sees
	// an end.
	return errors.Join(err, failed)
}

// broken reports whether err is one that must never be: a stream that looks
// whole and is not, or one that hangs. Others say that it has failed.
func broken(err error) bool {
	return errors.Is(err, errShort) || errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, new(*testnet.StreamError))
}

// load is many short exchanges, one after the other, of several at a time.
type load struct {
	t            *testing.T
	good, failed atomic.Int64
	stop         func()
}

func startLoad(t *testing.T, addr string) *load {
	t.Helper()
	const several, short = 3, 100 << 10
	l, stopping := &load{t: t}, make(chan struct{})
	var all sync.WaitGroup
	for range several {
		all.Go(func() {
			for {
				select {
				case <-stopping:
					return
				default:
					l.count(exchange(addr, short))
				}
			}
		})
	}
	l.stop = sync.OnceFunc(func() {
		close(stopping)
		testnet.InTime(t, "the load", all.Wait)
		t.Logf("%d requests succeeded, %d failed as errors", l.good.Load(), l.failed.Load())
	})
	t.Cleanup(l.stop)
	return l
}

func (l *load) count(err error) {
	switch {
	case err == nil:
		l.good.Add(1)
	case broken(err):
		l.t.Error(err)
	default:
		if l.failed.Add(1) <= 3 {
			l.t.Logf("a request failed: %v", err)
		}
		time.Sleep(10 * time.Millisecond) // what is refused is refused at once
	}
}

// goesOn waits until requests succeed that begin now.
func (l *load) goesOn() {
	l.t.Helper()
	// The second one of each of several has begun after now.
	more := l.good.Load() + 10
	testnet.Poll(l.t, "requests that succeed", func() bool { return l.good.Load() >= more })
}
