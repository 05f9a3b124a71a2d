package wsconn_test

import (
	"io"
	"net"
	"runtime"
	"testing"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// unheard returns a server's end whose peer reads and says nothing.
func unheard(t *testing.T, o *deflate.Options) *wsconn.Socket {
	a, b := testnet.TCPPair(t)
	go io.Copy(io.Discard, struct{ net.Conn }{b})
	s := wsconn.NewTestSocket(a, frames.Server, wsconn.PairOptions{NoHalfClose: true, Compression: o})
	t.Cleanup(func() {
		s.Terminate()
		b.Close()
	})
	return s
}

// A connection that has ended gives its part of MaxWindowMemory back, also if it
// ends while a message is written.
func TestEndGivesTheWindowBack(t *testing.T) {
	for i, writing := range []bool{false, true} {
		o := &deflate.Options{MaxWindowMemory: 17_000 + i} // each its own
		first, next := unheard(t, o), unheard(t, o)
		send := func(s *wsconn.Socket, size int) int64 {
			before := s.Stats().BytesWritten
			if err := s.WriteMessage(t.Context(), wsconn.Binary, logLines(size)); err != nil {
				t.Fatal(err)
			}
			return s.Stats().BytesWritten - before
		}
		send(first, 40_000) // takes all of it
		abort := func() {}
		if writing {
			w, err := first.NextWriter(t.Context(), wsconn.Binary)
			if err != nil {
				t.Fatal(err)
			}
			abort = w.Abort
		}
		first.Terminate()
		abort()
		send(next, 20_000)
		for range 8*runtime.GOMAXPROCS(0) + 1 { // so that next's encoder is not kept
			send(unheard(t, new(deflate.Options)), 2000)
		}
		if n := send(next, 20_000); n > 1000 {
			t.Errorf("ended while writing: %t: the same message again takes %d bytes, so that there is no window", writing, n)
		}
		runtime.KeepAlive(first)
	}
}

// Each message of a stream is compressed by itself.
func TestCompressedStreamKeepsToItsMessageSize(t *testing.T) {
	o := compressing(nil)
	o.Stream.MessageSize = 1000
	client, server := connPair(t, everyTransport[0], o)
	client.Write(logLines(5000))
	mustRead(t, server, string(logLines(5000)))
	if n := client.Stats().FramesWritten; n != 5 {
		t.Errorf("%d frames, want 5", n)
	}
}

// A prepared message is compressed once for each size of window, also if that
// shows that it is better not.
func TestPreparedForSeveralWindows(t *testing.T) {
	small, large := unheard(t, &deflate.Options{ServerMaxWindowBits: 9}), unheard(t, new(deflate.Options))
	for _, tt := range []struct {
		name    string
		p       []byte
		shrinks bool
	}{
		{"lines", logLines(5000), true},
		{"noise", noise(5000), false},
		{"below the threshold", logLines(1000), false},
	} {
		m := wsconn.Prepare(wsconn.Binary, tt.p)
		for range 2 {
			for _, s := range []*wsconn.Socket{small, large} {
				before := s.Stats().BytesWritten
				if err := s.WritePrepared(t.Context(), m); err != nil {
					t.Fatal(err)
				}
				if n := s.Stats().BytesWritten - before; (n < int64(len(tt.p))) != tt.shrinks {
					t.Errorf("%s: %d bytes of %d", tt.name, n, len(tt.p))
				}
			}
		}
		if n := m.Compressions(); n != 2 {
			t.Errorf("%s: compressed %d times, want 2", tt.name, n)
		}
	}
}
