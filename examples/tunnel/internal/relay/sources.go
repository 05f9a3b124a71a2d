package relay

import (
	"bytes"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
)

// maxPeers bounds how many peers of a UDP socket are known at a time: each has a
// stream.
const maxPeers = 1024

// maxWaiting bounds what waits to be read of each peer: datagrams, and their
// bytes in sum.
const (
	maxWaiting      = 64
	maxWaitingBytes = 256 << 10
)

// Sources takes the datagrams of a listening UDP socket: those of each peer go
// to a stream of its own, which serve gets, and carries until it ends.
type Sources struct {
	PC net.PacketConn
	// Serve has a peer's datagrams until it returns. It is called in a goroutine
	// of its own.
	Serve func(peer *Peer)

	mu    sync.Mutex
	peers map[string]*Peer
}

// Run reads until the socket is closed, and waits for Serve to return.
func (s *Sources) Run() {
	s.peers = make(map[string]*Peer)
	var serving sync.WaitGroup
	defer serving.Wait()
	p := make([]byte, wire.MaxDatagram)
	for {
		n, from, err := s.PC.ReadFrom(p)
		if errors.Is(err, net.ErrClosed) {
			s.closeAll()
			return
		}
		if err != nil {
			time.Sleep(time.Millisecond) // it may come again, and at once
			continue
		}
		if peer, fresh := s.peer(from); peer != nil {
			if fresh {
				serving.Go(func() {
					defer peer.Close()
					s.Serve(peer)
				})
			}
			peer.deliver(p[:n])
		}
	}
}

// peer returns the one with that address, or nil if there are too many.
func (s *Sources) peer(from net.Addr) (peer *Peer, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := from.String()
	if peer := s.peers[key]; peer != nil || len(s.peers) >= maxPeers {
		return peer, false
	}
	peer = &Peer{sources: s, addr: from, queue: make(chan []byte, maxWaiting), closed: make(chan struct{})}
	s.peers[key] = peer
	return peer, true
}

func (s *Sources) closeAll() {
	s.mu.Lock()
	peers := s.peers
	s.peers = nil
	s.mu.Unlock()
	for _, p := range peers {
		p.Close()
	}
}

// Peer is one of the peers of a UDP socket that listens.
type Peer struct {
	sources *Sources
	addr    net.Addr
	queue   chan []byte
	waiting atomic.Int64 // bytes in queue
	once    sync.Once
	closed  chan struct{}
}

// deliver keeps a datagram until it is read, or drops it if too many wait.
func (p *Peer) deliver(b []byte) {
	n := int64(len(b))
	if p.waiting.Add(n) > maxWaitingBytes {
		p.waiting.Add(-n)
		return
	}
	select {
	case p.queue <- bytes.Clone(b):
	default:
		p.waiting.Add(-n)
	}
}

// Read reads one datagram.
func (p *Peer) Read(b []byte) (int, error) {
	select {
	case d := <-p.queue:
		p.waiting.Add(-int64(len(d)))
		return copy(b, d), nil
	case <-p.closed:
		return 0, net.ErrClosed
	}
}

// Write sends one datagram to the peer.
func (p *Peer) Write(b []byte) (int, error) { return p.sources.PC.WriteTo(b, p.addr) }

// ignoreTime is how long the datagrams of a peer are dropped that was refused.
const ignoreTime = 10 * time.Second

// Ignore drops what comes from a peer that was refused, for a while: each of its
// datagrams would be that of a new peer otherwise, to be refused anew.
func (p *Peer) Ignore() {
	timer := time.NewTimer(ignoreTime)
	defer timer.Stop()
	for {
		select {
		case d := <-p.queue:
			p.waiting.Add(-int64(len(d)))
		case <-timer.C:
			return
		case <-p.closed:
			return
		}
	}
}

// RemoteAddr returns the peer's address.
func (p *Peer) RemoteAddr() net.Addr { return p.addr }

// Close forgets the peer; its next datagram is one of a new peer.
func (p *Peer) Close() error {
	p.once.Do(func() {
		close(p.closed)
		p.sources.mu.Lock()
		defer p.sources.mu.Unlock()
		if p.sources.peers[p.addr.String()] == p {
			delete(p.sources.peers, p.addr.String())
		}
	})
	return nil
}
