package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/relay"
	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
	"github.com/wsstream/wsstream/mux"
)

// listenFor listens at a canonical address, and delivers to the members of b what
// connects there. It sets the address of b, and how to close it.
func (s *Server) listenFor(b *bind, at spec.Addr) error {
	if at.Network == "udp" {
		pc, err := net.ListenPacket("udp", at.Address)
		if err != nil {
			return err
		}
		b.addr, b.close = withPort(at, pc.LocalAddr()), pc.Close
		sources := &relay.Sources{PC: pc, Serve: func(p *relay.Peer) { s.deliverPackets(b, p) }}
		s.running.Go(sources.Run)
		return nil
	}
	l, err := relay.Listen(at.Network, at.Address)
	if err != nil {
		return err
	}
	b.addr, b.close = withPort(at, l.Addr()), l.Close
	s.running.Go(func() { relay.Accept(l, s.Log, func(c net.Conn) { s.deliver(b, c) }) })
	return nil
}

// withPort is the address as asked for, with the port that it has become.
func withPort(a spec.Addr, became net.Addr) spec.Addr {
	host, port, err := net.SplitHostPort(a.Address)
	if a.Network == "unix" || err != nil || port != "0" {
		return a
	}
	_, port, _ = net.SplitHostPort(became.String())
	return spec.Addr{Network: a.Network, Address: net.JoinHostPort(host, port)}
}

// deliver hands a connection to the client.
func (s *Server) deliver(b *bind, c net.Conn) {
	count := s.Book.Forward(s.names.of("at " + b.addr.String()))
	end := relay.Of(c)
	m, st, err := b.offer()
	if err != nil {
		count.Refused.Add(1)
		b.log.Info("connection refused", "address", b.addr, "from", c.RemoteAddr(), "reason", err)
		end.Abort(err)
		return
	}
	defer count.Opened()()
	log := m.session.log.With("address", b.addr, "from", c.RemoteAddr())
	log.Debug("connected")
	logEnd(log, count, relay.Join(context.Background(), end, m.session.end(st), &count.Up, &count.Down))
}

// deliverPackets hands one who sends datagrams to the client.
func (s *Server) deliverPackets(b *bind, p *relay.Peer) {
	count := s.Book.Forward(s.names.of("at " + b.addr.String()))
	_, st, err := b.offer()
	if err != nil {
		count.Refused.Add(1)
		b.log.Info("datagrams refused", "address", b.addr, "from", p.RemoteAddr(), "reason", err)
		p.Ignore()
		return
	}
	defer count.Opened()()
	relay.Packets(st, p, s.UDPIdle, &count.Down, &count.Up)
}

// deliverTimeout is how long one client may take to answer when a connection is
// delivered: longer than it takes to find that its target does not.
const deliverTimeout = 15 * time.Second

// offer opens a stream to one of the members that takes it.
func (b *bind) offer() (*member, *mux.Stream, error) {
	err := errNobody
	for range 3 { // one may just be lost
		m := b.pick()
		if m == nil {
			break
		}
		var st *mux.Stream
		if st, err = m.offer(b.calledBy(m)); err == nil {
			return m, st, nil
		}
		if _, refused := errors.AsType[*wire.Refusal](err); refused {
			break
		}
	}
	return nil, nil, err
}

// calledBy is what a member knows the address as: in its own words, but for a
// free port, of which it may have asked for several.
func (b *bind) calledBy(m *member) spec.Addr {
	if _, port, err := net.SplitHostPort(m.asked.Address); m.asked.Network != "unix" && err == nil && port == "0" {
		return b.addr
	}
	return m.asked
}

func (m *member) offer(at spec.Addr) (*mux.Stream, error) {
	ctx, cancel := context.WithTimeout(context.Background(), deliverTimeout)
	defer cancel()
	st, err := m.session.mux.Open(ctx)
	if err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	st.SetDeadline(deadline)
	if err = wire.WriteRequest(st, wire.Request{Op: wire.Deliver, Addr: at}); err == nil {
		_, err = wire.ReadAnswer(st)
	}
	if err != nil {
		st.Reset()
		return nil, fmt.Errorf("the client has not taken it: %w", err)
	}
	st.SetDeadline(time.Time{})
	return st, nil
}
