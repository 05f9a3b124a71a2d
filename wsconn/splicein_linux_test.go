package wsconn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/internal/wait"
	"github.com/wsstream/wsstream/wsconn"
)

// inbound is a client whose server is played by hand, and where it writes to.
type inbound struct {
	client *wsconn.Conn
	server *net.TCPConn
	*sink
}

func newInbound(tb testing.TB, o wsconn.PairOptions) *inbound {
	a, b := testnet.TCPPair(tb)
	c := wsconn.NewTestConn(a, frames.Client, o)
	tb.Cleanup(func() { c.Terminate() })
	return &inbound{c, b, newSink(tb)}
}

// start copies what comes, and then the end.
func (x *inbound) start() <-chan copied {
	return startCopy(func() (int64, error) { return x.client.WriteTo(x.near) })
}

// Frames of all sizes arrive as they are, and those around them are answered.
func TestSpliceIn(t *testing.T) {
	const least = wsconn.SpliceLeast
	sizes := func(w *outpour) {
		for _, size := range []int{1, least - 1, least, least + 1, 3 << 20, 0, 5, 200 << 10, 1 << 20, 1 << 20, 70000, least, 2} {
			w.data(frames.Binary, true, size)
			w.ping()
		}
	}
	for _, tt := range []struct {
		name       string
		frames     func(w *outpour)
		o          wsconn.PairOptions
		halfClosed bool
		want       bool
	}{
		{"sizes", sizes, wsconn.PairOptions{}, false, true},
		{"half-closed", sizes, wsconn.PairOptions{}, true, true},
		{"compression", sizes, wsconn.PairOptions{Compression: new(deflate.Options)}, false, false},
		{"fragments", func(w *outpour) {
			w.data(frames.Binary, false, 2<<20)
			w.ping()
			w.data(frames.Continuation, false, 0)
			w.data(frames.Continuation, false, 3<<20)
			w.data(frames.Continuation, true, 1)
		}, wsconn.PairOptions{}, false, true},
		{"small frames", func(w *outpour) {
			for range 20 {
				w.data(frames.Binary, true, least-1)
			}
			w.ping()
		}, wsconn.PairOptions{}, false, false},
		{"text", func(w *outpour) {
			w.add(frames.Text, false, []byte(strings.Repeat("ä", 1<<20)))
			w.ping()
			w.add(frames.Continuation, true, []byte(strings.Repeat("ß", 1<<20)))
		}, wsconn.PairOptions{}, false, false},
		{"a stream of text", func(w *outpour) {
			w.add(frames.Text, true, []byte(strings.Repeat("ä", 1<<20)))
			w.ping()
		}, wsconn.PairOptions{Stream: wsconn.ConnOptions{Text: true}}, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := newInbound(t, tt.o)
			var w outpour
			tt.frames(&w)
			w.end()
			if tt.halfClosed {
				x.client.CloseWrite()
			}
			answers, got := unread(x.server), unread(x.far)
			go x.server.Write(w.sent)
			if n := mustCopy(t, x.start(), nil); n != int64(len(w.payload)) {
				t.Errorf("%d bytes were copied, want %d", n, len(w.payload))
			}
			x.near.CloseWrite()
			if b := testnet.Take(t, "the end", got); !bytes.Equal(b, w.payload) {
				t.Errorf("%d bytes have arrived, want %d, or they are others", len(b), len(w.payload))
			}
			wantSpliced(t, "at the client", x.near, int64(len(w.payload)), tt.want)
			if s := x.client.Stats(); s.BytesRead != int64(len(w.sent)) || s.FramesRead != w.frames {
				t.Errorf("%d frames of %d bytes have come, want %d of %d", s.FramesRead, s.BytesRead, w.frames, len(w.sent))
			}
			x.client.Terminate()
			_, controls := parse(t, testnet.Take(t, "the answers", answers))
			if last := fmt.Sprint(frames.Pong, " ", w.pings); !slices.Contains(controls, last) {
				t.Errorf("the answers are %q, want %s among them", controls, last)
			}
		})
	}
}

