package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
	"github.com/wsstream/wsstream/mux"
)

// probeTimeout is how long a client that holds an address has to show that it is
// alive when another one with the same token wants it.
const probeTimeout = 2 * time.Second

// binds are the addresses at which the server listens for clients.
type binds struct {
	server *Server

	mu     sync.Mutex
	at     map[string]*bind // by address
	closed bool
}

// bind is one of them. Several sessions of one client may share it: what
// connects goes to each in turn.
type bind struct {
	addr  spec.Addr
	owner client
	close func() error // the listener
	log   *slog.Logger

	mu      sync.Mutex
	members []*member
	next    int
}

// member is a session that takes connections of a bind.
type member struct {
	session *session
	asked   spec.Addr // the address in the client's words
	stream  *mux.Stream
}

// listen serves a Listen: the address is held until the stream ends.
func (n *session) listen(st *mux.Stream, asked spec.Addr) {
	log := n.log.With("listen", asked)
	m := &member{session: n, asked: asked, stream: st}
	b, err := n.server.binds.join(m)
	if err != nil {
		log.Warn("listening refused", "reason", err)
		n.refuse(st, err)
		return
	}
	log.Info("listening for the client", "address", b.addr)
	if wire.WriteGrant(st, b.addr.String()) == nil {
		io.Copy(io.Discard, st) // nothing comes but the end
	}
	n.server.binds.leave(b, m)
	st.Close()
	log.Info("not listening any more", "address", b.addr)
}

// join makes m one of those that take the connections at its address.
func (bs *binds) join(m *member) (*bind, error) {
	if err := m.session.rights.Binds.Allows(m.asked); err != nil {
		return nil, err
	}
	key := canonical(m.asked).String()
	for {
		bs.mu.Lock()
		b := bs.at[key]
		switch {
		case bs.closed:
			bs.mu.Unlock()
			return nil, &wire.Refusal{Code: wire.Failed, Text: "this server is stopping"}
		case b == nil:
			defer bs.mu.Unlock()
			return bs.open(m)
		}
		if b.owner == m.session.client {
			b.add(m)
			bs.mu.Unlock()
			return b, nil
		}
		bs.mu.Unlock()
		if b.owner.credential != m.session.client.credential {
			return nil, &wire.Refusal{Code: wire.Busy, Text: fmt.Sprintf("%s is in use by another client", m.asked)}
		}
		if b.alive() {
			return nil, &wire.Refusal{Code: wire.Busy, Text: fmt.Sprintf("%s is in use by another client with the same token, and that is alive: stop it, or choose another port", m.asked)}
		}
		b.log.Info("address taken over by another client", "address", b.addr)
		bs.evict(b)
	}
}

// canonical gives an address the spelling that a listener there has.
func canonical(a spec.Addr) spec.Addr {
	if a.Network == "unix" {
		return spec.Addr{Network: a.Network, Address: filepath.Clean(a.Address)}
	}
	host, port, err := net.SplitHostPort(a.Address)
	switch {
	case err != nil:
		return a
	case host == "localhost":
		host = "127.0.0.1"
	case host == "" || host == "*":
		host = "::"
	}
	return spec.Addr{Network: a.Network, Address: net.JoinHostPort(host, port)}
}

// open listens at the address of m, as the first one there.
func (bs *binds) open(m *member) (*bind, error) {
	b := &bind{owner: m.session.client, log: m.session.log, members: []*member{m}}
	if err := bs.server.listenFor(b, canonical(m.asked)); err != nil {
		return nil, err
	}
	bs.at[b.addr.String()] = b
	return b, nil
}

func (b *bind) add(m *member) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.members = append(b.members, m)
}

// leave takes m out, and stops to listen when nobody is left.
func (bs *binds) leave(b *bind, m *member) {
	bs.mu.Lock()
	defer bs.mu.Unlock()
	b.mu.Lock()
	for i, other := range b.members {
		if other == m {
			b.members = append(b.members[:i:i], b.members[i+1:]...)
			break
		}
	}
	left := len(b.members)
	b.mu.Unlock()
	if left == 0 {
		bs.forget(b)
	}
}

// forget stops to listen. It is called with the lock.
func (bs *binds) forget(b *bind) {
	b.close()
	if key := b.addr.String(); bs.at[key] == b {
		delete(bs.at, key)
	}
}

// evict takes an address from a client that does not answer.
func (bs *binds) evict(b *bind) {
	bs.mu.Lock()
	bs.forget(b)
	bs.mu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.members {
		m.stream.Reset()
	}
}

// closeAll stops to listen everywhere, for good, and tells the clients.
func (bs *binds) closeAll() {
	bs.mu.Lock()
	bs.closed = true
	var all []*bind
	for _, b := range bs.at {
		all = append(all, b)
	}
	bs.mu.Unlock()
	for _, b := range all {
		bs.evict(b)
	}
}

// alive reports whether one of the sessions answers.
func (b *bind) alive() bool {
	b.mu.Lock()
	members := b.members
	b.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	answers := make(chan error, len(members))
	for _, m := range members {
		go func() {
			_, err := m.session.mux.Ping(ctx)
			answers <- err
		}()
	}
	for range members {
		if <-answers == nil {
			return true
		}
	}
	return false
}

// pick returns whose turn it is, or nil if nobody is left.
func (b *bind) pick() *member {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.members) == 0 {
		return nil
	}
	b.next++
	return b.members[b.next%len(b.members)]
}

// errNobody is why a connection is not delivered that came too late.
var errNobody = errors.New("the client has gone")
