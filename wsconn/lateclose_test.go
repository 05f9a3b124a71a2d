package wsconn_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// clogged is a connection on which one end writes more than any transport
// holds, and the other has stopped reading.
type clogged struct {
	writer, reader *wsconn.Conn
	accepted       int64         // by Write; set before wrote is closed
	wrote, read    chan struct{} // closed when the writer's calls have returned
	writeErr       error
	readErr        error
}

// clog blocks a Read and a Write of one end. cut has a deadline cut the Write
// first, so that its rest is being sent in the background, and another waits.
func clog(t *testing.T, tr transports, role frames.Role, timeout time.Duration, cut bool) *clogged {
	client, server := connPair(t, tr, wsconn.PairOptions{CloseTimeout: timeout})
	x := &clogged{writer: client, reader: server, wrote: make(chan struct{}), read: make(chan struct{})}
	if role == frames.Server {
		x.writer, x.reader = server, client
	}
	p := tooMuch()
	if cut {
		x.writer.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
		n, err := x.writer.Write(p)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("Write to a peer that does not read: %d, %v", n, err)
		}
		x.accepted = int64(n)
		x.writer.SetWriteDeadline(time.Time{})
	}
	go func() {
		defer close(x.wrote)
		n, err := x.writer.Write(p[x.accepted:])
		x.accepted += int64(n)
		x.writeErr = err
	}()
	go func() {
		defer close(x.read)
		_, x.readErr = x.writer.Read(make([]byte, 1))
	}()
	if !cut { // the Write has begun
		if _, err := io.ReadFull(x.reader, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	return x
}

// tooMuch is more of the stream of seed 7 than any transport holds.
var tooMuch = sync.OnceValue(func() []byte {
	p := make([]byte, 32<<20)
	testnet.Fill(p, 7, 0)
	return p
})

// eachClogged calls test for every transport, either end, and both ways to be
// blocked. got is how much the reader has read already.
func eachClogged(t *testing.T, timeout time.Duration, test func(t *testing.T, x *clogged, got int64)) {
	for _, tr := range everyTransport {
		for _, role := range []frames.Role{frames.Client, frames.Server} {
			for _, cut := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/role %d/after a deadline %t", tr.name, role, cut), func(t *testing.T) {
					got := int64(1)
					if cut {
						got = 0
					}
					x := clog(t, tr, role, timeout, cut)
					testnet.InTime(t, "this", func() { test(t, x, got) })
				})
			}
		}
	}
}

// closeNow closes the writer and waits for its calls, while nobody reads.
func (x *clogged) closeNow(t *testing.T) {
	for range 2 {
		if err := x.writer.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	<-x.wrote
	<-x.read
	if !errors.Is(x.writeErr, net.ErrClosed) || !errors.Is(x.readErr, net.ErrClosed) {
		t.Errorf("Write: %v, Read: %v, want net.ErrClosed", x.writeErr, x.readErr)
	}
}

// Close does not wait for a peer that does not read, and wakes who does. When
// the peer reads after all, it gets every byte that Write has counted, and then
// the end.
func TestLateReaderGetsEverythingAfterClose(t *testing.T) {
	eachClogged(t, patience, func(t *testing.T, x *clogged, got int64) {
		x.closeNow(t)
		if got := verify(t, x.reader, got); got != x.accepted {
			t.Errorf("%d bytes, %d were accepted", got, x.accepted)
		}
		if _, err := x.reader.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the end is %v, want io.EOF", err)
		}
		x.reader.Close()
		for _, c := range []*wsconn.Conn{x.writer, x.reader} {
			if err := c.WaitClosed(context.Background()); err != nil {
				t.Errorf("WaitClosed: %v", err)
			}
		}
	})
}

