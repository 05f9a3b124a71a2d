package main

import (
	"context"
	"fmt"
	"net"
	"time"
)

// patience is for what takes milliseconds.
const patience = 30 * time.Second

// endpoint is a server of a library in this process.
type endpoint struct {
	library  library
	terms    terms
	listener net.Listener
	accepted chan conn
}

func listen(lib library, t terms) (*endpoint, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	if l, err = t.below(lib, l); err != nil {
		return nil, err
	}
	e := &endpoint{lib, t, l, make(chan conn)}
	go lib.serve(l, t, func(c conn) {
		select {
		case e.accepted <- c:
		case <-time.After(patience):
			c.Close() // the client has failed
		}
	})
	return e, nil
}

func (e *endpoint) addr() string { return e.listener.Addr().String() }

func (e *endpoint) close() { e.listener.Close() }

// pair is a connection with both its ends.
type pair struct {
	client conn
	server conn       // nil if it is in another process
	failed chan error // gets what has ended the reading of one of them
}

// connect makes a connection to the endpoint, or to a relay before it.
func (e *endpoint) connect(addr string) (*pair, error) {
	client, err := dialFor(e.library, e.terms, addr)
	if err != nil {
		return nil, err
	}
	server, err := e.accept()
	if err != nil {
		client.Close()
		return nil, err
	}
	return &pair{client, server, make(chan error, 1)}, nil
}

func (e *endpoint) accept() (conn, error) {
	select {
	case c := <-e.accepted:
		return c, nil
	case <-time.After(patience):
		return nil, fmt.Errorf("%s: the server did not accept in %v", e.library.name, patience)
	}
}

func dialFor(lib library, t terms, addr string) (conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := lib.dial(ctx, addr, t)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", lib.name, err)
	}
	return c, nil
}

// serve begins to read at both ends. A nil handler is for an end that does not
// read at all.
func (p *pair) serve(client, server func([]byte) error) {
	if client != nil {
		go func() { p.fail(p.client.Serve(client)) }()
	}
	if server != nil {
		go func() { p.fail(p.server.Serve(server)) }()
	}
}

func (p *pair) close() {
	p.client.Close()
	p.server.Close()
}

// fail ends the wait for what does not come any more. The first error counts.
func (p *pair) fail(err error) {
	select {
	case p.failed <- err:
	default:
	}
}

// await waits for done.
func (p *pair) await(done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case err := <-p.failed:
		return fmt.Errorf("an end has stopped: %w", err)
	case <-time.After(patience):
		return fmt.Errorf("not done after %v", patience)
	}
}

// with runs a measurement on one connection of its own.
func with(lib library, t terms, measure func(*pair) error) error {
	e, err := listen(lib, t)
	if err != nil {
		return err
	}
	defer e.close()
	p, err := e.connect(e.addr())
	if err != nil {
		return err
	}
	defer p.close()
	if err := measure(p); err != nil {
		return fmt.Errorf("%s: %w", lib.name, err)
	}
	return nil
}
