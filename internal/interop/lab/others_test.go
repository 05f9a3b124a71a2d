//go:build linux

package lab_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/hashicorp/yamux"
	"github.com/wsstream/wsstream/internal/testnet/lab"
	"github.com/wsstream/wsstream/wsconn"
)

// other is something else that a stream can be made of, with its defaults.
type other struct {
	name  string
	serve func(l net.Listener, accepted chan<- net.Conn) error
	dial  func(ctx context.Context, h *lab.Host, addr string) (net.Conn, error)
}

var others = []other{
	{"TCP", serveTCP, func(ctx context.Context, h *lab.Host, addr string) (net.Conn, error) {
		return h.DialContext(ctx, "tcp", addr)
	}},
	{"yamux over TCP", serveYamux, dialYamux},
	{"coder/websocket's NetConn", serveCoder, dialCoder},
	{"wsstream", serveOurs, func(ctx context.Context, h *lab.Host, addr string) (net.Conn, error) {
		return wsconn.Dial(ctx, "ws://"+addr, &wsconn.DialOptions{DialContext: h.DialContext})
	}},
}

// TestLabOthers prints how soon others notice that packets vanish both ways,
// for the README's table: the client's side, which reads, or writes 100 bytes a
// second too. It only measures, and only with -lab.full.
func TestLabOthers(t *testing.T) {
	if !*labFull {
		return
	}
	const longest = 4 * time.Minute
	found := newTable()
	t.Run("all", func(t *testing.T) {
		for _, o := range others {
			for _, w := range []struct {
				name string
				load load
			}{{"idle", idle}, {"100 B/s", trickle}} {
				t.Run(o.name+", "+w.name, func(t *testing.T) {
					t.Parallel()
					took := o.measure(t, w.load, longest)
					found.add(o.name+", "+w.name, map[string][]time.Duration{"client": {took}})
					if took == longest {
						t.Logf("nothing for %v", longest)
					}
				})
			}
		}
	})
	found.print(os.Stdout)
}

func (o other) measure(t *testing.T, write load, longest time.Duration) time.Duration {
	l := lab.New(t)
	listener, err := l.Server.Listen("tcp", l.Server.IP()+":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	accepted := make(chan net.Conn, 1)
	go o.serve(listener, accepted)
	ctx, cancel := context.WithTimeout(t.Context(), setup)
	defer cancel()
	client, err := o.dial(ctx, l.Client, listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	ended := make(chan error, 2)
	go func() { ended <- drain(client) }()
	if write != nil {
		go func() { ended <- write(client) }()
	} else if _, err := client.Write([]byte("here")); err != nil { // yamux accepts what speaks
		t.Fatal(err)
	}
	server := <-accepted
	t.Cleanup(func() { server.Close() })
	go drain(server)
	<-time.After(2 * time.Second)
	start := time.Now()
	l.Drop(lab.Both)
	select {
	case err := <-ended:
		t.Log(err)
		return time.Since(start)
	case <-time.After(longest):
		return longest
	}
}

func serveTCP(l net.Listener, accepted chan<- net.Conn) error {
	c, err := l.Accept()
	if err == nil {
		accepted <- c
	}
	return err
}

func serveYamux(l net.Listener, accepted chan<- net.Conn) error {
	c, err := l.Accept()
	if err != nil {
		return err
	}
	session, err := yamux.Server(c, nil)
	if err != nil {
		return err
	}
	return serveTCP(session, accepted)
}

func dialYamux(ctx context.Context, h *lab.Host, addr string) (net.Conn, error) {
	c, err := h.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	session, err := yamux.Client(c, nil)
	if err != nil {
		return nil, err
	}
	return session.Open()
}

func serveCoder(l net.Listener, accepted chan<- net.Conn) error {
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err == nil {
			accepted <- websocket.NetConn(context.Background(), c, websocket.MessageBinary)
		}
	}))
}

func dialCoder(ctx context.Context, h *lab.Host, addr string) (net.Conn, error) {
	client := &http.Client{Transport: &http.Transport{DialContext: h.DialContext}}
	c, _, err := websocket.Dial(ctx, "ws://"+addr, &websocket.DialOptions{HTTPClient: client})
	if err != nil {
		return nil, err
	}
	return websocket.NetConn(context.Background(), c, websocket.MessageBinary), nil
}

func serveOurs(l net.Listener, accepted chan<- net.Conn) error {
	listener := wsconn.NewListener(nil)
	go http.Serve(l, listener)
	return serveTCP(listener, accepted)
}
