package wsconn_test

import (
	"bytes"
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/internal/wait"
	"github.com/wsstream/wsstream/wsconn"
)

// outbound is a server whose client is played by hand, and where it reads from.
type outbound struct {
	server *wsconn.Conn
	client *net.TCPConn
	*spring
	stream []byte // what it brings
}

func newOutbound(tb testing.TB, size int64, o wsconn.ConnOptions) *outbound {
	a, b := testnet.TCPPair(tb)
	c := wsconn.NewTestConn(a, frames.Server, wsconn.PairOptions{Stream: o})
	tb.Cleanup(func() { c.Terminate() })
	x := &outbound{server: c, client: b, spring: newSpring(tb, size)}
	x.stream = make([]byte, size)
	testnet.Fill(x.stream, seed, 0)
	return x
}

func (x *outbound) start() <-chan copied {
	return startCopy(func() (int64, error) { return x.server.ReadFrom(x.near) })
}

// oneMessage has messages be as large as they are spliced.
var oneMessage = wsconn.ConnOptions{MessageSize: -1}

// finish ends both directions, and returns the messages that have come: got is
// what was read by then.
func (x *outbound) finish(tb testing.TB, got <-chan []byte) (messages [][]byte) {
	tb.Helper()
	x.server.Close()
	key := frames.Header{Fin: true, Opcode: frames.Close, Masked: true}
	if _, err := x.client.Write(frames.AppendHeader(nil, key)); err != nil {
		tb.Fatal(err)
	}
	messages, controls := parse(tb, testnet.Take(tb, "the messages", got))
	if len(controls) != 1 || !strings.HasPrefix(controls[0], frames.Close.String()) {
		tb.Errorf("behind the messages there is %q", controls)
	}
	return messages
}

// Messages are as large as what has come, but not larger than is wanted.
func TestSpliceOutMessages(t *testing.T) {
	for _, most := range []int{-1, 300 << 10} {
		x := newOutbound(t, 8<<20, wsconn.ConnOptions{MessageSize: most})
		got := unread(x.client)
		if n := mustCopy(t, x.start(), nil); int(n) != len(x.stream) {
			t.Errorf("%d bytes were copied, want %d", n, len(x.stream))
		}
		messages := x.finish(t, got)
		if all := bytes.Join(messages, nil); !bytes.Equal(all, x.stream) {
			t.Errorf("%d bytes have arrived, want %d, or they are others", len(all), len(x.stream))
		}
		largest := 0
		for _, m := range messages {
			largest = max(largest, len(m))
		}
		if largest < wsconn.SpliceLeast || largest > 1<<20 || most > 0 && largest > most {
			t.Errorf("messages of at most %d: the largest one has %d bytes", most, largest)
		}
	}
}

// A pipe that is full before there is much in it does not pay: so what comes in many
// small pieces goes the plain way.
func TestSpliceOutOfAFullPipe(t *testing.T) {
	wsconn.ShrinkPipes(t)
	x := newOutbound(t, 8<<20, oneMessage)
	got := unread(x.client)
	n := mustCopy(t, x.start(), nil)
	if all := bytes.Join(x.finish(t, got), nil); !bytes.Equal(all, x.stream) {
		t.Errorf("%d bytes have arrived, want %d, or they are others", len(all), len(x.stream))
	}
	if spliced := n - x.near.n.Load(); spliced == 0 || spliced >= wsconn.SpliceLeast {
		t.Errorf("%d bytes were spliced", spliced)
	}
}

// A message that is cut becomes whole and counts, and the stream can go on behind
// it. What was read and does not count is lost.
func TestSpliceOutIsCut(t *testing.T) {
	for _, tt := range []struct {
		name string
		cut  func(c *wsconn.Conn)
		want error
	}{
		{"deadline", func(c *wsconn.Conn) { c.SetWriteDeadline(wait.Past) }, os.ErrDeadlineExceeded},
		{"Close", func(c *wsconn.Conn) { c.Close() }, net.ErrClosed},
		{"CloseWrite", func(c *wsconn.Conn) { c.CloseWrite() }, net.ErrClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := newOutbound(t, 8<<20, oneMessage)
			copying := x.fillUp(t)
			tt.cut(x.server)
			var got <-chan []byte
			if tt.want == net.ErrClosed {
				got = unread(x.client)
			}
			n := mustCopy(t, copying, tt.want)
			if plain := x.near.n.Load(); n <= plain {
				t.Errorf("%d bytes count, %d of which have gone the plain way", n, plain)
			}
			if got == nil {
				got = unread(x.client)
				x.server.SetWriteDeadline(time.Time{})
				n += mustCopy(t, x.start(), nil)
			}
			if arrived := x.mustBeParts(t, x.finish(t, got)); arrived != n {
				t.Errorf("%d bytes have arrived, %d count", arrived, n)
			}
		})
	}
}