// A peer that does not read within CloseTimeout is given up. WaitClosed says so,
// and the peer takes what it then gets for the whole only if it is.
func TestPeerThatNeverReadsIsGivenUp(t *testing.T) {
	eachClogged(t, time.Millisecond, func(t *testing.T, x *clogged, got int64) {
		x.closeNow(t)
		err := x.writer.WaitClosed(context.Background())
		if timeout, wrong := isTimeout(err); wrong != nil || !timeout {
			t.Errorf("WaitClosed: %v (%v), want a timeout", err, wrong)
		}
		got = verify(t, x.reader, got)
		_, err = x.reader.Read(make([]byte, 1))
		// It may all be in the buffers of the system, the Close frame too.
		if err == io.EOF && got == x.accepted {
			return
		}
		// A Write that the cut ended counts whole messages only: part of one more
		// may have arrived.
		const message = 32 << 10
		if err == nil || errors.Is(err, io.EOF) || got >= x.accepted+message {
			t.Errorf("%d bytes and then %v, %d were accepted", got, err, x.accepted)
		}
	})
}

// verify reads to the end of the stream from an offset and returns where it is.
func verify(t *testing.T, c *wsconn.Conn, offset int64) int64 {
	p := make([]byte, 64<<10)
	for {
		n, err := c.Read(p)
		if wrong := testnet.Check(p[:n], 7, offset); wrong != nil {
			t.Error(wrong)
		}
		offset += int64(n)
		if err != nil {
			return offset
		}
	}
}

// bubblePairs are the transports that work in a bubble.
func bubblePairs(t *testing.T, test func(t *testing.T, pair func(o wsconn.PairOptions) (c1, c2 *wsconn.Conn))) {
	for _, tr := range everyTransport[4:] {
		for _, role := range []frames.Role{frames.Client, frames.Server} {
			t.Run(fmt.Sprintf("%s/role %d", tr.name, role), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					test(t, func(o wsconn.PairOptions) (c1, c2 *wsconn.Conn) {
						client, server := connPair(t, tr, o)
						if role == frames.Server {
							return server, client
						}
						return client, server
					})
				})
			})
		}
	}
}

// CloseTimeout counts from Close, whatever the peer does meanwhile, and is
// exact.
func TestCloseTimeoutIsAbsolute(t *testing.T) {
	const timeout = 3 * time.Second
	bubblePairs(t, func(t *testing.T, pair func(o wsconn.PairOptions) (c1, c2 *wsconn.Conn)) {
		c1, c2 := pair(wsconn.PairOptions{CloseTimeout: timeout})
		var peer sync.WaitGroup
		defer peer.Wait()
		peer.Go(func() { // on and on
			for {
				if _, err := c2.Write(make([]byte, 1000)); err != nil {
					return
				}
				time.Sleep(time.Millisecond)
			}
		})
		start := time.Now()
		c1.Close()
		if took := time.Since(start); took != 0 {
			t.Errorf("Close took %v", took)
		}
		err := c1.WaitClosed(context.Background())
		if took := time.Since(start); took != timeout || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("closed after %v: %v, want %v and a timeout", took, err, timeout)
		}
	})
}

// Close ends every call with net.ErrClosed, whatever it is at, and never with
// the deadline that is the means to wake it. What a call sees first is a matter
// of chance, so there are many.
func TestCallsAtTheMomentOfClose(t *testing.T) {
	for range 300 {
		client, server := connPair(t, everyTransport[5], wsconn.PairOptions{})
		go io.Copy(server, server)
		var calls sync.WaitGroup
		untilError := func(call func(p []byte) (int, error)) {
			calls.Go(func() {
				p := make([]byte, 10)
				for {
					if _, err := call(p); err != nil {
						if !errors.Is(err, net.ErrClosed) {
							t.Errorf("after Close: %v, want net.ErrClosed", err)
						}
						return
					}
				}
			})
		}
		for range 3 {
			untilError(client.Write)
			untilError(client.Read)
		}
		if _, err := client.Read(make([]byte, 1)); err != nil { // they are at it
			t.Error(err)
		}
		client.Close()
		testnet.InTime(t, "Close", calls.Wait)
		client.Terminate()
		server.Terminate()
	}
}

