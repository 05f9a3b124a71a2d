package main

import (
	"io"
	"net"
	"sync/atomic"
)

// relay counts what goes over the wire between a client and a server, of any
// library: nothing is wrapped that would keep one from its fast paths.
type relay struct {
	listener net.Listener
	up, down atomic.Int64 // bytes, from and to the client
}

func newRelay(to string) (*relay, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &relay{listener: l}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // closed
			}
			go r.join(client, to)
		}
	}()
	return r, nil
}

func (r *relay) addr() string { return r.listener.Addr().String() }

func (r *relay) close() { r.listener.Close() }

func (r *relay) join(client net.Conn, to string) {
	defer client.Close()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		defer client.Close()
		_, _ = io.Copy(counted{client, &r.down}, server)
	}()
	_, _ = io.Copy(counted{server, &r.up}, client)
}

// counted counts what is written before it is.
type counted struct {
	io.Writer
	n *atomic.Int64
}

func (c counted) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return c.Writer.Write(p)
}
