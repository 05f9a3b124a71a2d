// Package client is the end of the tunnel near the user: it keeps sessions with
// servers up, takes connections for them, and answers those that come from there.
package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/meter"
	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
	"github.com/wsstream/wsstream/mux"
	"github.com/wsstream/wsstream/wsconn"
)

// Options say how a client behaves.
type Options struct {
	Servers  []*url.URL // one or more; each has sessions of its own
	Sessions int        // with each server; zero means 1
	// Dial says how to reach a server. Its Header is not used.
	Dial wsconn.DialOptions
	// Header returns what is sent with each handshake, the token among it. Nil
	// means nothing.
	Header   func() (http.Header, error)
	Forwards []spec.Forward

	// KeepTrying goes on also if the servers cannot be reached, or refuse what
	// is asked of them, from the very beginning.
	KeepTrying bool

	SessionWait      time.Duration // for one to be up, of a new connection; zero means 10 s
	DialTimeout      time.Duration // of a target of -R; zero means 10 s
	UDPIdle          time.Duration // after which who sends datagrams is forgotten; zero means 1 min
	HalfCloseTimeout time.Duration // see [mux.Config]

	Out  io.Writer // says what is forwarded, a line each
	Log  *slog.Logger
	Book *meter.Book
}

// Client is that end.
type Client struct {
	Options
	instance  string
	freshness time.Duration
	offers    []*offer
	pool      *pool
	begun     chan struct{} // closed when there is a pool
	running   sync.WaitGroup
}

// New makes a client, which does nothing yet.
func New(o Options) *Client {
	o.Sessions = max(o.Sessions, 1)
	o.SessionWait = or(o.SessionWait, 10*time.Second)
	o.DialTimeout = or(o.DialTimeout, 10*time.Second)
	o.UDPIdle = or(o.UDPIdle, time.Minute)
	c := &Client{Options: o, instance: rand.Text(), freshness: freshness, begun: make(chan struct{})}
	c.makeOffers()
	return c
}

func or(v, fallback time.Duration) time.Duration {
	if v == 0 {
		return fallback
	}
	return v
}

// Run listens for all forwards, connects to the servers, and serves until ctx
// ends. Then it takes no more connections, and waits for those that there are
// until cut ends.
//
// Until all that it was asked for stands, an error ends it; after that it goes
// on, whatever happens to the servers.
func (c *Client) Run(ctx, cut context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	locals, err := c.listen()
	if err != nil {
		return err
	}
	defer locals.close()
	c.show(locals)
	connections, endAll := context.WithCancel(context.WithoutCancel(ctx))
	defer endAll()
	c.pool = c.newPool(ctx)
	defer c.pool.close()
	close(c.begun)
	c.pool.start(connections)
	if err := c.begin(ctx); err != nil {
		return err
	}
	if ctx.Err() == nil {
		c.announce(locals)
		locals.serve(connections, c)
	}
	<-ctx.Done()
	locals.close()
	defer context.AfterFunc(cut, endAll)()
	c.pool.drain(cut)
	c.pool.close()
	c.running.Wait()
	return nil
}

// show has the figures of all forwards shown from the beginning.
func (c *Client) show(locals locals) {
	for _, l := range locals {
		c.Book.Forward(l.forward.String())
	}
	for _, o := range c.offers {
		c.Book.Forward(o.forward.String())
	}
}

// begin waits for the first session, and for what the servers say to the
// forwards that listen there.
func (c *Client) begin(ctx context.Context) error {
	if c.KeepTrying {
		return nil
	}
	if err := c.pool.first(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	for _, o := range c.offers {
		if err := o.wait(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// announce says what is forwarded.
func (c *Client) announce(locals locals) {
	for _, l := range locals {
		if l.forward.Dynamic() {
			fmt.Fprintf(c.Out, "forwarding %s to wherever SOCKS5 or HTTP CONNECT asks\n", l.forward.Listen)
			continue
		}
		fmt.Fprintf(c.Out, "forwarding %s to %s\n", l.forward.Listen, l.forward.Target)
	}
	for _, o := range c.offers {
		to := "wherever SOCKS5 or HTTP CONNECT asks"
		if !o.forward.Dynamic() {
			to = o.forward.Target.String()
		}
		fmt.Fprintf(c.Out, "forwarding %s of the server to %s\n", o.at(), to)
	}
}

// Ready says why the client cannot take connections, or nil.
func (c *Client) Ready() error {
	if !c.hasBegun() {
		return errors.New("starting")
	}
	if err := c.pool.ready(); err != nil {
		return err
	}
	for _, o := range c.offers {
		if err := o.ready(); err != nil {
			return err
		}
	}
	return nil
}

// Reconnect ends waits for the next attempt to connect, and replaces sessions
// that do not answer.
func (c *Client) Reconnect() {
	if c.hasBegun() {
		c.pool.retry()
	}
}

func (c *Client) hasBegun() bool {
	select {
	case <-c.begun:
		return true
	default:
		return false
	}
}

// config is that of sessions.
func (c *Client) config() *mux.Config {
	return &mux.Config{HalfCloseTimeout: c.HalfCloseTimeout, Logger: c.Log}
}
