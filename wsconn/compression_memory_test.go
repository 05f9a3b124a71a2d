//go:build !race

// The race detector makes sync.Pool forget at random, so these run without it.

package wsconn_test

import (
	"bytes"
	"compress/flate"
	"context"
	"io"
	"net"
	"runtime"
	"testing"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// bomb is 1 MiB that is inflated to 1 GiB, in frames of 16 KiB.
func bomb() []byte {
	var b bytes.Buffer
	f, _ := flate.NewWriter(&b, flate.BestCompression)
	zeros := make([]byte, 1<<20)
	for range 1 << 10 {
		f.Write(zeros)
	}
	f.Flush()
	w := wire{role: frames.Client}
	w.compressed(frames.Binary, b.Bytes()[:b.Len()-4], 16<<10)
	return w.b
}

// A bomb costs its receiver the memory of what it is compressed to, for a moment,
// be it refused or read to its end.
func TestBombs(t *testing.T) {
	bomb := bomb()
	refused, read := int64(16<<20), int64(0)
	for _, tt := range []struct {
		name    string
		options deflate.Options
		max     int64
		stream  bool
		want    int64
	}{
		{"refused", deflate.Options{}, refused, false, refused},
		{"refused for its ratio", deflate.Options{}, 0, false, 200 * int64(len(bomb))},
		{"refused, without takeover", deflate.Options{ClientNoContextTakeover: true}, refused, false, refused},
		{"refused by a stream", deflate.Options{}, refused, true, 200 * int64(len(bomb))},
		{"read to its end", deflate.Options{MaxRatio: -1}, read, false, 1 << 30},
		{"read to its end by a stream", deflate.Options{MaxRatio: -1}, read, true, 1 << 30},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := testnet.TCPPair(t)
			defer b.Close()
			s := wsconn.NewTestSocket(a, frames.Server, wsconn.PairOptions{Compression: &tt.options, MaxMessage: tt.max})
			defer s.Terminate()
			peak := watchHeap(func() {
				go b.Write(bomb)
				n, err := readAway(t, s, tt.stream, 1<<30)
				if tt.want == 1<<30 && (n != tt.want || err != nil) || tt.want < 1<<30 && (err == nil || n > tt.want) {
					t.Errorf("%d bytes, %v, want at most %d", n, err, tt.want)
				}
			})
			if t.Logf("%d KiB of heap", peak>>10); peak > 2<<20 {
				t.Errorf("%d KiB more on the heap, want at most 2048", peak>>10)
			}
		})
	}
}

// readAway reads n bytes of a message or a stream, or up to an error.
func readAway(t *testing.T, s *wsconn.Socket, stream bool, n int64) (int64, error) {
	if stream {
		return io.CopyN(struct{ io.Writer }{io.Discard}, wsconn.NewConn(s, nil), n)
	}
	_, r, err := s.NextReader(testnet.Bounded(t))
	if err != nil {
		return 0, err
	}
	return io.Copy(struct{ io.Writer }{io.Discard}, r)
}

// watchHeap returns how much the live heap grows at most while f runs.
func watchHeap(f func()) (peak int64) {
	done := make(chan struct{})
	base := int64(liveHeap())
	go func() {
		defer close(done)
		f()
	}()
	for {
		select {
		case <-done:
			return peak
		default:
			peak = max(peak, int64(liveHeap())-base)
		}
	}
}

func liveHeap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A message that is compressed allocates nothing on a stream, and on a socket what
// ReadMessage returns.
func TestSteadyCompressionAllocatesNothing(t *testing.T) {
	for name, options := range map[string]*deflate.Options{"takeover": {}, "no takeover": compressions["no takeover"]} {
		for _, size := range []int{2 << 10, 16 << 10, 100 << 10} {
			out, in := logLines(size), make([]byte, size)
			client, server := connPair(t, transports{"tcp", tcpPair}, compressing(options))
			if n := testing.AllocsPerRun(100, func() {
				if _, err := client.Write(out); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(server, in); err != nil {
					t.Fatal(err)
				}
			}); n > 0 {
				t.Errorf("%s: %d bytes of a stream: %v allocations, want 0", name, size, n)
			}
			if !bytes.Equal(in, out) {
				t.Error("other bytes have arrived")
			}
			from, to := socketPair(t, compressing(options))
			if n := testing.AllocsPerRun(100, func() {
				if err := from.WriteMessage(context.Background(), wsconn.Binary, out); err != nil {
					t.Fatal(err)
				}
				if _, p, err := to.ReadMessage(context.Background()); err != nil || len(p) != size {
					t.Fatal(len(p), err)
				}
			}); n > messageAllocs {
				t.Errorf("%s: a message of %d bytes: %v allocations, want at most %d", name, size, n, messageAllocs)
			}
		}
	}
}

// messageAllocs is the message, and how it grew if it is large.
const messageAllocs = 2

// An idle connection on which compression was agreed, and used, keeps nothing of it
// without context takeover, and the windows with it.
func TestIdleCompressedConnectionsCostLittle(t *testing.T) {
	for _, tt := range []struct {
		name    string
		options *deflate.Options
		most    int // bytes more than the same without compression, both ends: with stacks, one of which may have grown
	}{
		{"no takeover", compressions["no takeover"], 8 << 10},
		{"takeover", &deflate.Options{}, 8<<10 + 2*48<<10},
		{"takeover, 10 bits", &deflate.Options{ServerMaxWindowBits: 10, ClientMaxWindowBits: 10}, 8<<10 + 4<<10},
	} {
		// What other tests have left goes away meanwhile, so one of three counts.
		var more []int
		for range 3 {
			plain := measureIdle(t, "plain", spokenPair(nil))
			ours := measureIdle(t, tt.name, spokenPair(tt.options))
			if more = append(more, ours-plain); ours-plain <= tt.most {
				break
			}
		}
		if more[len(more)-1] > tt.most {
			t.Errorf("%s: %d bytes a connection more than without compression, want at most %d", tt.name, more, tt.most)
		}
	}
}

// spokenPair makes connections on which a message has gone each way.
func spokenPair(o *deflate.Options) func(testing.TB) (client, server net.Conn) {
	text := logLines(40 << 10)
	return func(tb testing.TB) (client, server net.Conn) {
		c, s := connPair(tb, everyTransport[0], wsconn.PairOptions{Compression: o})
		in := make([]byte, len(text))
		for _, d := range []struct{ from, to net.Conn }{{c, s}, {s, c}} {
			if _, err := d.from.Write(text); err != nil {
				tb.Fatal(err)
			}
			if _, err := io.ReadFull(d.to, in); err != nil {
				tb.Fatal(err)
			}
		}
		return c, s
	}
}
