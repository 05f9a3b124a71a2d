package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/relay"
	"github.com/wsstream/wsstream/examples/tunnel/internal/socks"
	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
)

// local is where connections come in for a forward that listens here.
type local struct {
	forward spec.Forward   // with the port that was taken
	l       net.Listener   // nil for UDP
	pc      net.PacketConn // for UDP
}

type locals []local

// listen listens for all forwards that listen here.
func (c *Client) listen() (locals, error) {
	var all locals
	for _, f := range c.Forwards {
		if f.Reverse || f.Stdio {
			continue
		}
		l, err := listenAt(f)
		if err != nil {
			all.close()
			return nil, fmt.Errorf("%v: cannot %w; choose another address or port, port 0 takes a free one", f, err)
		}
		all = append(all, l)
	}
	return all, nil
}

func listenAt(f spec.Forward) (local, error) {
	if f.Listen.Network == "udp" {
		pc, err := net.ListenPacket("udp", f.Listen.Address)
		if err != nil {
			return local{}, err
		}
		f.Listen.Address = pc.LocalAddr().String()
		return local{forward: f, pc: pc}, nil
	}
	l, err := relay.Listen(f.Listen.Network, f.Listen.Address)
	if err != nil {
		return local{}, err
	}
	f.Listen.Address = l.Addr().String()
	return local{forward: f, l: l}, nil
}

func (all locals) close() {
	for _, l := range all {
		if l.l != nil {
			l.l.Close()
		} else {
			l.pc.Close()
		}
	}
}

// serve takes connections until close. They are cut when ctx ends.
func (all locals) serve(ctx context.Context, c *Client) {
	for _, l := range all {
		switch {
		case l.pc != nil:
			sources := &relay.Sources{PC: l.pc, Serve: func(p *relay.Peer) { c.carryPackets(ctx, l.forward, p) }}
			c.running.Go(sources.Run)
		case l.forward.Dynamic():
			c.running.Go(func() {
				relay.Accept(l.l, c.Log, func(conn net.Conn) { c.serveAsked(ctx, conn, l.forward) })
			})
		default:
			c.running.Go(func() {
				relay.Accept(l.l, c.Log, func(conn net.Conn) { c.carry(ctx, conn, l.forward) })
			})
		}
	}
}

// carry is one connection.
func (c *Client) carry(ctx context.Context, conn net.Conn, f spec.Forward) {
	end := relay.Of(conn)
	if st, err := c.askEarly(ctx, f.Target); err == nil {
		c.joinEarly(ctx, f, conn, end, st)
		return
	}
	st, err := c.open(ctx, f.Target)
	if err != nil {
		c.refused(f, conn.RemoteAddr(), f.Target, err)
		end.Abort(err) // a reset: an end would look like an empty answer
		return
	}
	c.join(ctx, f, conn, end, relay.Of(st))
}

func (c *Client) refused(f spec.Forward, from net.Addr, to spec.Addr, err error) {
	c.Book.Forward(f.String()).Refused.Add(1)
	c.Log.Warn("connection refused", "forward", f, "from", from, "target", to, "reason", err)
}

// join carries a connection to its end.
func (c *Client) join(ctx context.Context, f spec.Forward, conn net.Conn, end, far relay.End) {
	log := c.Log.With("forward", f, "from", conn.RemoteAddr())
	log.Debug("connected")
	count := c.Book.Forward(f.String())
	defer count.Opened()()
	err := relay.Join(ctx, end, far, &count.Up, &count.Down)
	if err != nil && !errors.Is(err, relay.ErrStopping) {
		count.Failed.Add(1)
		log.Info("connection failed", "reason", err)
		return
	}
	log.Debug("closed")
}

// carryPackets is one who sends datagrams.
func (c *Client) carryPackets(ctx context.Context, f spec.Forward, p *relay.Peer) {
	st, err := c.open(ctx, f.Target)
	if err != nil {
		c.refused(f, p.RemoteAddr(), f.Target, err)
		p.Ignore()
		return
	}
	defer context.AfterFunc(ctx, func() { st.Reset() })()
	count := c.Book.Forward(f.String())
	defer count.Opened()()
	relay.Packets(st, p, c.UDPIdle, &count.Down, &count.Up)
}

// askTimeout is how long a connection may take to say where it wants to go.
const askTimeout = 20 * time.Second

// serveAsked is one connection that says where it wants to go.
func (c *Client) serveAsked(ctx context.Context, conn net.Conn, f spec.Forward) {
	soon, cancel := context.WithTimeout(ctx, askTimeout)
	ask, err := socks.Handshake(soon, conn)
	cancel()
	if err != nil {
		c.Log.Info("no SOCKS5 and no HTTP CONNECT", "forward", f, "from", conn.RemoteAddr(), "reason", err)
		conn.Close()
		return
	}
	if ask.Associate {
		c.associate(ctx, ask, f)
		return
	}
	target, err := c.reach(ctx, f, ask.Addr)
	if err != nil {
		c.refused(f, conn.RemoteAddr(), ask.Addr, err)
		ask.Refuse(err)
		return
	}
	end, far := relay.Of(ask.Conn), relay.Of(target)
	if err := ask.Grant(conn.LocalAddr()); err != nil {
		end.Abort(err)
		far.Abort(err)
		return
	}
	c.join(ctx, f, conn, end, far)
}

// reach connects to where a connection wants to go: from the end at which it has
// not come in.
func (c *Client) reach(ctx context.Context, f spec.Forward, to spec.Addr) (net.Conn, error) {
	if f.Reverse {
		return c.dialTarget(ctx, to)
	}
	return c.open(ctx, to)
}
