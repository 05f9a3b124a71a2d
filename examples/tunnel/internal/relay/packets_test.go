package relay_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/relay"
	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
	"github.com/wsstream/wsstream/internal/testnet"
)

// packets carries datagrams in the background, until the channel is closed.
func packets(stream, udp io.ReadWriteCloser, idle time.Duration) (up, down *atomic.Int64, done chan struct{}) {
	up, down, done = new(atomic.Int64), new(atomic.Int64), make(chan struct{})
	go func() {
		defer close(done)
		relay.Packets(stream, udp, idle, up, down)
	}()
	return up, down, done
}

func writeDatagram(t *testing.T, w io.Writer, p []byte) {
	t.Helper()
	if err := wire.WriteDatagram(w, p, make([]byte, wire.MaxDatagram+2)); err != nil {
		t.Error(err)
	}
}

// Datagrams keep their borders both ways, and one that UDP cannot send is lost
// without taking others along.
func TestPacketsOverUDP(t *testing.T) {
	echo, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer echo.Close()
	go func() {
		p := make([]byte, wire.MaxDatagram)
		for {
			n, from, err := echo.ReadFrom(p)
			if err != nil {
				return
			}
			echo.WriteTo(p[:n], from)
		}
	}()
	udp, err := net.Dial("udp", echo.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	near, far := testnet.TCPPair(t)
	up, down, done := packets(near, udp, time.Hour)
	far.SetDeadline(time.Now().Add(testnet.Patience))
	p, buffer := make([]byte, wire.MaxDatagram), make([]byte, wire.MaxDatagram)
	testnet.Fill(p, seed, 0)
	writeDatagram(t, far, p) // no room for the headers
	sum := int64(0)
	for _, n := range []int{1, 0, 1472, 9000, 0, 65507, 3} {
		writeDatagram(t, far, p[:n])
		got, err := wire.ReadDatagram(far, buffer)
		if err != nil || !bytes.Equal(got, p[:n]) {
			t.Fatalf("%d bytes came back as %d, %v", n, len(got), err)
		}
		sum += int64(n)
	}
	far.CloseWrite()
	testnet.Take(t, "Packets", done)
	if _, err := udp.Write(nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the UDP socket is not closed: %v", err)
	}
	if up.Load() != sum+wire.MaxDatagram || down.Load() != sum {
		t.Errorf("counted %d and %d bytes, want %d and %d", up.Load(), down.Load(), sum+wire.MaxDatagram, sum)
	}
}

// socket is UDP in memory: it reads what results returns, and then waits until
// it is closed.
type socket struct {
	results chan error // nil for a datagram
	reads   atomic.Int64
	once    sync.Once
	closed  chan struct{}
}

func newSocket() *socket { return &socket{results: make(chan error), closed: make(chan struct{})} }

func (s *socket) Read(p []byte) (int, error) {
	s.reads.Add(1)
	select {
	case err := <-s.results:
		return 1, err
	case <-s.closed:
		return 0, net.ErrClosed
	}
}

func (s *socket) Write(p []byte) (int, error) { return len(p), nil }

func (s *socket) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

// Datagrams of either direction keep it open, and nothing else does.
func TestPacketsIdle(t *testing.T) {
	const idle = time.Minute
	synctest.Test(t, func(t *testing.T) {
		near, far := testnet.Pipe()
		udp := newSocket()
		_, _, done := packets(near, udp, idle)
		go io.Copy(io.Discard, far)
		for range 3 {
			time.Sleep(idle - 1)
			writeDatagram(t, far, nil)
			time.Sleep(idle - 1)
			udp.results <- nil
		}
		synctest.Wait()
		last := time.Now()
		<-done
		if waited := time.Since(last); waited != idle {
			t.Errorf("it was closed %v after the last datagram, want %v", waited, idle)
		}
		testnet.Take(t, "the end of UDP", udp.closed)
	})
}

// A stream that breaks, also in the middle of a datagram, ends it.
func TestPacketsStreamEnds(t *testing.T) {
	for name, end := range map[string]func(net.Conn){
		"well":          func(c net.Conn) { c.Close() },
		"in a datagram": func(c net.Conn) { c.Write([]byte{0, 9, 1}); c.Close() },
		"reset":         func(c net.Conn) { testnet.Abort(c) },
	} {
		t.Run(name, func(t *testing.T) {
			near, far := testnet.Pipe()
			udp := newSocket()
			_, _, done := packets(near, udp, time.Hour)
			end(far)
			testnet.Take(t, "Packets", done)
			testnet.Take(t, "the end of UDP", udp.closed)
		})
	}
}

// An error of UDP is about one datagram; many in a row are about the socket.
func TestPacketsSocketErrors(t *testing.T) {
	near, far := testnet.Pipe()
	udp := newSocket()
	_, _, done := packets(near, udp, time.Hour)
	for range 500 {
		for range 3 {
			udp.results <- syscall.ECONNREFUSED
		}
		udp.results <- nil
		if _, err := wire.ReadDatagram(far, make([]byte, wire.MaxDatagram)); err != nil {
			t.Fatal(err)
		}
	}
	before := udp.reads.Load()
	go func() {
		for {
			select {
			case udp.results <- syscall.ECONNREFUSED:
			case <-udp.closed:
				return
			}
		}
	}()
	testnet.Take(t, "Packets", done)
	if failed := udp.reads.Load() - before; failed > 1000 {
		t.Errorf("it was given up after %d errors", failed)
	}
	if _, err := far.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the stream has not ended: %v", err)
	}
}
