package wsconn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// A gate is a transport that passes on what is written when it is told to.
type gate struct {
	net.Conn
	mu   sync.Mutex
	held *bytes.Buffer // nil while it is open
}

func (g *gate) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held == nil {
		return g.Conn.Write(p)
	}
	return g.held.Write(p)
}

func (g *gate) WriteSurvivesDeadline() bool { return true }

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held = new(bytes.Buffer)
}

// pass lets n bytes through.
func (g *gate) pass(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.Conn.Write(g.held.Next(n))
}

// belowTLS are what a TLS connection may stand on.
var belowTLS = map[string]func(net.Conn) net.Conn{
	"a part of ours below": wsconn.BelowTLSConn,
	"nothing below":        func(c net.Conn) net.Conn { return c },
}

// gatedTLS returns TLS over transports that survive deadlines, and the gate at
// the bottom of each end of the last connection made.
func gatedTLS(name string, below func(net.Conn) net.Conn) (gates map[frames.Role]*gate, tr transports) {
	gates = make(map[frames.Role]*gate)
	return gates, transports{name, func(tb testing.TB) (client, server net.Conn) {
		a, b := testnet.Pipe()
		gates[frames.Client], gates[frames.Server] = &gate{Conn: a}, &gate{Conn: b}
		return tlsOver(tb, below(gates[frames.Client]), below(gates[frames.Server]))
	}}
}

// Of TLS no byte can be read before its record is whole. Where a part of ours is
// below it, the bytes are life all the same.
func TestPartOfATLSRecordIsLife(t *testing.T) {
	for name, want := range map[string]time.Duration{ // of the ping
		"a part of ours below": 24 * time.Second,
		"nothing below":        15 * time.Second,
	} {
		gates, tr := gatedTLS(name, belowTLS[name])
		onStage(t, tr, wsconn.PairOptions{}, func(s *stage) {
			s.reads(s.stream())
			s.listen(silent)
			s.until(9 * time.Second)
			g := gates[other(s.role)]
			g.shut()
			s.send(frames.Binary, "x")
			g.pass(3)
			s.until(want - 1)
			s.saw()
			s.until(want)
			s.saw(pings(want)...)
			g.pass(1) // and this puts off the verdict, or does not
			s.until(want + timeout)
			if st := s.socket.Stats(); want == 15*time.Second {
				s.saw(append(pings(want), "25s cut")...)
			} else if s.saw(pings(want)...); st.LastInbound != s.start.Add(want) {
				s.t.Errorf("the last byte came at %v, want %v", st.LastInbound.Sub(s.start), want)
			}
		})
	}
}

// A read-ahead may be woken in the middle of a record of TLS, and so may a Read
// by its deadline: nothing of it is lost.
func TestReadAheadOfATLSRecord(t *testing.T) {
	for name, below := range belowTLS {
		gates, tr := gatedTLS(name, below)
		onStage(t, tr, wsconn.PairOptions{KeepAlive: wsconn.KeepAlive{Interval: -1}}, func(s *stage) {
			c := s.stream()
			s.until(2 * time.Second)
			g := gates[other(s.role)]
			g.shut()
			s.send(frames.Binary, "hello")
			for g.held.Len() > 1 {
				g.pass(1)
				s.until(s.now() + 2*time.Second)
				c.SetReadDeadline(time.Now().Add(ms))
				if n, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
					s.t.Fatalf("%d bytes before the end of the record: Read: %d, %v", g.held.Len(), n, err)
				}
			}
			c.SetReadDeadline(time.Time{})
			g.pass(1)
			mustRead(s.t, c, "hello")
		})
	}
}

// dialedPair returns two ends that have found each other over HTTP, in a bubble.
// The first one has this role.
func dialedPair(t *testing.T, tr transports, role frames.Role, own, peer wsconn.DialOptions) (c, p *wsconn.Conn) {
	dial, accept := inRoles(role, own, peer)
	a, b := tr.make(t)
	pipes := &oneConn{conns: make(chan net.Conn, 1), closed: make(chan struct{})}
	pipes.conns <- b
	l := wsconn.NewListener(&wsconn.AcceptOptions{KeepAlive: accept.KeepAlive, OnPong: accept.OnPong})
	s := &http.Server{Handler: l, ErrorLog: log.New(io.Discard, "", 0)}
	go s.Serve(pipes)
	dial.DialContext = func(context.Context, string, string) (net.Conn, error) { return a, nil }
	client, err := wsconn.Dial(t.Context(), "ws://example.com", &dial)
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Terminate()
		server.(*wsconn.Conn).Terminate()
		s.Close()
	})
	return inRoles(role, client, server.(*wsconn.Conn))
}

