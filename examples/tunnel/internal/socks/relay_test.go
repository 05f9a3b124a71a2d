package socks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
	"github.com/wsstream/wsstream/internal/testnet"
)

const (
	askAssociate = greeting + "\x05\x03\x00\x01\x00\x00\x00\x00\x00\x00"
	toH          = "\x00\x00\x00\x03\x01h\x00\x35"
	toIPv4       = "\x00\x00\x00\x01\x01\x02\x03\x04\x00\x35"
	toIPv6       = "\x00\x00\x00\x04\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x35"
)

// relayed is a client with an association. Its targets say what they get behind
// their name.
type relayed struct {
	t      *testing.T
	tcp    *net.TCPConn
	udp    *net.UDPConn
	at     *net.UDPAddr // of the association
	cancel context.CancelFunc
	done   chan error
	ended  chan string // the targets of streams that have ended

	mu     sync.Mutex
	opened []string
	echoes sync.WaitGroup
}

func associateWith(t *testing.T, idle time.Duration) *relayed {
	t.Helper()
	client, server := testnet.TCPPair(t)
	a := asked(t, client, server, askAssociate)
	ctx, cancel := context.WithCancel(testnet.Bounded(t))
	r := &relayed{t: t, tcp: client, cancel: cancel, done: make(chan error, 1), ended: make(chan string, 2*maxDestinations)}
	var running sync.WaitGroup
	running.Go(func() { r.done <- Relay(ctx, a, r.open, idle) })
	t.Cleanup(func() {
		cancel()
		client.Close()
		running.Wait()
		r.echoes.Wait()
	})
	reply := make([]byte, 10)
	if _, err := io.ReadFull(client, reply); err != nil || string(reply[:8]) != "\x05\x00\x00\x01\x7f\x00\x00\x01" {
		t.Fatalf("the association is answered with %q, %v", reply, err)
	}
	r.at = &net.UDPAddr{IP: reply[4:8], Port: int(reply[8])<<8 | int(reply[9])}
	r.udp = r.socket()
	return r
}

// socket is another one of the client's host.
func (r *relayed) socket() *net.UDPConn {
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	c.SetReadDeadline(time.Now().Add(testnet.Patience))
	return c
}

func (r *relayed) open(ctx context.Context, target spec.Addr) (io.ReadWriteCloser, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opened = append(r.opened, target.String())
	switch target.Address {
	case "refused:53":
		return nil, errors.New("refused")
	case "hangs:53":
		r.tcp.Close()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	near, far := testnet.Pipe(1 << 18)
	r.echoes.Go(func() {
		defer func() {
			far.Close()
			r.ended <- target.Address
		}()
		for p, buffer := make([]byte, wire.MaxDatagram), make([]byte, wire.MaxDatagram+2); ; {
			d, err := wire.ReadDatagram(far, p)
			if err == nil {
				err = wire.WriteDatagram(far, append([]byte(target.Address+" "), d...), buffer)
			}
			if err != nil {
				return
			}
		}
	})
	return near, nil
}

func (r *relayed) send(from *net.UDPConn, datagrams ...string) {
	r.t.Helper()
	for _, d := range datagrams {
		if _, err := from.WriteTo([]byte(d), r.at); err != nil {
			r.t.Fatal(err)
		}
	}
}

// hear fails the test unless the client gets that next.
func (r *relayed) hear(want string) {
	r.t.Helper()
	p := make([]byte, wire.MaxDatagram)
	n, err := r.udp.Read(p)
	if got := string(p[:n]); got != want || err != nil {
		r.t.Fatalf("the client gets %d bytes, %.60q, %v; want %d, %.60q", n, got, err, len(want), want)
	}
}

func (r *relayed) wantOpened(want ...string) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.opened, want) {
		r.t.Errorf("opened are %q, want %q", r.opened, want)
	}
}

func TestRelay(t *testing.T) {
	r := associateWith(t, time.Hour)
	long := strings.Repeat("long", 2000)
	for _, tt := range []struct{ header, data, answer string }{
		{"\xff\xff" + toH[2:], "reserved", toH + "h:53 reserved"},
		{toH, "query", toH + "h:53 query"},
		{toIPv4, "query", toIPv4 + "1.2.3.4:53 query"},
		{toIPv6, "query", toIPv6 + "[2001:db8::1]:53 query"},
		{toH, "again", toH + "h:53 again"},
		{toH, "", toH + "h:53 "},
		{toIPv6, "", toIPv6 + "[2001:db8::1]:53 "},
		{toIPv4, long, toIPv4 + "1.2.3.4:53 " + long},
	} {
		r.send(r.udp, tt.header+tt.data)
		r.hear(tt.answer)
	}
	r.wantOpened("udp://h:53", "udp://1.2.3.4:53", "udp://[2001:db8::1]:53")
}

