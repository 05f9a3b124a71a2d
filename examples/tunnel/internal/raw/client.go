package raw

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/relay"
	"github.com/wsstream/wsstream/wsconn"
)

// Client makes a WebSocket of each connection.
type Client struct {
	Server *url.URL
	Dial   wsconn.DialOptions
	// Header returns what is sent with each handshake. Nil means nothing.
	Header    func() (http.Header, error)
	HalfClose time.Duration // as of [Server]
	Log       *slog.Logger
}

// Serve takes the connections of l until that is closed, and waits for them.
// They are cut when ctx ends.
func (c *Client) Serve(ctx context.Context, l net.Listener) {
	relay.Accept(l, c.Log, func(conn net.Conn) { c.carry(ctx, conn) })
}

func (c *Client) carry(ctx context.Context, conn net.Conn) {
	log := c.Log.With("from", conn.RemoteAddr(), "server", c.Server.Redacted())
	end := relay.Of(conn)
	ws, err := c.dial(ctx)
	if err != nil {
		log.Error("cannot connect", "reason", err)
		end.Abort(err) // a reset: an end would look like an empty answer
		return
	}
	join(ctx, log, ws, conn, c.HalfClose)
}

func (c *Client) dial(ctx context.Context) (*wsconn.Conn, error) {
	options := c.Dial
	options.CloseTimeout = closeTimeout
	if c.Header != nil {
		var err error
		if options.Header, err = c.Header(); err != nil {
			return nil, err
		}
	}
	return wsconn.Dial(ctx, c.Server.String(), &options)
}
