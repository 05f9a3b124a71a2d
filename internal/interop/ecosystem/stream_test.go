package ecosystem_test

import (
	"bufio"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// mirror sends everything back, and then the end.
func mirror(c net.Conn) {
	io.Copy(c, c)
	c.(*wsconn.Conn).CloseWrite()
}

// exchange sends size bytes to a mirror, ends the stream and checks the answer.
func exchange(t *testing.T, c *wsconn.Conn, size int64) {
	t.Helper()
	sent := make(chan error, 1)
	go func() {
		_, err := c.ReadFrom(newBulk(size))
		sent <- errors.Join(err, c.CloseWrite())
	}()
	readBulk(t, c, size) // which uses WriteTo
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

func TestCopyBothWays(t *testing.T) {
	onEveryRoute(t, nil, func(t *testing.T, w *web) {
		w.serveEach(t, mirror)
		exchange(t, w.mustDial(t), 16<<20)
	})
}

// A program that joins two connections, as proxies do.
func TestCopyBetweenConnections(t *testing.T) {
	onEveryRoute(t, nil, func(t *testing.T, far *web) {
		far.serveEach(t, mirror)
		near := newWeb(t, everyRoute[0], nil)
		near.serveEach(t, func(c net.Conn) {
			onward, err := far.dial(testnet.Bounded(t))
			if err != nil {
				t.Error(err)
				return
			}
			defer onward.Close()
			back := make(chan struct{})
			go func() {
				defer close(back)
				io.Copy(c, onward)
				c.(*wsconn.Conn).CloseWrite()
			}()
			io.Copy(onward, c)
			onward.CloseWrite()
			<-back
		})
		exchange(t, near.mustDial(t), 16<<20)
	})
}

func TestBufio(t *testing.T) {
	onEveryRoute(t, nil, func(t *testing.T, w *web) {
		const lines, size = 1000, 1 << 20
		w.serveEach(t, mirror)
		c := w.mustDial(t)
		rw := bufio.NewReadWriter(bufio.NewReader(c), bufio.NewWriter(c))
		for i := range lines {
			fmt.Fprintln(rw, "line", i)
			if i%7 == 0 {
				rw.Flush()
			}
		}
		go func() {
			rw.ReadFrom(newBulk(size))
			rw.Flush()
			c.CloseWrite()
		}()
		for i := range lines {
			line, err := rw.ReadString('\n')
			if want := fmt.Sprintln("line", i); line != want || err != nil {
				t.Fatalf("%q, %v, want %q", line, err, want)
			}
		}
		var rest bulkWriter
		if _, err := rw.WriteTo(&rest); err != nil || rest.n != size {
			t.Errorf("the rest: %d of %d bytes, %v", rest.n, size, err)
		}
	})
}

// What a database driver does when the context of a query ends: another
// goroutine wakes the Read with a deadline in the past, and the connection is
// used again afterwards. Nothing is lost or read twice.
func TestDeadlineInterruptsRead(t *testing.T) {
	type message struct{ Query, Part int }
	onEveryRoute(t, nil, func(t *testing.T, w *web) {
		const queries = 200
		answer := make(chan struct{})
		w.serveEach(t, func(c net.Conn) {
			in, out := gob.NewDecoder(c), gob.NewEncoder(c)
			var query message
			for in.Decode(&query) == nil {
				<-answer
				out.Encode(message{query.Query, 1})
				out.Encode(message{query.Query, 2})
			}
		})
		defer close(answer)
		c := w.mustDial(t)
		out := gob.NewEncoder(c)
		// The driver's own buffer outlives the interruption; gob's does not.
		interruptible := &resumable{c: c}
		in := gob.NewDecoder(interruptible)
		for i := range queries {
			if err := out.Encode(message{Query: i}); err != nil {
				t.Fatal(err)
			}
			interrupted := make(chan error, 1)
			go func() {
				_, err := interruptible.peek()
				interrupted <- err
			}()
			c.SetDeadline(time.Unix(1, 0))
			if err := <-interrupted; !isTimeout(err) || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("the Read was interrupted with %v, want a timeout", err)
			}
			c.SetDeadline(time.Time{})
			answer <- struct{}{}
			for part := 1; part <= 2; part++ {
				var got message
				if err := in.Decode(&got); err != nil || got != (message{i, part}) {
					t.Fatalf("query %d got %+v, %v", i, got, err)
				}
			}
		}
	})
}

// resumable is a reader with a buffer of its own.
type resumable struct {
	c    net.Conn
	kept []byte
}

// peek waits for bytes and keeps them.
func (r *resumable) peek() (int, error) {
	buf := make([]byte, 512)
	n, err := r.c.Read(buf)
	r.kept = append(r.kept, buf[:n]...)
	return n, err
}

func (r *resumable) Read(p []byte) (int, error) {
	if len(r.kept) == 0 {
		if _, err := r.peek(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.kept)
	r.kept = r.kept[n:]
	return n, nil
}
