package testnet_test

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
)

// relayed returns the two ends of a connection through a relay.
func relayed(t *testing.T, up, down testnet.Toxic) (r *testnet.Relay, client, server *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r, err = testnet.NewRelay(l.Addr().String(), up, down)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	dialed, err := net.Dial("tcp", r.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dialed.Close() })
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { accepted.Close() })
	return r, dialed.(*net.TCPConn), accepted.(*net.TCPConn)
}

// send writes the first size bytes of the stream of seed and ends it.
func send(c *net.TCPConn, seed uint64, size int64) {
	io.Copy(c, testnet.NewSource(seed, size))
	c.CloseWrite()
}

// receive reads to the end, and fails t if that is not all of the stream.
func receive(t *testing.T, c net.Conn, seed uint64, size int64) {
	t.Helper()
	v := testnet.NewVerifier(seed)
	if _, err := io.Copy(v, c); err != nil || v.N() != size {
		t.Errorf("%d of %d bytes came, %v", v.N(), size, err)
	}
}

func TestRelayPasses(t *testing.T) {
	const size = 8 << 20
	r, client, server := relayed(t, testnet.Toxic{}, testnet.Toxic{})
	go send(client, 1, size)
	go send(server, 2, size)
	done := make(chan struct{})
	go func() {
		defer close(done)
		receive(t, client, 2, size)
	}()
	receive(t, server, 1, size)
	<-done
	if r.Hits() != 0 {
		t.Errorf("without a toxic there were %d hits", r.Hits())
	}
}

func TestRelayLatency(t *testing.T) {
	const latency, size = 100 * time.Millisecond, 2 << 20
	r, client, server := relayed(t, testnet.Toxic{Latency: latency}, testnet.Toxic{})
	began := time.Now()
	go send(client, 1, size)
	receive(t, server, 1, size)
	// One piece after the other would take 64 times the latency.
	if took := time.Since(began); took < latency || took > 20*latency {
		t.Errorf("it took %v", took)
	}
	if r.Hits() == 0 {
		t.Error("no hits")
	}
}

func TestRelayBandwidth(t *testing.T) {
	const size, rate = 200_000, 1_000_000
	r, client, server := relayed(t, testnet.Toxic{}, testnet.Toxic{Bandwidth: rate})
	began := time.Now()
	go send(server, 1, size)
	receive(t, client, 1, size)
	if took := time.Since(began); took < time.Second*size/rate || r.Hits() == 0 {
		t.Errorf("it took %v, %d hits", took, r.Hits())
	}
}

// What a slow line has not carried yet must lie with the sender, not in the
// relay.
func TestRelayBandwidthPushesBack(t *testing.T) {
	_, client, _ := relayed(t, testnet.Toxic{Bandwidth: 1000}, testnet.Toxic{})
	client.SetWriteBuffer(16 << 10)
	client.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
	n, err := client.Write(make([]byte, 8<<20))
	if !isTimeout(err) || n > 1<<20 {
		t.Errorf("a line of 1000 bytes a second took %d, %v", n, err)
	}
}

func TestRelaySlice(t *testing.T) {
	r, client, server := relayed(t, testnet.Toxic{Slice: 3, SliceDelay: 20 * time.Millisecond}, testnet.Toxic{})
	client.Write([]byte("12345678"))
	p := make([]byte, 8)
	began := time.Now()
	n, err := server.Read(p)
	if n != 3 || err != nil {
		t.Errorf("the first Read: %d, %v", n, err)
	}
	if _, err := io.ReadFull(server, p[n:]); err != nil || string(p) != "12345678" {
		t.Errorf("all of it: %q, %v", p, err)
	}
	if time.Since(began) < 40*time.Millisecond || r.Hits() == 0 {
		t.Errorf("three slices took %v, %d hits", time.Since(began), r.Hits())
	}
}

func TestRelaySlowClose(t *testing.T) {
	const delay = 100 * time.Millisecond
	r, client, server := relayed(t, testnet.Toxic{SlowClose: delay}, testnet.Toxic{})
	began := time.Now()
	go send(client, 1, 1000)
	receive(t, server, 1, 1000)
	if took := time.Since(began); took < delay || r.Hits() == 0 {
		t.Errorf("the end came after %v, %d hits", took, r.Hits())
	}
}

