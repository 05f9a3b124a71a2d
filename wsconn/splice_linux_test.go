package wsconn_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// plainly counts what goes through the calls of a TCP connection, and so not
// around them.
type plainly struct {
	*net.TCPConn
	n      atomic.Int64
	opaque bool // it says that it is no TCP connection
}

func (c *plainly) PlainTCP() *net.TCPConn {
	if c.opaque {
		return nil
	}
	return c.TCPConn
}

func (c *plainly) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	c.n.Add(int64(n))
	return n, err
}

func (c *plainly) Write(p []byte) (int, error) {
	n, err := c.TCPConn.Write(p)
	c.n.Add(int64(n))
	return n, err
}

// waiting returns how much has come to a connection that nobody has read.
func waiting(tb testing.TB, c *net.TCPConn) int {
	raw, err := c.SyscallConn()
	if err != nil {
		tb.Fatal(err)
	}
	var n uint32
	controlErr := raw.Control(func(fd uintptr) { n, err = unix.IoctlGetUint32(int(fd), unix.SIOCINQ) })
	if err = errors.Join(controlErr, err); err != nil {
		tb.Fatal(err)
	}
	return int(n)
}

// copied is what a copy has returned.
type copied struct {
	n   int64
	err error
}

func startCopy(copying func() (int64, error)) <-chan copied {
	done := make(chan copied, 1)
	go func() {
		n, err := copying()
		done <- copied{n, err}
	}()
	return done
}

// mustCopy waits for the end of a copy, which ends with this error, or none.
func mustCopy(tb testing.TB, done <-chan copied, want error) int64 {
	tb.Helper()
	got := testnet.Take(tb, "the copy", done)
	if want == nil && got.err != nil || !errors.Is(got.err, want) {
		tb.Errorf("the copy ended after %d bytes with %v, want %v", got.n, got.err, want)
	}
	return got.n
}

// unread reads all that a connection still has, in the background.
func unread(c io.Reader) <-chan []byte {
	done := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(c)
		done <- b
	}()
	return done
}

// From one TCP connection to another one, over two ends of a WebSocket. The end
// of one becomes the end of the other.
func TestSpliceThrough(t *testing.T) {
	const size = 8 << 20
	for _, tt := range []struct {
		name         string
		o            wsconn.ConnOptions
		opaque       bool
		noPipes      func(tb testing.TB)
		want, wanted bool // at the client, at the server
	}{
		{name: "both", o: oneMessage, want: true, wanted: true},
		{name: "small messages", o: wsconn.ConnOptions{MessageSize: wsconn.SpliceLeast - 1}},
		{name: "the least", o: wsconn.ConnOptions{MessageSize: wsconn.SpliceLeast}, want: true, wanted: true},
		{name: "opaque", o: oneMessage, opaque: true},
		{name: "no pipes", o: oneMessage, noPipes: func(tb testing.TB) { wsconn.RefusePipes(tb, syscall.EMFILE) }},
		{name: "too many pipes", o: oneMessage, noPipes: func(tb testing.TB) { wsconn.RefusePipes(tb, nil) }},
		{name: "pipes that do not splice", o: oneMessage, noPipes: wsconn.SpoilPipes},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.noPipes != nil {
				tt.noPipes(t)
			}
			src, dst := newSpring(t, size), newSink(t)
			src.near.opaque, dst.near.opaque = tt.opaque, tt.opaque
			client, server := connPair(t, everyTransport[0], wsconn.PairOptions{Stream: tt.o})
			in := startCopy(func() (int64, error) {
				n, err := server.ReadFrom(src.near)
				return n, errors.Join(err, server.CloseWrite())
			})
			out := startCopy(func() (int64, error) {
				n, err := client.WriteTo(dst.near)
				return n, errors.Join(err, dst.near.CloseWrite())
			})
			got := testnet.Take(t, "the end", unread(dst.far))
			for _, done := range []<-chan copied{in, out} {
				if n := mustCopy(t, done, nil); n != size {
					t.Errorf("%d bytes were copied, want %d", n, size)
				}
			}
			if err := testnet.Check(got, seed, 0); err != nil || int64(len(got)) != size {
				t.Errorf("%d bytes have arrived, want %d, %v", len(got), size, err)
			}
			wantSpliced(t, "at the server", src.near, size, tt.wanted)
			wantSpliced(t, "at the client", dst.near, size, tt.want)
			w, r := server.Stats(), client.Stats()
			if w.BytesWritten != r.BytesRead || w.FramesWritten != r.FramesRead {
				t.Errorf("%d frames of %d bytes were sent, %d of %d have come", w.FramesWritten, w.BytesWritten, r.FramesRead, r.BytesRead)
			}
		})
	}
}

