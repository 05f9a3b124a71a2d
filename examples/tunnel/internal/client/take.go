package client

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/relay"
	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
	"github.com/wsstream/wsstream/mux"
)

// take takes the connections that come in at a server. They are cut when ctx ends.
func (c *Client) take(ctx context.Context, link net.Listener) {
	for {
		conn, err := link.Accept()
		if err != nil {
			return
		}
		log := c.Log.With("server", conn.RemoteAddr())
		c.running.Go(func() { c.deliver(ctx, conn.(*mux.Stream), log) })
	}
}

// deliver is one of them.
func (c *Client) deliver(ctx context.Context, st *mux.Stream, log *slog.Logger) {
	st.SetDeadline(time.Now().Add(answerTimeout))
	r, err := wire.ReadRequest(st)
	if err == nil && r.Op != wire.Deliver {
		err = &wire.Refusal{Code: wire.Malformed, Text: "this is for servers"}
	}
	var o *offer
	if err == nil {
		o, err = c.offerAt(r.Addr)
	}
	if err != nil {
		log.Warn("stream refused", "reason", err)
		refuse(st, err)
		return
	}
	st.SetDeadline(time.Time{})
	if o.forward.Dynamic() {
		if wire.WriteGrant(st, "") == nil {
			c.serveAsked(ctx, st, o.forward)
		}
		return
	}
	c.deliverTo(ctx, st, o, log)
}

// deliverTo joins a stream with the target of an offer.
func (c *Client) deliverTo(ctx context.Context, st *mux.Stream, o *offer, log *slog.Logger) {
	log = log.With("forward", o.forward)
	count := c.Book.Forward(o.forward.String())
	target, err := c.dialTarget(ctx, o.forward.Target)
	if err != nil {
		count.Refused.Add(1)
		log.Warn("target refused", "reason", err)
		refuse(st, err)
		return
	}
	if wire.WriteGrant(st, "") != nil {
		target.Close()
		st.Reset()
		return
	}
	defer count.Opened()()
	if o.forward.Target.Network == "udp" {
		relay.Packets(st, target, c.UDPIdle, &count.Up, &count.Down)
		return
	}
	err = relay.Join(ctx, relay.Of(st), relay.Of(target), &count.Up, &count.Down)
	if err != nil && !errors.Is(err, relay.ErrStopping) {
		count.Failed.Add(1)
		log.Info("connection failed", "reason", err)
	}
}

func refuse(st *mux.Stream, err error) {
	wire.WriteRefusal(st, wire.Refuse(err))
	st.Close()
}