// The Close frame goes out also when it is queued at the very moment at which a
// Write is done. The peer has closed before, so that nothing else is waited for.
func TestCloseBesideWriteSendsItsFrame(t *testing.T) {
	for i := range 3000 {
		peer, conn := testnet.Pipe()
		c := wsconn.NewTestConn(testnet.Wrap(conn, testnet.Fault{}), frames.Server, wsconn.PairOptions{})
		w := wire{role: frames.Client}
		w.closeFrame(frames.CloseNormalClosure, "")
		peer.Write(w.b)
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Fatal(err)
		}
		var writing sync.WaitGroup
		writing.Go(func() { c.Write(make([]byte, 10)) })
		for range i % 100 {
			runtime.Gosched()
		}
		c.Close()
		testnet.InTime(t, "this", func() {
			for {
				f, err := readFrame(peer)
				if err != nil {
					t.Errorf("attempt %d: the end came without a Close frame: %v", i, err)
					return
				}
				if f.Opcode == frames.Close {
					return
				}
			}
		})
		writing.Wait()
		peer.Close()
		c.Terminate()
	}
}

// After CloseWrite the peer may take its time: CloseTimeout has not begun.
func TestReplyLongAfterCloseWriteArrives(t *testing.T) {
	bubblePairs(t, func(t *testing.T, pair func(o wsconn.PairOptions) (c1, c2 *wsconn.Conn)) {
		c1, c2 := pair(wsconn.PairOptions{CloseTimeout: time.Second})
		go func() {
			defer c2.Close()
			if p, err := io.ReadAll(c2); string(p) != "the question" || err != nil {
				t.Errorf("%q, %v", p, err)
			}
			time.Sleep(time.Hour)
			if n, err := io.Copy(c2, testnet.NewSource(3, 1<<20)); n != 1<<20 || err != nil {
				t.Errorf("sent %d: %v", n, err)
			}
		}()
		io.WriteString(c1, "the question")
		if err := c1.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(testnet.NewVerifier(3), c1); n != 1<<20 || err != nil {
			t.Errorf("received %d: %v", n, err)
		}
		if _, err := c1.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write after CloseWrite: %v", err)
		}
		c1.Close()
		for _, c := range []*wsconn.Conn{c1, c2} {
			if err := c.WaitClosed(context.Background()); err != nil {
				t.Errorf("WaitClosed: %v", err)
			}
		}
	})
}

// A deadline that is moved while calls wait ends them at the new time exactly,
// and when it is over and moved again everything goes on.
func TestDeadlineMovesUnderWaitingCalls(t *testing.T) {
	bubblePairs(t, func(t *testing.T, pair func(o wsconn.PairOptions) (c1, c2 *wsconn.Conn)) {
		c1, c2 := pair(wsconn.PairOptions{CloseTimeout: time.Minute})
		start := time.Now()
		c1.SetDeadline(start.Add(time.Second))
		done := make(chan int64)
		ended := func(err error) {
			if timeout, wrong := isTimeout(err); !timeout || wrong != nil || time.Since(start) != 3*time.Second {
				t.Errorf("after %v: %v (%v), want a timeout after 3s", time.Since(start), err, wrong)
			}
		}
		p := make([]byte, 1<<20)
		testnet.Fill(p, 7, 0)
		go func() {
			_, err := c1.Read(make([]byte, 1))
			ended(err)
			done <- 0
		}()
		go func() {
			n, err := c1.Write(p)
			ended(err)
			done <- int64(n)
		}()
		time.Sleep(time.Second / 2)
		c1.SetDeadline(start.Add(3 * time.Second))
		n := <-done + <-done
		c1.SetDeadline(time.Time{})
		go func() {
			m, err := c1.Write(p[n:])
			if err != nil {
				t.Errorf("Write after the deadline: %v", err)
			}
			n += int64(m)
			c1.Close()
		}()
		if got := verify(t, c2, 0); got != n || got != 1<<20 {
			t.Errorf("%d bytes, %d were accepted", got, n)
		}
		c2.Close()
	})
}
