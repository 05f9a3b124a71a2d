package testnet

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Toxic is what a [Relay] does to one direction of its connections. The zero
// value only passes bytes on. The fields are toxiproxy's seven toxics and go
// together.
type Toxic struct {
	// Latency is how much later each byte arrives. Up to 2 MiB are under way
	// meanwhile.
	Latency time.Duration

	// Bandwidth is how many bytes pass in a second. Zero means no limit. With
	// a limit the relay holds no more than such a line would, and if there is
	// one when a connection begins, its socket buffers are small too.
	Bandwidth int

	// Slice is the size of the pieces in which bytes are passed on, and
	// SliceDelay the pause before each. Zero means as they come.
	Slice      int
	SliceDelay time.Duration

	// SlowClose is how much later the end of the stream arrives.
	SlowClose time.Duration

	// Timeout makes a black hole: nothing passes, neither bytes nor their
	// end, and so long after the first of them was held back the connection
	// is closed. Negative means never. What was held back is not lost:
	// without Timeout it goes on, as after an outage.
	Timeout time.Duration

	// ResetPeer is when, after the first byte, both ends see a reset. A
	// nanosecond is at once.
	ResetPeer time.Duration

	// LimitData is after exactly how many bytes the connection is closed.
	LimitData int64
}

// Relay is a TCP server on loopback that passes each connection on to a
// target, through a [Toxic] in each direction. Its methods may be called at
// the same time.
type Relay struct {
	target   string
	listener net.Listener
	up, down setting
	hits     atomic.Int64
	ctx      context.Context // until Close
	cancel   context.CancelFunc
	running  sync.WaitGroup
}

// NewRelay starts a relay to target, a TCP address. Up is the direction to the
// target, down the one from it.
func NewRelay(target string, up, down Toxic) (*Relay, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Relay{target: target, listener: l}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.Set(up, down)
	r.running.Go(r.serve)
	return r, nil
}

// Addr is where to connect to.
func (r *Relay) Addr() string { return r.listener.Addr().String() }

// Set changes the toxics, for connections that exist too: it applies to the
// next bytes, and to those in a black hole.
func (r *Relay) Set(up, down Toxic) {
	r.up.set(up)
	r.down.set(down)
}

// Hits counts how often a toxic has done something to a piece of data or to an
// end.
func (r *Relay) Hits() int64 { return r.hits.Load() }

// Close cuts all connections and returns when no goroutine of the relay is
// left.
func (r *Relay) Close() error {
	r.cancel()
	err := r.listener.Close()
	r.running.Wait()
	return err
}

func (r *Relay) serve() {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return // by Close
		}
		r.running.Go(func() { r.connect(client.(*net.TCPConn)) })
	}
}

// connect relays one connection and returns when it is over.
func (r *Relay) connect(client *net.TCPConn) {
	defer client.Close()
	var dialer net.Dialer
	conn, err := dialer.DialContext(r.ctx, "tcp", r.target)
	if err != nil {
		Abort(client)
		return
	}
	defer conn.Close()
	server := conn.(*net.TCPConn)

	l := &link{client: client, server: server, hits: &r.hits}
	l.ctx, l.cancel = context.WithCancel(r.ctx)
	defer l.cancel()
	r.running.Go(l.closeWhenOver)
	var pumps sync.WaitGroup
	for _, p := range []*pump{
		{link: l, src: client, dst: server, setting: &r.up},
		{link: l, src: server, dst: client, setting: &r.down},
	} {
		p.init()
		pumps.Go(p.receive)
		pumps.Go(p.send)
	}
	pumps.Wait()
}

// setting is a toxic that can change.
type setting struct {
	mu      sync.Mutex
	toxic   Toxic
	changed chan struct{} // closed by the next set
}

func (s *setting) set(t Toxic) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed != nil {
		close(s.changed)
	}
	s.toxic, s.changed = t, make(chan struct{})
}

func (s *setting) get() (t Toxic, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.toxic, s.changed
}
