package main

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// Measurements whose server is in a process of its own.

// with runs a measurement of what is there and back, on one connection.
func (c config) with(lib library, t terms, measure func(*pair) error) error {
	if !c.apart {
		return with(lib, t, measure)
	}
	return withServer(errand{Name: "echo", Library: lib.name, Terms: t}, lib, func(p *pair, _ *process) error {
		return measure(p)
	})
}

// withFlow runs a measurement of what goes one way on a stream, in writes of a size.
func (c config) withFlow(lib library, t terms, way direction, size int, measure func(flow) error) error {
	writes := [][]byte{make([]byte, size)}
	if !c.apart {
		return with(lib, t, func(p *pair) error { return measure(p.flow(way.sender(p), writes, anySize)) })
	}
	e := errand{Name: "flow", Library: lib.name, Terms: t, Size: size}
	return withServer(e, lib, func(p *pair, other *process) error {
		if way == up {
			p.serve(unexpected, nil)
			s := &sender{to: p.client, messages: writes}
			return measure(flow{size, s.send, func(n int) error { return other.await(n) }})
		}
		var arrived tally
		p.serve(arrived.count, nil)
		return measure(flow{size, other.send, func(n int) error { return p.await(arrived.expect(n)) }})
	})
}

// direction is where a flow goes.
type direction int

const (
	up   direction = iota // to the server
	down                  // from it
)

func (d direction) String() string { return [...]string{up: "upload", down: "download"}[d] }

func (d direction) sender(p *pair) conn {
	if d == up {
		return p.client
	}
	return p.server
}

// withServer connects to a server of a library in a process of its own.
func withServer(e errand, lib library, measure func(*pair, *process) error) (err error) {
	server, addr, err := e.startListening()
	if err != nil {
		return fmt.Errorf("%s: %w", lib.name, err)
	}
	defer func() { err = errors.Join(err, server.end()) }()
	client, err := dialFor(lib, e.Terms, addr)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := measure(&pair{client: client, failed: make(chan error, 1)}, server); err != nil {
		return fmt.Errorf("%s: %w", lib.name, err)
	}
	return nil
}

// echo sends back what comes on each connection.
func (e errand) echo(end *endpoint, in io.Reader, out io.Writer) error {
	go end.sendBack(nil)
	return end.announce(in, out)
}

// sendBack sends back what comes on each connection, until it is over.
func (e *endpoint) sendBack(over <-chan struct{}) {
	for {
		select {
		case c := <-e.accepted:
			go func() {
				defer c.Close()
				_ = c.Serve(c.Send) // ends when the client does
			}()
		case <-over:
			return
		}
	}
}

// announce says where the endpoint listens, and returns when in ends.
func (e *endpoint) announce(in io.Reader, out io.Writer) error {
	if _, err := fmt.Fprintln(out, e.addr()); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, in)
	return err
}

// flow is the other end of one. It is told what to do by lines of a word and a
// number, and answers each with a number when it has done it.
func (e errand) flow(end *endpoint, in io.Reader, out io.Writer) error {
	if _, err := fmt.Fprintln(out, end.addr()); err != nil {
		return err
	}
	server, err := end.accept()
	if err != nil {
		return err
	}
	defer server.Close()
	p := &pair{server: server, failed: make(chan error, 1)}
	var arrived tally
	p.serve(nil, arrived.count)
	s := &sender{to: server, messages: [][]byte{make([]byte, e.Size)}}
	for {
		var what string
		var n int
		if _, err := fmt.Fscan(in, &what, &n); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		switch what {
		case "send":
			n, err = s.send(time.Duration(n))
		case "await":
			err = p.await(arrived.expect(n))
		}
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, n); err != nil {
			return err
		}
	}
}

// send and await are what it is told.
func (p *process) send(d time.Duration) (n int, err error) { return p.tell("send", int(d)) }

func (p *process) await(bytes int) error {
	_, err := p.tell("await", bytes)
	return err
}

func (p *process) tell(what string, n int) (answer int, err error) {
	if _, err := fmt.Fprintln(p.in, what, n); err != nil {
		return 0, err
	}
	_, err = fmt.Fscanln(p.out, &answer)
	return answer, err
}