// fillUp copies until a large message is under way that nobody reads: the system
// holds a part of it only.
func (x *outbound) fillUp(tb testing.TB) <-chan copied {
	x.client.SetReadBuffer(wsconn.SpliceLeast)
	copying := x.start()
	// More than the plain way takes before it is seen that much has come.
	testnet.Poll(tb, "a large message", func() bool { return waiting(tb, x.client) > 150<<10 })
	return copying
}

// mustBeParts checks that messages are parts of the stream, in their order.
func (x *outbound) mustBeParts(tb testing.TB, messages [][]byte) (size int64) {
	tb.Helper()
	left := x.stream
	for i, m := range messages {
		at := bytes.Index(left, m[:min(16, len(m))])
		if at < 0 || !bytes.HasPrefix(left[at:], m) {
			tb.Fatalf("message %d of %d bytes is not in the %d bytes behind the one before", i, len(m), len(left))
		}
		left = left[at+len(m):]
		size += int64(len(m))
	}
	return size
}

// A deadline that is over takes nothing, and nothing is half sent.
func TestSpliceOutTooLate(t *testing.T) {
	x := newOutbound(t, 8<<20, oneMessage)
	x.server.SetWriteDeadline(wait.Past)
	if n := mustCopy(t, x.start(), os.ErrDeadlineExceeded); n != 0 {
		t.Errorf("%d bytes were copied", n)
	}
	if messages := x.finish(t, unread(x.client)); len(messages) > 0 {
		t.Errorf("%d messages have arrived", len(messages))
	}
}

// The transport's end inside a message is the error of the copy.
func TestSpliceOutFails(t *testing.T) {
	for name, tt := range map[string]struct {
		end  func(x *outbound)
		want []error // one of them
	}{
		"Terminate": {func(x *outbound) { x.server.Terminate() }, []error{net.ErrClosed}},
		"reset":     {func(x *outbound) { testnet.Abort(x.client) }, []error{syscall.ECONNRESET, syscall.EPIPE}},
	} {
		x := newOutbound(t, 8<<20, oneMessage)
		copying := x.fillUp(t)
		tt.end(x)
		got := testnet.Take(t, "the copy", copying)
		op, ok := errors.AsType[*net.OpError](got.err)
		if !ok || op.Op != "write" || op.Net != "websocket" || !slices.ContainsFunc(tt.want, func(e error) bool { return errors.Is(op, e) }) {
			t.Errorf("%s: the copy ended with %v", name, got.err)
		}
	}
}

// However the source ends, what had come from it arrives, and a reset is none of
// its ends.
func TestSpliceOutSourceFails(t *testing.T) {
	for name, tt := range map[string]struct {
		end  func(x *outbound)
		want error
	}{
		"reset":    {func(x *outbound) { testnet.Abort(x.far) }, syscall.ECONNRESET},
		"deadline": {func(x *outbound) { x.near.SetReadDeadline(wait.Past) }, os.ErrDeadlineExceeded},
		"closed":   {func(x *outbound) { x.near.Close() }, net.ErrClosed},
	} {
		x := newOutbound(t, 8<<20, oneMessage)
		copying := x.fillUp(t)
		tt.end(x)
		got := unread(x.client)
		n := mustCopy(t, copying, tt.want)
		if arrived := bytes.Join(x.finish(t, got), nil); int64(len(arrived)) != n || !bytes.HasPrefix(x.stream, arrived) {
			t.Errorf("%s: %d bytes have arrived, %d count, or they are others", name, len(arrived), n)
		}
	}
}
