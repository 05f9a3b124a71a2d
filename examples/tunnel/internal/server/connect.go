package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/meter"
	"github.com/wsstream/wsstream/examples/tunnel/internal/relay"
	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
	"github.com/wsstream/wsstream/mux"
)

// connect joins a stream with a target. The answer comes first, so that the
// client can refuse who has connected to it.
func (n *session) connect(ctx context.Context, st *mux.Stream, to spec.Addr) {
	log := n.log.With("target", to)
	target, err := n.dial(ctx, to)
	name := otherName // what is denied must not use names up
	if r, ok := errors.AsType[*wire.Refusal](err); !ok || r.Code != wire.Denied {
		name = n.server.names.of("to " + to.String())
	}
	count := n.server.Book.Forward(name)
	if err != nil {
		count.Refused.Add(1)
		log.Warn("target refused", "reason", err)
		n.refuse(st, err)
		return
	}
	defer count.Opened()()
	if err := wire.WriteGrant(st, ""); err != nil {
		target.Close()
		st.Reset()
		return
	}
	log.Debug("connected", "address", target.RemoteAddr())
	if to.Network == "udp" {
		relay.Packets(st, target, n.server.UDPIdle, &count.Up, &count.Down)
		log.Debug("closed")
		return
	}
	logEnd(log, count, relay.Join(context.Background(), n.end(st), relay.Of(target), &count.Up, &count.Down))
}

// end is that of a stream of the session.
func (n *session) end(st *mux.Stream) relay.End {
	end := relay.Of(st)
	end.Over = n.mux.Done()
	return end
}

// logEnd says how a connection ended.
func logEnd(log *slog.Logger, count *meter.Forward, err error) {
	if err == nil {
		log.Debug("closed")
		return
	}
	count.Failed.Add(1)
	log.Info("connection failed", "reason", err)
}

// dial connects to one of the addresses of a target that the client may reach:
// to those that were checked, and not to what its name is by then.
func (n *session) dial(ctx context.Context, to spec.Addr) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, n.server.DialTimeout)
	defer cancel()
	addrs, err := n.rights.Resolve(ctx, n.server.Resolver, to)
	if err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	for i, a := range addrs {
		// Each has its part of the time that is left.
		d := net.Dialer{Timeout: time.Until(deadline) / time.Duration(len(addrs)-i)}
		var c net.Conn
		if c, err = d.DialContext(ctx, a.Network, a.Address); err == nil {
			return c, nil
		}
	}
	if err == nil {
		err = &wire.Refusal{Code: wire.NotFound, Text: fmt.Sprintf("%s has no address", to)}
	}
	return nil, err
}