// A large message that was begun otherwise goes on where it was.
func TestSpliceInOfAMessageBegun(t *testing.T) {
	a, b := testnet.TCPPair(t)
	s := wsconn.NewTestSocket(a, frames.Client, wsconn.PairOptions{})
	defer s.Terminate()
	var w outpour
	w.data(frames.Binary, true, 2<<20)
	w.end()
	half := len(w.sent) / 2
	go b.Write(w.sent[:half])
	ctx, cancel := context.WithCancel(t.Context())
	reading := startCopy(func() (int64, error) {
		_, _, err := s.ReadMessage(ctx)
		return 0, err
	})
	testnet.Poll(t, "half of it", func() bool { return s.Stats().BytesRead == int64(half) })
	cancel()
	mustCopy(t, reading, context.Canceled)
	c, dst := wsconn.NewConn(s, nil), newSink(t)
	go b.Write(w.sent[half:])
	got := unread(dst.far)
	mustCopy(t, startCopy(func() (int64, error) { return c.WriteTo(dst.near) }), nil)
	dst.near.CloseWrite()
	if all := testnet.Take(t, "the end", got); !bytes.Equal(all, w.payload) {
		t.Errorf("%d bytes have arrived, want %d, or they are others", len(all), len(w.payload))
	}
}

// Of one large frame after another the first one alone begins the plain way.
func TestSpliceInFrameAfterFrame(t *testing.T) {
	x := newInbound(t, wsconn.PairOptions{})
	var w outpour
	for range 32 {
		w.data(frames.Binary, true, wsconn.SpliceLeast)
	}
	w.end()
	copying := x.start()
	go x.server.Write(w.sent)
	x.mustCarry(t, &w, 0, len(w.sent))
	mustCopy(t, copying, nil)
	if n := x.near.n.Load(); n > int64(len(w.payload)/4) {
		t.Errorf("%d bytes went the plain way", n)
	}
}

// A deadline ends the copy inside a frame and before one, and it can go on. What
// had come by then has been passed on.
func TestSpliceInDeadline(t *testing.T) {
	x := newInbound(t, wsconn.PairOptions{})
	var w outpour
	for range 4 {
		w.data(frames.Binary, true, 2<<20)
	}
	frame := len(w.sent) / 4
	from := 0
	for _, to := range []int{frame / 2, frame, frame + 3, frame + 9, 2*frame + 10, 3*frame + 11, 4 * frame} {
		x.client.SetReadDeadline(time.Time{})
		copying := x.start()
		testnet.InTime(t, "the writing", func() { x.server.Write(w.sent[from:to]) })
		x.mustCarry(t, &w, from, to)
		x.client.SetReadDeadline(wait.Past)
		if n := mustCopy(t, copying, os.ErrDeadlineExceeded); int(n) != w.carried(t, to)-w.carried(t, from) {
			t.Errorf("up to byte %d %d bytes were copied", to, n)
		}
		from = to
	}
	wantSpliced(t, "at the client", x.near, int64(len(w.payload)), true)
}

// mustCarry reads what is carried by a part of what is sent.
func (x *inbound) mustCarry(tb testing.TB, w *outpour, from, to int) {
	tb.Helper()
	before := w.carried(tb, from)
	got := make([]byte, w.carried(tb, to)-before)
	x.far.SetReadDeadline(time.Now().Add(testnet.Patience))
	if n, err := io.ReadFull(x.far, got); err != nil {
		tb.Fatalf("%d bytes of %d behind %d have arrived, %v", n, len(got), before, err)
	}
	if err := testnet.Check(got, seed, int64(before)); err != nil {
		tb.Error(err)
	}
}

// Whatever ends the stream inside a large frame or before one is the error of the
// copy, behind all that has come.
func TestSpliceInEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(x *inbound)
		want error
	}{
		{"Close", func(x *inbound) { x.client.Close() }, net.ErrClosed},
		{"Terminate", func(x *inbound) { x.client.Terminate() }, net.ErrClosed},
		{"FIN", func(x *inbound) { x.server.CloseWrite() }, io.ErrUnexpectedEOF},
		{"RST", func(x *inbound) { testnet.Abort(x.server) }, syscall.ECONNRESET},
	} {
		for _, behind := range []int{-1 << 20, 0, 5, 10} { // the last frame
			t.Run(fmt.Sprintf("%s/%d", tt.name, behind), func(t *testing.T) {
				x := newInbound(t, wsconn.PairOptions{})
				var w outpour
				w.data(frames.Binary, true, 2<<20)
				to := len(w.sent) + behind
				w.data(frames.Binary, true, 2<<20)
				copying := x.start()
				go x.server.Write(w.sent[:to])
				x.mustCarry(t, &w, 0, to)
				tt.end(x)
				if n := mustCopy(t, copying, tt.want); int(n) != w.carried(t, to) {
					t.Errorf("%d bytes were copied, want %d", n, w.carried(t, to))
				}
				wantSpliced(t, "at the client", x.near, int64(w.carried(t, to)), true)
			})
		}
	}
}

