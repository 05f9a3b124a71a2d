package mux_test

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
)

// What the session makes of the connection, against hashicorp/yamux as it is.

// countedConn counts what is written.
type countedConn struct {
	net.Conn
	writes, bytes atomic.Int64
}

func (c *countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.writes.Add(1)
	c.bytes.Add(int64(n))
	return n, err
}

// plainSessions returns the two ends of a session of hashicorp/yamux.
func plainSessions(tb testing.TB, a, b net.Conn) (client, server *yamux.Session) {
	tb.Helper()
	config := yamux.DefaultConfig()
	config.LogOutput = io.Discard
	client, err := yamux.Client(a, config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { client.Close() })
	if server, err = yamux.Server(b, config); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { server.Close() })
	return client, server
}

// A stream in which a program writes small pieces goes out in large ones, with
// no more bytes than they need.
func TestWritesOfTheConnection(t *testing.T) {
	testnet.CheckLeaks(t)
	const size, piece = 1 << 20, 1 << 10
	count := func(open func(a, b net.Conn) (to io.WriteCloser, from io.Reader)) (writes, bytes int64) {
		a, b := testnet.TCPPair(t)
		counted := &countedConn{Conn: a}
		to, from := open(counted, b)
		done := make(chan error, 1)
		go func() {
			_, err := io.CopyN(io.Discard, from, size)
			done <- err
		}()
		p := make([]byte, piece)
		for range size / piece {
			if _, err := to.Write(p); err != nil {
				t.Fatal(err)
			}
		}
		if err := testnet.Take(t, "the last byte", done); err != nil {
			t.Fatal(err)
		}
		return counted.writes.Load(), counted.bytes.Load()
	}
	writes, bytes := count(func(a, b net.Conn) (io.WriteCloser, io.Reader) {
		client, server := sessions(t, a, b, nil)
		return streams(t, client, server)
	})
	plainWrites, plainBytes := count(func(a, b net.Conn) (io.WriteCloser, io.Reader) {
		client, server := plainSessions(t, a, b)
		to, err := client.Open()
		if err != nil {
			t.Fatal(err)
		}
		from, err := server.Accept()
		if err != nil {
			t.Fatal(err)
		}
		return to, from
	})
	t.Logf("1 MiB in pieces of 1 KiB: %d writes of %d bytes, by plain yamux %d of %d", writes, bytes, plainWrites, plainBytes)
	if writes > plainWrites/2 {
		t.Errorf("%d writes, want at most half of %d", writes, plainWrites)
	}
	// A header each, and some for the beginning and the round trip.
	if most := int64(size + (size/piece+20)*12); bytes > most {
		t.Errorf("%d bytes, want at most %d", bytes, most)
	}
}

// throughput is how many bytes a second go through, after a second in which
// the window may grow.
func throughput(t *testing.T, to io.Writer, from io.Reader, lasting time.Duration) float64 {
	t.Helper()
	stop := make(chan struct{})
	wrote := make(chan error, 1)
	go func() {
		p := make([]byte, 64<<10)
		for {
			select {
			case <-stop:
				wrote <- nil
				return
			default:
			}
			if _, err := to.Write(p); err != nil {
				wrote <- err
				return
			}
		}
	}()
	var read int64
	p := make([]byte, 256<<10)
	began := time.Now()
	for warm := false; time.Since(began) < lasting; {
		if !warm && time.Since(began) > time.Second {
			warm, read, began = true, 0, time.Now()
		}
		n, err := from.Read(p)
		if err != nil {
			t.Fatal(err)
		}
		read += int64(n)
	}
	speed := float64(read) / time.Since(began).Seconds()
	close(stop)
	drained := make(chan struct{})
	go func() { // lets the last Write come to its end
		defer close(drained)
		io.Copy(io.Discard, from)
	}()
	if err := testnet.Take(t, "the last Write", wrote); err != nil {
		t.Fatal(err)
	}
	to.(io.Closer).Close()
	from.(io.Closer).Close()
	testnet.Take(t, "the reader's end", drained)
	return speed
}

// On a path that is fast and long, one stream is not held to a small window in
// each round trip, and to no more than it was allowed.
func TestThroughputOfALongPath(t *testing.T) {
	testnet.CheckLeaks(t)
	const latency, lasting = 25 * time.Millisecond, 2 * time.Second
	toxic := testnet.Toxic{Latency: latency}
	speed := func(cfg *mux.Config) float64 {
		client, server, _ := relayed(t, toxic, cfg)
		to, from := streams(t, client, server)
		v := throughput(t, to, from, lasting)
		client.Close()
		server.Close()
		return v
	}
	a, b, _ := relayedPair(t, toxic)
	client, server := plainSessions(t, a, b)
	to, err := client.OpenStream()
	if err != nil {
		t.Fatal(err)
	}
	from, err := server.AcceptStream()
	if err != nil {
		t.Fatal(err)
	}
	plain := throughput(t, to, from, lasting)
	client.Close()
	server.Close()

	grown := speed(nil)
	fixed := speed(&mux.Config{Window: -1})
	half := speed(&mux.Config{Window: 512 << 10})
	t.Logf("one stream over %v there and back: %.1f MB/s, by plain yamux %.1f; with a window of 512 KiB %.1f, of 256 KiB %.1f",
		2*latency, grown/1e6, plain/1e6, half/1e6, fixed/1e6)
	if grown < 5*plain {
		t.Errorf("%.1f MB/s, want at least 5 times the %.1f of plain yamux", grown/1e6, plain/1e6)
	}
	// More than a window cannot go in a round trip, and the first one is free.
	for window, v := range map[float64]float64{256 << 10: fixed, 512 << 10: half} {
		if most := window * (1/(2*latency).Seconds() + 1/lasting.Seconds()); v > 1.05*most {
			t.Errorf("%.1f MB/s with a window of %v bytes, which allows %.1f", v/1e6, window, most/1e6)
		}
	}
}