// What one end says in the handshake is how often it hears of the other one
// while that does not read.
func TestTimeoutIsSaidInTheHandshake(t *testing.T) {
	const second = time.Second
	for _, tt := range []struct {
		name  string
		own   wsconn.KeepAlive // of the end that does not read
		peer  wsconn.KeepAlive
		every time.Duration // when it says that it lives
	}{
		{"a short one", wsconn.KeepAlive{}, wsconn.KeepAlive{Interval: 2 * second, Timeout: second}, second / 2},
		{"in milliseconds", wsconn.KeepAlive{}, wsconn.KeepAlive{Timeout: 400 * time.Millisecond}, 200 * time.Millisecond},
		{"the defaults", wsconn.KeepAlive{}, wsconn.KeepAlive{}, 5 * second},
		{"a long one", wsconn.KeepAlive{Timeout: 2 * second}, wsconn.KeepAlive{Timeout: 100 * second}, second},
		{"no timeout", wsconn.KeepAlive{Timeout: 4 * second}, wsconn.KeepAlive{Timeout: -1}, 2 * second},
		{"no interval", wsconn.KeepAlive{Timeout: 4 * second}, wsconn.KeepAlive{Interval: -1}, 2 * second},
		{"none on this side", wsconn.KeepAlive{Interval: -1}, wsconn.KeepAlive{Timeout: 4 * second}, 2 * second},
		{"none at all", wsconn.KeepAlive{Interval: -1}, wsconn.KeepAlive{Interval: -1}, 5 * second},
	} {
		for _, tr := range everyTransport[4:] {
			for _, role := range []frames.Role{frames.Client, frames.Server} {
				t.Run(fmt.Sprintf("%s/%s/role %d", tt.name, tr.name, role), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						start := time.Now()
						var mu sync.Mutex
						var pongs []time.Duration
						own := wsconn.DialOptions{KeepAlive: tt.own}
						peer := wsconn.DialOptions{KeepAlive: tt.peer, OnPong: func(*wsconn.Socket, []byte) {
							mu.Lock()
							defer mu.Unlock()
							pongs = append(pongs, time.Since(start))
						}}
						c, p := dialedPair(t, tr, role, own, peer)
						letFlood(t, c, p)
						mu.Lock()
						defer mu.Unlock()
						if len(pongs) < int(time.Minute/tt.every) {
							t.Fatalf("%d Pongs", len(pongs))
						}
						for i, at := range pongs[1:] {
							if since := at - pongs[i]; since != tt.every {
								t.Fatalf("a Pong at %v, %v after the one before, want %v", at, since, tt.every)
							}
						}
					})
				})
			}
		}
	}
}

// letFlood has a peer send more than the read-ahead of c holds, which is read
// only after two minutes.
func letFlood(t *testing.T, c, peer *wsconn.Conn) {
	const size = 1 << 20
	go io.Copy(io.Discard, peer)
	sent := make(chan error, 1)
	go func() {
		_, err := io.Copy(peer, testnet.NewSource(7, size))
		sent <- err
		peer.CloseWrite()
	}()
	time.Sleep(2 * time.Minute)
	synctest.Wait()
	if !c.Stats().Slow || peer.Stats().Slow {
		t.Errorf("the end that does not read: %+v, its peer: %+v", c.Stats(), peer.Stats())
	}
	if n, err := io.Copy(testnet.NewVerifier(7), c); n != size || err != nil {
		t.Errorf("received %d, %v", n, err)
	}
	if err := <-sent; err != nil {
		t.Errorf("sent: %v", err)
	}
}

// A listener forgets a connection whose peer was given up.
func TestListenerForgetsWhoWasGivenUp(t *testing.T) {
	const short = 20 * time.Millisecond
	s := serve(t, overTCP, &wsconn.AcceptOptions{KeepAlive: wsconn.KeepAlive{Interval: short, Timeout: short}})
	kept := func() weak.Pointer[wsconn.Conn] {
		client := stoppedClient(s.server.Listener.Addr().String())
		t.Cleanup(func() { client.Close() })
		conn, err := s.Accept()
		if err != nil {
			t.Fatal(err)
		}
		server := conn.(*wsconn.Conn)
		if _, err := server.Read(make([]byte, 1)); isGivenUp(err) != nil {
			t.Errorf("Read: %v", isGivenUp(err))
		}
		return weak.Make(server)
	}()
	deadline := time.Now().Add(patience)
	for runtime.GC(); kept.Value() != nil; runtime.GC() {
		if time.Now().After(deadline) {
			t.Fatal("the connection is still in memory")
		}
		runtime.Gosched()
	}
	runtime.KeepAlive(s)
}
