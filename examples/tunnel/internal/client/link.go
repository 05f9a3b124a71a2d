package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
	"github.com/wsstream/wsstream/mux"
	"github.com/wsstream/wsstream/wsconn"
)

// lingerTimeout is how long a connection may take to close before the program
// ends.
const lingerTimeout = 3 * time.Second

// connect makes one session with a server, as the client's slot.
func (c *Client) connect(ctx context.Context, server *url.URL, slot int) (*mux.Session, *wsconn.Conn, error) {
	header := make(http.Header)
	if c.Header != nil {
		var err error
		if header, err = c.Header(); err != nil {
			return nil, nil, err
		}
	}
	header.Set(wire.ClientHeader, c.instance+"/"+strconv.Itoa(slot))
	options := c.Dial
	options.Header = header
	options.Subprotocols = []string{wire.Subprotocol}
	conn, err := wsconn.Dial(ctx, server.String(), &options)
	if answer, ok := errors.AsType[*wsconn.HandshakeError](err); ok && isPage(answer.Status) {
		return nil, nil, fmt.Errorf("%w: either no tunnel server is there, or it does not let this client in and shows a site instead (-backend): check the URL and the token", err)
	}
	if err != nil {
		return nil, nil, err
	}
	if conn.Socket().Subprotocol() != wire.Subprotocol {
		conn.Close()
		return nil, nil, fmt.Errorf("%s is a WebSocket server, but not one of tunnel server: check the URL", server.Redacted())
	}
	s, err := mux.Client(conn, c.config())
	if err != nil {
		return nil, nil, err
	}
	c.running.Go(func() {
		<-s.Done()
		linger, cancel := context.WithTimeout(context.Background(), lingerTimeout)
		defer cancel()
		conn.WaitClosed(linger)
	})
	return s, conn, nil
}

// isPage reports whether a status is one of a site and not of a tunnel server.
func isPage(status int) bool {
	return status == http.StatusOK || status == http.StatusNotFound || status == http.StatusForbidden
}