// wantSpliced checks that something of so many bytes has gone around the calls of
// a connection, or nothing.
func wantSpliced(tb testing.TB, where string, c *plainly, total int64, some bool) {
	tb.Helper()
	if n := c.n.Load(); n > total-wsconn.SpliceLeast/2 && some || n != total && !some {
		tb.Errorf("%s: %d of %d bytes went the plain way, spliced: want %v", where, n, total, some)
	}
}

// seed is that of what is sent here.
const seed = 5

// spring is a TCP connection of which much has come already.
type spring struct {
	near *plainly
	far  *net.TCPConn
}

// newSpring returns one that brings so many bytes of the stream, and then the end.
func newSpring(tb testing.TB, size int64) *spring {
	near, far := testnet.TCPPair(tb)
	near.SetReadBuffer(8 * wsconn.SpliceLeast)
	go func() {
		if _, err := io.Copy(struct{ io.Writer }{far}, testnet.NewSource(seed, size)); err == nil {
			far.CloseWrite()
		}
	}()
	before := 0
	testnet.Poll(tb, "much to read", func() bool {
		n := waiting(tb, near)
		full := n > wsconn.SpliceLeast && n == before
		before = n
		return full
	})
	return &spring{&plainly{TCPConn: near}, far}
}

// sink is a TCP connection, and its other end.
type sink struct {
	near *plainly
	far  *net.TCPConn
}

func newSink(tb testing.TB) *sink {
	near, far := testnet.TCPPair(tb)
	return &sink{&plainly{TCPConn: near}, far}
}

// outpour is what a server sends, and what it carries.
type outpour struct {
	sent    []byte
	payload []byte
	frames  int64
	pings   int
}

// add appends a frame of so many bytes of payload.
func (w *outpour) add(op frames.Opcode, fin bool, payload []byte) {
	w.sent = frames.AppendHeader(w.sent, frames.Header{Fin: fin, Opcode: op, Length: int64(len(payload))})
	w.sent = append(w.sent, payload...)
	w.frames++
	if !op.IsControl() {
		w.payload = append(w.payload, payload...)
	}
}

// data adds a frame with what comes next of the stream.
func (w *outpour) data(op frames.Opcode, fin bool, size int) {
	p := make([]byte, size)
	testnet.Fill(p, seed, int64(len(w.payload)))
	w.add(op, fin, p)
}

// ping adds a Ping, all different.
func (w *outpour) ping() {
	w.pings++
	w.add(frames.Ping, true, []byte(fmt.Sprint(w.pings)))
}

func (w *outpour) end() { w.add(frames.Close, true, nil) }

// carried returns how much payload is in the first n bytes.
func (w *outpour) carried(tb testing.TB, n int) (payload int) {
	for at := 0; at < n; {
		h, size, err := frames.ParseHeader(w.sent[at:])
		if err != nil {
			tb.Fatal(err)
		}
		at += size
		if !h.Opcode.IsControl() {
			payload += max(0, min(int(h.Length), n-at))
		}
		at += int(h.Length)
	}
	return payload
}

// parse takes what one end has sent apart, into its messages and its control
// frames. All of them have to be whole.
func parse(tb testing.TB, b []byte) (messages [][]byte, controls []string) {
	tb.Helper()
	for len(b) > 0 {
		h, n, err := frames.ParseHeader(b)
		if err != nil || n == 0 || int64(len(b)-n) < h.Length {
			tb.Fatalf("behind %d messages: %d bytes that are no frame, %+v, %v", len(messages), len(b), h, err)
		}
		p := bytes.Clone(b[n : n+int(h.Length)])
		b = b[n+int(h.Length):]
		if h.Masked {
			frames.Mask(p, p, h.Key, 0)
		}
		if h.Opcode.IsControl() {
			controls = append(controls, fmt.Sprintf("%v %s", h.Opcode, p))
		} else {
			messages = append(messages, p)
		}
	}
	return messages, controls
}
