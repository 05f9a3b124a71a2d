package client

import (
	"context"
	"io"

	"github.com/wsstream/wsstream/examples/tunnel/internal/socks"
	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
)

// associate carries the datagrams of a SOCKS5 client (RFC 1928 section 7).
func (c *Client) associate(ctx context.Context, ask *socks.Ask, f spec.Forward) {
	defer ask.Conn.Close()
	count := c.Book.Forward(f.String())
	defer count.Opened()()
	open := func(ctx context.Context, target spec.Addr) (io.ReadWriteCloser, error) {
		st, err := c.open(ctx, target)
		if err != nil {
			c.refused(f, ask.Conn.RemoteAddr(), target, err)
			return nil, err
		}
		return st, nil
	}
	if err := socks.Relay(ctx, ask, open, c.UDPIdle); err != nil {
		c.Log.Info("datagrams ended", "forward", f, "reason", err)
	}
}