// What makes no sense, what is refused and what is another's costs nothing but
// itself.
func TestRelayDrops(t *testing.T) {
	r := associateWith(t, time.Hour)
	stranger := r.socket()
	r.send(stranger, "", "\x00\x00\x00", "GET / HTTP/1.1\r\n\r\n")
	r.send(r.udp,
		"\x00\x00\x01\x03\x01f\x00\x35fragment",
		"\x00\x00\x80\x03\x01f\x00\x35last fragment",
		"\x00\x00\x00\x02\x01h\x00\x35no such type",
		"\x00\x00\x00\x03\x00\x00\x35no host",
		"\x00\x00\x00\x03\x01h\x00\x00no port",
		"\x00\x00\x00\x03\x03a/b\x00\x35no name",
		toH+"query")
	r.hear(toH + "h:53 query")
	r.send(stranger, toIPv4+"stranger", toH+"stranger")
	r.send(r.udp, "\x00\x00\x00\x03\x07refused\x00\x35query", toIPv6+"query")
	r.hear(toIPv6 + "[2001:db8::1]:53 query")
	r.tcp.Close()
	if err := testnet.Take(t, "the end of the association", r.done); err != nil {
		t.Error(err)
	}
	slices.Sort(r.opened)
	r.wantOpened("udp://[2001:db8::1]:53", "udp://h:53", "udp://refused:53")
}

// Whose datagrams count: the client's host, however it is written, and its port.
func TestAssociationTake(t *testing.T) {
	for _, tt := range []struct {
		client, from string
		want         bool
	}{
		{"", "10.0.0.1:1000", true},
		{"", "[::ffff:10.0.0.1]:1000", true},
		{"", "10.0.0.2:1000", false},
		{"", "[2001:db8::1]:1000", false},
		{"10.0.0.1:1000", "10.0.0.1:1000", true},
		{"10.0.0.1:1000", "10.0.0.1:1001", false},
		{"10.0.0.1:1000", "10.0.0.2:1000", false},
	} {
		as := &association{host: netip.MustParseAddr("10.0.0.1")}
		if tt.client != "" {
			as.client = netip.MustParseAddrPort(tt.client)
		}
		from := netip.MustParseAddrPort(tt.from)
		if _, _, ok := as.take([]byte(toH), from); ok != tt.want {
			t.Errorf("with the client %q, a datagram from %s counts: %v", tt.client, tt.from, ok)
		}
		if tt.want && as.client != from {
			t.Errorf("the client is at %v, not at %v", as.client, from)
		}
	}
}

// A destination that is idle is closed, and comes back when it is needed.
func TestRelayIdle(t *testing.T) {
	r := associateWith(t, 50*time.Millisecond)
	r.send(r.udp, toH+"query")
	testnet.Take(t, "the end of an idle stream", r.ended)
	testnet.Poll(t, "a second stream", func() bool {
		r.send(r.udp, toH+"again")
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.opened) > 1
	})
	if err := r.tcp.Close(); err != nil {
		t.Error(err)
	}
	if err := testnet.Take(t, "the end of the association", r.done); err != nil {
		t.Error(err)
	}
}

func TestRelayLimit(t *testing.T) {
	const more = 8
	r := associateWith(t, time.Hour)
	for i := range maxDestinations {
		r.send(r.udp, fmt.Sprintf("\x00\x00\x00\x03\x04h%03d\x00\x35query", i))
		r.hear(fmt.Sprintf("\x00\x00\x00\x03\x04h%03d\x00\x35h%03d:53 query", i, i))
	}
	for i := range more {
		r.send(r.udp, fmt.Sprintf("\x00\x00\x00\x03\x04m%03d\x00\x35query", i))
	}
	r.send(r.udp, "\x00\x00\x00\x03\x04h000\x00\x35last")
	r.hear("\x00\x00\x00\x03\x04h000\x00\x35h000:53 last")
	r.cancel()
	if err := testnet.Take(t, "the end of the association", r.done); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled, it ends with %v", err)
	}
	if len(r.opened) != maxDestinations {
		t.Errorf("%d streams were opened, want %d", len(r.opened), maxDestinations)
	}
}

// The end of the connection is that of the streams, of the socket, and of what
// is being opened.
func TestRelayEnds(t *testing.T) {
	r := associateWith(t, time.Hour)
	r.send(r.udp, toH+"query")
	r.hear(toH + "h:53 query")
	r.send(r.udp, "\x00\x00\x00\x03\x05hangs\x00\x35query")
	if err := testnet.Take(t, "the end of the association", r.done); err != nil {
		t.Error(err)
	}
	testnet.InTime(t, "the streams to end", r.echoes.Wait)
	again, err := net.ListenUDP("udp", r.at)
	if err != nil {
		t.Fatalf("the port of the association is not free: %v", err)
	}
	again.Close()
}

func TestRelayStops(t *testing.T) {
	r := associateWith(t, time.Hour)
	r.cancel()
	if err := testnet.Take(t, "the end of the association", r.done); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled, it ends with %v", err)
	}
	if n, err := r.tcp.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the connection is open: %d bytes, %v", n, err)
	}
}

func TestRelayNeedsTCP(t *testing.T) {
	client, server := testnet.Pipe()
	defer client.Close()
	a := asked(t, client, server, askAssociate)
	client.(*testnet.PipeConn).CloseWrite()
	err := Relay(testnet.Bounded(t), a, nil, time.Hour)
	if !errors.Is(err, errNoTCP) {
		t.Errorf("without TCP: %v", err)
	}
	if p, err := io.ReadAll(client); string(p) != "\x05\x07\x00\x01\x00\x00\x00\x00\x00\x00" || err != nil {
		t.Errorf("answered with %q, %v", p, err)
	}
}
