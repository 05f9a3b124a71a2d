package relay_test

import (
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/relay"
	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
	"github.com/wsstream/wsstream/internal/testnet"
)

func dialUDP(t *testing.T, to net.PacketConn) net.Conn {
	t.Helper()
	c, err := net.Dial("udp", to.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(testnet.Patience))
	return c
}

// ask sends a datagram and returns the answer.
func ask(t *testing.T, c net.Conn, text string) string {
	t.Helper()
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 100)
	n, err := c.Read(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(p[:n])
}

// Each peer has one stream, and answers go to who has asked. One that was
// forgotten is a new one.
func TestSourcesPeers(t *testing.T) {
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	var mu sync.Mutex
	var served []string
	sources := &relay.Sources{PC: pc, Serve: func(p *relay.Peer) {
		mu.Lock()
		served = append(served, p.RemoteAddr().String())
		mu.Unlock()
		b := make([]byte, wire.MaxDatagram)
		for {
			n, err := p.Read(b)
			if err != nil || string(b[:n]) == "bye" {
				p.Close()
				p.Write([]byte("gone"))
				return
			}
			p.Write(append([]byte("re: "), b[:n]...))
		}
	}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		sources.Run()
	}()
	one, two := dialUDP(t, pc), dialUDP(t, pc)
	for _, tt := range []struct {
		from       net.Conn
		text, want string
	}{
		{one, "a", "re: a"}, {two, "b", "re: b"}, {one, "", "re: "}, {two, "c", "re: c"},
		{one, "bye", "gone"}, {one, "d", "re: d"}, {two, "e", "re: e"},
	} {
		if got := ask(t, tt.from, tt.text); got != tt.want {
			t.Errorf("%q was answered with %q", tt.text, got)
		}
	}
	pc.Close()
	testnet.Take(t, "Run", done)
	first, second := one.LocalAddr().String(), two.LocalAddr().String()
	if want := []string{first, second, first}; !slices.Equal(served, want) {
		t.Errorf("streams for %v, want %v", served, want)
	}
}

// packetConn is a UDP socket that reads what it is given.
type packetConn struct {
	net.PacketConn
	next func(p []byte) (n int, from net.Addr, err error)
}

func (c packetConn) ReadFrom(p []byte) (int, net.Addr, error) { return c.next(p) }

// from makes the address of a peer.
func from(i int) net.Addr { return &net.UDPAddr{IP: net.IPv4(10, 0, byte(i>>8), byte(i)), Port: 1} }

// More peers than there is room for are not served, and Run waits for those that
// are: they have an end to pass on.
func TestSourcesLimit(t *testing.T) {
	const most = 1024
	synctest.Test(t, func(t *testing.T) {
		var serving, ended atomic.Int32
		closing := make(chan struct{})
		sent := 0
		sources := &relay.Sources{
			PC: packetConn{next: func([]byte) (int, net.Addr, error) {
				if sent++; sent > most+100 {
					<-closing
					return 0, nil, net.ErrClosed
				}
				return 1, from(sent), nil
			}},
			Serve: func(p *relay.Peer) {
				serving.Add(1)
				for b := make([]byte, 1); ; {
					if _, err := p.Read(b); err != nil {
						break
					}
				}
				time.Sleep(time.Second)
				ended.Add(1)
			},
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			sources.Run()
		}()
		synctest.Wait()
		if serving.Load() != most {
			t.Errorf("%d peers are served, want %d", serving.Load(), most)
		}
		close(closing)
		<-done
		if ended.Load() != most {
			t.Errorf("Run returned when %d of %d had ended", ended.Load(), most)
		}
	})
}

// What nobody reads is dropped, and holds up nobody.
func TestSourcesDrop(t *testing.T) {
	for _, tt := range []struct{ size, kept int }{{1, 64}, {60_000, 4}} {
		synctest.Test(t, func(t *testing.T) {
			sent, closing := 0, make(chan struct{})
			read := make(chan struct{})
			kept := 0
			sources := &relay.Sources{
				PC: packetConn{next: func([]byte) (int, net.Addr, error) {
					if sent++; sent > 1000 {
						<-closing
						return 0, nil, net.ErrClosed
					}
					return tt.size, from(1), nil
				}},
				Serve: func(p *relay.Peer) {
					<-read
					for b := make([]byte, wire.MaxDatagram); ; kept++ {
						if _, err := p.Read(b); err != nil {
							return
						}
					}
				},
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				sources.Run()
			}()
			synctest.Wait()
			close(read)
			synctest.Wait()
			close(closing)
			<-done
			if kept != tt.kept {
				t.Errorf("%d datagrams of %d bytes were kept, want %d", kept, tt.size, tt.kept)
			}
		})
	}
}

// A socket that does nothing but fail is tried again, but not all the time.
func TestSourcesErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, reads := time.Now(), 0
		var served atomic.Int32
		sources := &relay.Sources{
			PC: packetConn{next: func([]byte) (int, net.Addr, error) {
				switch after := time.Since(begun); {
				case after < time.Second:
					reads++
					return 0, nil, errors.New("network is down")
				case served.Load() == 0:
					return 1, from(1), nil
				}
				return 0, nil, net.ErrClosed
			}},
			Serve: func(*relay.Peer) { served.Add(1) },
		}
		sources.Run()
		if served.Load() == 0 || reads > 10_000 {
			t.Errorf("served %d times, after %d reads that failed", served.Load(), reads)
		}
	})
}
