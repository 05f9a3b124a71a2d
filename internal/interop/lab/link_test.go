//go:build linux

package lab_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet/lab"
	"github.com/wsstream/wsstream/wsconn"
)

// setup bounds everything that is done before a fault.
const setup = 30 * time.Second

// service accepts connections on a host of a lab.
type service struct {
	*wsconn.Listener
	addr string
}

// serveOn starts a web server in this process, whose sockets are on h.
func serveOn(t *testing.T, h *lab.Host, k wsconn.KeepAlive) *service {
	t.Helper()
	l, err := h.Listen("tcp", h.IP()+":0")
	if err != nil {
		t.Fatal(err)
	}
	s := &service{
		Listener: wsconn.NewListener(&wsconn.AcceptOptions{KeepAlive: k, CloseTimeout: -1}),
		addr:     l.Addr().String(),
	}
	server := &http.Server{Handler: s}
	go server.Serve(l)
	t.Cleanup(func() {
		server.Close()
		s.Close()
	})
	return s
}

// client says how to connect.
type client struct {
	keepAlive wsconn.KeepAlive
	// plain leaves the extension out of the handshake, as any other peer does.
	plain bool
	// underway is about how much it has on its way at most; zero is what the
	// system thinks best.
	underway int
}

// dialFrom connects from a host of a lab.
func dialFrom(t *testing.T, h *lab.Host, addr string, o client) *wsconn.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), setup)
	defer cancel()
	dial := wsconn.Dial
	if o.plain {
		dial = func(ctx context.Context, url string, opts *wsconn.DialOptions) (*wsconn.Conn, error) {
			s, err := wsconn.DialSocket(ctx, url, opts)
			if err != nil {
				return nil, err
			}
			return wsconn.NewConn(s, nil), nil
		}
	}
	c, err := dial(ctx, "ws://"+addr, &wsconn.DialOptions{
		KeepAlive: o.keepAlive, CloseTimeout: -1,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := h.DialContext(ctx, network, address)
			if err == nil && o.underway > 0 {
				c.(*net.TCPConn).SetWriteBuffer(o.underway)
			}
			return c, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Terminate() })
	return c
}

// link is a connection across a lab.
type link struct{ client, server *wsconn.Conn }

// links makes links from the client to the server of a lab.
func links(t *testing.T, l *lab.Lab, o client, n int) []link {
	t.Helper()
	s := serveOn(t, l.Server, o.keepAlive)
	return repeat(o, n, func() link { return s.link(t, l.Client, s.addr, o) })
}

// repeat makes n links, so far apart that a fault meets them at different points
// of their intervals.
func repeat(o client, n int, one func() link) (made []link) {
	for range n {
		made = append(made, one())
		if n > 1 {
			<-time.After(o.keepAlive.Interval / time.Duration(n))
		}
	}
	return made
}

// link connects through addr, which leads to s.
func (s *service) link(t *testing.T, from *lab.Host, addr string, o client) link {
	t.Helper()
	c := dialFrom(t, from, addr, o)
	conn, err := s.Accept()
	if err != nil {
		t.Fatal(err)
	}
	server := conn.(*wsconn.Conn)
	t.Cleanup(func() { server.Terminate() })
	return link{c, server}
}

// relayOn passes connections on to target, through large buffers: what stands
// in a data centre between the two ends of a slow link. It returns its address.
func relayOn(t *testing.T, h *lab.Host, address, target string) string {
	t.Helper()
	l, err := h.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			ctx, cancel := context.WithTimeout(t.Context(), setup)
			out, err := h.DialContext(ctx, "tcp", target)
			cancel()
			if err != nil {
				in.Close()
				continue
			}
			running.Go(func() { pass(out, in) })
			running.Go(func() { pass(in, out) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		running.Wait()
	})
	return l.Addr().String()
}

// relayBuffer is what a relay's sockets hold in each direction, each.
const relayBuffer = 2 << 20

// pass copies until either end fails, and then ends both.
func pass(dst, src net.Conn) {
	src.(*net.TCPConn).SetReadBuffer(relayBuffer)
	dst.(*net.TCPConn).SetWriteBuffer(relayBuffer)
	io.Copy(dst, src)
	dst.Close()
	src.Close()
}