// A black hole that goes away again loses nothing.
func TestRelayOutage(t *testing.T) {
	r, client, server := relayed(t, testnet.Toxic{Timeout: -1}, testnet.Toxic{})
	go send(client, 1, 1<<20)
	server.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := server.Read(make([]byte, 1)); n != 0 || !isTimeout(err) {
		t.Errorf("out of the black hole came %d, %v", n, err)
	}
	server.SetReadDeadline(time.Time{})
	if r.Hits() == 0 {
		t.Error("no hits")
	}
	r.Set(testnet.Toxic{}, testnet.Toxic{})
	receive(t, server, 1, 1<<20)
}

func TestRelayTimeout(t *testing.T) {
	const timeout = 50 * time.Millisecond
	r, client, server := relayed(t, testnet.Toxic{Timeout: timeout}, testnet.Toxic{})
	began := time.Now()
	client.Write([]byte("x"))
	if n, err := server.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("at the end came %d, %v", n, err)
	}
	if took := time.Since(began); took < timeout || r.Hits() == 0 {
		t.Errorf("the end came after %v, %d hits", took, r.Hits())
	}
}

func TestRelayResetPeer(t *testing.T) {
	r, client, server := relayed(t, testnet.Toxic{}, testnet.Toxic{ResetPeer: time.Millisecond})
	server.Write([]byte("x"))
	for name, c := range map[string]net.Conn{"client": client, "server": server} {
		if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the %s reads %d, %v", name, n, err)
		}
	}
	if r.Hits() == 0 {
		t.Error("no hits")
	}
}

func TestRelayLimitData(t *testing.T) {
	for _, limit := range []int64{1, 50_000, 100_000} {
		r, client, server := relayed(t, testnet.Toxic{LimitData: limit}, testnet.Toxic{})
		server.Write([]byte("dropped"))
		go send(client, 1, 100_000)
		receive(t, server, 1, limit)
		server.Write([]byte("dropped too"))
		if _, err := io.Copy(io.Discard, client); err != nil && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the sender reads %v", err)
		}
		if r.Hits() == 0 {
			t.Error("no hits")
		}
	}
}

// What the receiver of limited data still says must not cost it bytes that
// are on their way to it.
func TestRelayLimitDataLosesNothing(t *testing.T) {
	const limit = 200_000
	r, client, server := relayed(t, testnet.Toxic{LimitData: limit}, testnet.Toxic{})
	go send(client, 1, 2*limit)
	for r.Hits() == 0 {
		time.Sleep(time.Millisecond)
	}
	if _, err := server.Write(make([]byte, 8<<20)); err != nil {
		t.Errorf("the receiver writes: %v", err)
	}
	receive(t, server, 1, limit)
}

// A reset of either end is not made an end.
func TestRelayPassesReset(t *testing.T) {
	_, client, server := relayed(t, testnet.Toxic{}, testnet.Toxic{})
	testnet.Abort(client)
	if _, err := server.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the other end reads %v", err)
	}
}

func TestRelayWithoutTarget(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	r, err := testnet.NewRelay(l.Addr().String(), testnet.Toxic{}, testnet.Toxic{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c, err := net.Dial("tcp", r.Addr())
	if err != nil {
		return // the reset was faster
	}
	defer c.Close()
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("the client reads %d, %v", n, err)
	}
}

// Close must end a relay whatever its connections are waiting for.
func TestRelayClose(t *testing.T) {
	testnet.CheckLeaks(t)
	for name, toxic := range map[string]testnet.Toxic{
		"idle":      {},
		"latency":   {Latency: time.Hour},
		"bandwidth": {Bandwidth: 1},
		"slicer":    {Slice: 1, SliceDelay: time.Hour},
		"outage":    {Timeout: -1},
		"timeout":   {Timeout: time.Hour},
		"reset":     {ResetPeer: time.Hour},
		"close":     {SlowClose: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			r, client, server := relayed(t, toxic, toxic)
			go send(client, 1, 8<<20)
			if name == "idle" {
				server.SetReadDeadline(time.Now().Add(time.Second))
				server.Read(make([]byte, 1))
			} else {
				for r.Hits() == 0 && name != "close" {
					time.Sleep(time.Millisecond)
				}
			}
			r.Close()
			client.SetReadDeadline(time.Now().Add(time.Minute))
			if _, err := client.Read(make([]byte, 1)); err == nil || isTimeout(err) {
				t.Errorf("after Close the client reads %v", err)
			}
		})
	}
}
