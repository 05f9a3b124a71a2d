package wsconn

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"time"
)

// transport is what a socket stands on: TCP, a Unix socket, TLS over either,
// or any other net.Conn.
type transport struct {
	net.Conn               // frames are read from it and written to it
	out      *outlet       // where the bytes leave; the Conn itself or below its TLS
	start    time.Duration // since epoch
}

// newTransport takes a connection over after its handshake.
func newTransport(conn net.Conn, userTimeout time.Duration) (transport, error) {
	t := transport{Conn: conn, start: sinceEpoch()}
	if o, ok := belowAllTLS(conn).(*outlet); ok {
		t.out = o
	} else {
		t.out = newOutlet(conn)
		t.Conn = t.out
	}
	told := false // the system knows the pulse: see feel
	if tcp, ok := t.base().(*net.TCPConn); ok {
		tuneTCP(tcp, userTimeout)
		told = tellsPulse(tcp)
	}
	if !told {
		t.out.stamps = &stamps{start: t.start}
	}
	return t, t.out.activate()
}

// age returns the time since the start, in which the times of a pulse are.
func (t *transport) age() time.Duration { return sinceEpoch() - t.start }

// at returns a time since the start as one of the day. It is the same each time:
// both clocks are read at once.
func (t *transport) at(age time.Duration) time.Time {
	now := time.Now()
	return now.Add(t.start + age - now.Sub(epoch))
}

// base returns what is below TLS: what has to be cut to end everything.
func (t *transport) base() net.Conn { return belowAllTLS(t.out.Conn) }

// exact reports whether the bytes that the outlet takes are the bytes of frames,
// so that a cut can be told frame by frame. Below TLS they are bytes of records,
// and what was encrypted has to be sent.
func (t *transport) exact() bool { return t.Conn == net.Conn(t.out) && !t.out.handoff }

// belowAllTLS returns what the TLS of a connection stands on. There is TLS inside
// of TLS behind an HTTPS proxy.
func belowAllTLS(conn net.Conn) net.Conn {
	for {
		secure, ok := conn.(*tls.Conn)
		if !ok {
			return conn
		}
		conn = secure.NetConn()
	}
}

func (t *transport) tls() *tls.Conn {
	if c, ok := t.Conn.(*tls.Conn); ok {
		return c
	}
	c, _ := t.out.Conn.(*tls.Conn)
	return c
}

// errCannotSay is closeWrite's for a transport that has no end of its own.
var errCannotSay = errors.New("the transport cannot be closed for writing alone")

// closeWrite tells the peer's transport that nothing more will come. Its error
// may be the only sign of a reset: the kernel reports one only once.
func (t *transport) closeWrite() error {
	secure := t.tls()
	if secure != nil {
		err := closeTLS(secure)
		err = errors.Join(err, t.out.drain())
		// crypto/tls gives a peer that does not read five seconds.
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
	if c, ok := t.base().(interface{ CloseWrite() error }); ok {
		if err := c.CloseWrite(); !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	if secure == nil {
		return errCannotSay
	}
	return nil
}

// closeTLS sends the alerts that end TLS, the inner one's first.
func closeTLS(conn net.Conn) error {
	var all error
	for {
		secure, ok := conn.(*tls.Conn)
		if !ok {
			return all
		}
		all = errors.Join(all, secure.CloseWrite())
		conn = secure.NetConn()
	}
}

// cut ends the transport at once in both directions. What the peer has not
// received is lost if reset is set, else the kernel may still deliver it.
func (t *transport) cut(reset bool) {
	if c, ok := t.base().(*net.TCPConn); ok && reset {
		c.SetLinger(0)
	}
	t.base().Close()
}
