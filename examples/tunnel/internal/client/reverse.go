package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
	"github.com/wsstream/wsstream/mux"
)

// The next try to listen at a server that refuses waits from minOfferWait to
// maxOfferWait.
const (
	minOfferWait = time.Second
	maxOfferWait = 30 * time.Second
)

// offer is a forward that listens at the servers.
type offer struct {
	forward spec.Forward

	asking sync.Mutex // one session after the other: the first may find a free port

	mu      sync.Mutex
	granted spec.Addr // what Listen has become
	held    int       // on how many sessions
	err     error     // why not, of the last try
	changed chan struct{}
}

func (c *Client) makeOffers() {
	for _, f := range c.Forwards {
		if f.Reverse {
			c.offers = append(c.offers, &offer{forward: f, changed: make(chan struct{})})
		}
	}
}

// keep has the server of s listen, as long as s is up and ctx has not ended.
func (o *offer) keep(ctx context.Context, s *mux.Session, log *slog.Logger) {
	log = log.With("forward", o.forward)
	for wait := minOfferWait; ; wait = min(2*wait, maxOfferWait) {
		st, err := o.ask(ctx, s)
		if err == nil {
			log.Info("the server listens", "address", o.at())
			stop := context.AfterFunc(ctx, func() { st.Close() })
			io.Copy(io.Discard, st) // nothing comes but the end
			stop()
			st.Close()
			o.note(-1, errors.New("the server does not listen any more"))
			wait = minOfferWait
		} else {
			o.note(0, err)
		}
		if ctx.Err() != nil || s.Err() != nil || leaving(s) {
			return
		}
		if err != nil {
			log.Warn("the server does not listen, trying again", "reason", err, "in", wait)
		}
		select {
		case <-time.After(wait):
		case <-s.Done():
			return
		case <-ctx.Done():
			return
		}
	}
}

func leaving(s *mux.Session) bool {
	select {
	case <-s.Leaving():
		return true
	default:
		return false
	}
}

// ask asks for the address that has been granted before, or the wanted one.
func (o *offer) ask(ctx context.Context, s *mux.Session) (*mux.Stream, error) {
	o.asking.Lock()
	defer o.asking.Unlock()
	st, text, err := ask(ctx, s, wire.Request{Op: wire.Listen, Addr: o.at()})
	if err != nil {
		return nil, fmt.Errorf("%v: %w", o.forward, err)
	}
	granted, err := spec.ParseAddr(text)
	if err != nil {
		st.Reset()
		return nil, fmt.Errorf("%v: the server says that it listens at %w", o.forward, err)
	}
	o.mu.Lock()
	o.granted = granted
	o.mu.Unlock()
	o.note(1, nil)
	return st, nil
}

// note keeps what has become of the offer on one session.
func (o *offer) note(held int, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held += held
	o.err = err
	close(o.changed)
	o.changed = make(chan struct{})
}

// at is where the servers listen, or shall.
func (o *offer) at() spec.Addr {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.granted.IsZero() {
		return o.forward.Listen
	}
	return o.granted
}

func (o *offer) is(at spec.Addr) bool { return at == o.forward.Listen || at == o.at() }

// ready says why no server listens, or nil.
func (o *offer) ready() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.held > 0:
		return nil
	case o.err != nil:
		return o.err
	}
	return fmt.Errorf("%v: no server listens yet", o.forward)
}

// wait waits for the first answer of a server.
func (o *offer) wait(ctx context.Context) error {
	for {
		o.mu.Lock()
		held, err, changed := o.held, o.err, o.changed
		o.mu.Unlock()
		switch {
		case held > 0: // another server may refuse, and is asked again
			return nil
		case err != nil:
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// errUnknown is for a connection at an address that this client did not ask for.
var errUnknown = &wire.Refusal{Code: wire.Denied, Text: "this client did not ask for connections of that address"}

// offerAt returns the offer with an address.
func (c *Client) offerAt(at spec.Addr) (*offer, error) {
	for _, o := range c.offers {
		if o.is(at) {
			return o, nil
		}
	}
	return nil, errUnknown
}

// dialTarget connects to the target of an offer.
func (c *Client) dialTarget(ctx context.Context, to spec.Addr) (net.Conn, error) {
	d := net.Dialer{Timeout: c.DialTimeout}
	return d.DialContext(ctx, to.Network, to.Address)
}