// A header that no server sends is refused for what it is, also where only that of
// a large frame is read.
func TestSpliceInViolation(t *testing.T) {
	x := newInbound(t, wsconn.PairOptions{})
	var w outpour
	w.data(frames.Binary, true, 2<<20)
	copying := x.start()
	go x.server.Write(w.sent)
	x.mustCarry(t, &w, 0, len(w.sent))
	masked := frames.Header{Fin: true, Opcode: frames.Binary, Masked: true, Length: 1 << 20}
	x.server.Write(frames.AppendHeader(nil, masked))
	got := testnet.Take(t, "the copy", copying)
	var violation *frames.Error
	if !errors.As(got.err, &violation) || violation.Rule != "RFC 6455 section 5.1" {
		t.Errorf("the copy ended with %v", got.err)
	}
}

// An error of the destination is the copy's, and costs what was on its way to it,
// but nothing behind that.
func TestSpliceInDestinationFails(t *testing.T) {
	for _, tt := range []struct {
		name string
		fail func(x *inbound)
		want []error // one of them
	}{
		{"closed", func(x *inbound) { x.near.Close() }, []error{net.ErrClosed}},
		{"deadline", func(x *inbound) { x.near.SetWriteDeadline(wait.Past) }, []error{os.ErrDeadlineExceeded}},
		{"reset", func(x *inbound) { testnet.Abort(x.far) }, []error{syscall.ECONNRESET, syscall.EPIPE}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := newInbound(t, wsconn.PairOptions{})
			w, copying := x.fillUp(t)
			tt.fail(x)
			got := testnet.Take(t, "the copy", copying)
			op, ok := errors.AsType[*net.OpError](got.err)
			if !ok || op.Op != "write" || op.Net != "tcp" || !slices.ContainsFunc(tt.want, func(e error) bool { return errors.Is(op, e) }) {
				t.Errorf("the copy ended with %v", got.err)
			}
			rest, err := io.ReadAll(x.client)
			if err != nil || len(rest) == 0 || !bytes.HasSuffix(w.payload, rest) {
				t.Errorf("%d bytes are left, %v, or they are others", len(rest), err)
			}
			if lost := int64(len(w.payload)-len(rest)) - got.n; lost < 0 || lost > 1<<20 {
				t.Errorf("%d bytes were lost", lost)
			}
		})
	}
}

// A destination that takes nothing for a while holds the source up, and loses
// nothing. What is read ahead meanwhile is not overtaken.
func TestSpliceInSlowDestination(t *testing.T) {
	x := newInbound(t, wsconn.PairOptions{PeerTimeout: 40 * time.Millisecond}) // so it is read ahead soon
	w, copying := x.fillUp(t)
	testnet.Poll(t, "the read-ahead", func() bool { return x.client.Stats().Ahead > 0 })
	x.mustCarry(t, w, 0, len(w.sent))
	if n := mustCopy(t, copying, nil); int(n) != len(w.payload) {
		t.Errorf("%d bytes were copied, want %d", n, len(w.payload))
	}
	wantSpliced(t, "at the client", x.near, int64(len(w.payload)), true)
}

// fillUp copies more than the destination takes that nobody reads, and returns
// when some of that is on its way there.
func (x *inbound) fillUp(tb testing.TB) (*outpour, <-chan copied) {
	x.near.SetWriteBuffer(wsconn.SpliceLeast)
	x.far.SetReadBuffer(wsconn.SpliceLeast)
	w := new(outpour)
	w.data(frames.Binary, true, 8<<20)
	w.ping()
	w.data(frames.Binary, true, 1000)
	w.end()
	copying := x.start()
	go x.server.Write(w.sent)
	// More than the plain way reads before a large frame is seen to be one.
	testnet.Poll(tb, "a full pipe", func() bool { return x.client.Stats().BytesRead > 2*wsconn.SpliceLeast })
	return w, copying
}
