package ecosystem_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
	"github.com/wsstream/wsstream/wsconn"
)

// everyStream is every kind of connection that others are given.
var everyStream = append([]route{
	{"mux over ws", false, true, asItIs, 256 << 20},
	{"mux over wss", true, true, wsconn.BelowTLS, 256 << 20},
}, everyRoute...)

// multiplex puts a session over one connection of the web: its streams are what
// is dialed and accepted from then on.
func (w *web) multiplex(t *testing.T) {
	t.Helper()
	c := must(w.dial(testnet.Bounded(t)))(t)
	// Not when the test ends, as mustDial does: what is served ends before.
	bound := time.AfterFunc(testnet.Patience, func() { c.Terminate() })
	t.Cleanup(func() { bound.Stop() })
	w.opens = must(mux.Client(c, nil))(t)
	t.Cleanup(func() { w.opens.Close() })
	w.accepts = must(mux.Server(must(w.Accept())(t), nil))(t)
	t.Cleanup(func() { w.accepts.Close() })
}

// served is the listener for what a test is about.
func (w *web) served() net.Listener {
	if w.accepts != nil {
		return w.accepts
	}
	return w.Listener
}

// dialContext is what the clients of others want.
func (w *web) dialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if w.opens == nil {
		return w.dial(ctx)
	}
	return w.opens.Open(ctx)
}

// cut ends a connection at once, for both ends.
func cut(c net.Conn) {
	switch c := c.(type) {
	case *wsconn.Conn:
		c.Terminate()
	case *mux.Stream:
		c.Reset()
	}
}

// gate is a listener that can be closed without an end to what it has handed
// out, which with a session itself is one. Graceful servers want that.
type gate struct {
	net.Listener
	arrivals chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

// gated returns the listener of the web so that to close it ends no connection.
func (w *web) gated() net.Listener {
	if w.accepts == nil {
		return w.Listener
	}
	g := &gate{Listener: w.accepts, arrivals: make(chan net.Conn), closed: make(chan struct{})}
	go func() {
		for {
			c, err := g.Listener.Accept()
			if err != nil {
				return
			}
			select {
			case g.arrivals <- c:
			case <-g.closed:
				cut(c)
			}
		}
	}()
	return g
}

func (g *gate) Accept() (net.Conn, error) {
	select {
	case c := <-g.arrivals:
		return c, nil
	case <-g.closed:
		return nil, net.ErrClosed
	}
}

func (g *gate) Close() error {
	g.once.Do(func() { close(g.closed) })
	return nil
}

// TLS must not take the cut of a stream for the end of its own.
func TestTLSTruncationOfAStream(t *testing.T) {
	for name, end := range map[string]func(st *mux.Stream){
		"reset":          func(st *mux.Stream) { st.Reset() },
		"session closed": func(st *mux.Stream) { st.Session().Close() },
	} {
		t.Run(name, func(t *testing.T) {
			onEvery(t, everyStream[:2], nil, func(t *testing.T, w *web) {
				client, server := w.tlsPair(t)
				must(io.WriteString(server, "half of it"))(t)
				end(server.NetConn().(*mux.Stream))
				for range 2 {
					_, err := io.ReadAll(client)
					if err == nil || errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) {
						t.Errorf("the other end reads %v", err)
					}
				}
			})
		})
	}
}
