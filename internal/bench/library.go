package main

import (
	"context"
	"net"
	"time"
)

// library is one that is measured. To add one, write a file like those of the
// others, and name it in libraries.
type library struct {
	name string
	can  func(terms) bool

	// dial connects to a server of the same library.
	dial func(ctx context.Context, addr string, t terms) (conn, error)

	// serve accepts connections from l until it is closed, and hands out each.
	serve func(l net.Listener, t terms, accepted func(conn))

	// belowTLS, unless it is nil, is what a server puts under TLS.
	belowTLS func(net.Listener) net.Listener

	ours bool

	// levels are those that its compression can be given; none if it cannot.
	levels []int
}

// libraries are all of them, ours first. The first two are the same: what differs
// between them is noise.
func libraries() []library {
	again := wsstream()
	again.name += " (again)"
	return []library{wsstream(), again, engine(), rawTCP(), cryptoTLS(), lxzanGWS(), coder(), gorilla(), gorillaDefault(), gobwas(), xnet()}
}

// terms are what a connection is to be.
type terms struct {
	Stream    bool          // bytes, rather than messages
	TLS       bool          // below all that
	Buffer    int           // what the reader of a stream reads with, in bytes
	KeepAlive time.Duration // of silence, if the library's own is not meant
	Deflated  *deflated
}

// deflated says how messages are compressed, both ways alike. All of them are:
// no library's threshold counts.
type deflated struct {
	Takeover bool
	Bits     int
	Level    int // zero is the library's default
}

// conn is one end of a connection. Send may be called while Serve runs, also by
// its callee.
type conn interface {
	// Send sends one message, of text, or p on a stream. It does not keep p.
	Send(p []byte) error

	// Serve hands each message, or what comes on a stream, to handle until one
	// of them fails. p is the callee's until it returns.
	Serve(handle func(p []byte) error) error

	// Close cuts the connection.
	Close() error
}
