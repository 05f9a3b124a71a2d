// Package socks is how a connection says itself where it wants to go: the server
// side of SOCKS5 (RFC 1928, without a login) and of HTTP CONNECT (RFC 9110
// section 9.3.6), on one and the same port. The first byte tells them apart.
package socks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
)

// lingering is how long a connection that was refused may take to close.
const lingering = 2 * time.Second

// Ask is a request that waits for an answer: [Ask.Grant], [Ask.Refuse] or, for
// one with Associate, [Relay].
type Ask struct {
	// Addr is where the connection wants to go. A name is still a name. It is
	// zero for one with Associate.
	Addr spec.Addr
	// Associate is set if it wants to send datagrams, and says with each where.
	Associate bool
	// Conn is the connection behind the request. If more has come with the
	// request, it has a method NetConn that returns the connection below it.
	Conn net.Conn

	http bool
}

// refusal is the error of a request that Handshake answers by itself.
type refusal struct {
	error
	answer []byte
}

// Handshake reads what c asks for, until ctx ends, which is nothing to c once it
// has asked. What cannot be served is answered and closed; after any other error
// c is of no use either, and the caller has to close it.
func Handshake(ctx context.Context, c net.Conn) (*Ask, error) {
	a := &Ask{Conn: c}
	err := within(ctx, c, a.read)
	if r, ok := errors.AsType[*refusal](err); ok {
		a.end(r.answer)
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

// within calls f, and has what f does with c fail when ctx ends.
func within(ctx context.Context, c net.Conn, f func() error) error {
	cut := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		c.SetDeadline(time.Unix(1, 0))
		close(cut)
	})
	err := f()
	if !stop() {
		<-cut
		err = fmt.Errorf("the connection has not said in time where it wants to go: %w", context.Cause(ctx))
	}
	return err
}

func (a *Ask) read() error {
	var first [1]byte
	if _, err := io.ReadFull(a.Conn, first[:]); err != nil {
		return fmt.Errorf("nothing was asked for: %w", err)
	}
	switch b := first[0]; {
	case b == version5:
		return a.readSOCKS5()
	case b == version4:
		return &refusal{errSOCKS4, reply4}
	case 'A' <= b && b <= 'Z':
		a.http = true
		return a.readConnect(b)
	case b == 0x16: // a handshake message of TLS
		return errors.New("this is TLS, and the port takes SOCKS5 and HTTP CONNECT in the clear: write http:// or socks5h:// for the proxy, not https://")
	default:
		return fmt.Errorf("the first byte is %#02x, which is neither SOCKS5 nor HTTP", b)
	}
}

// readSOCKS5 reads what stands behind the version.
func (a *Ask) readSOCKS5() error {
	if err := readMethods(a.Conn); err != nil {
		return err
	}
	if _, err := a.Conn.Write([]byte{version5, noLogin}); err != nil {
		return fmt.Errorf("cannot answer: %w", err)
	}
	command, to, err := readRequest(a.Conn)
	switch {
	case err != nil:
		return err
	case command == associate:
		a.Associate = true // and where it will send from is known once it does
	case command != connect:
		return &refusal{fmt.Errorf("command %d of SOCKS5 is not served here: only CONNECT and UDP ASSOCIATE are", command),
			appendReply(replyCommand, nil)}
	default:
		if a.Addr, err = to.target("tcp"); err != nil {
			return a.malformed(err)
		}
	}
	return nil
}

// malformed refuses a request that makes no sense.
func (a *Ask) malformed(err error) error {
	return &refusal{err, a.answer(&wire.Refusal{Code: wire.Malformed, Text: err.Error()})}
}

// Grant answers that the connection is made, for SOCKS5 with the address that it
// is bound to.
func (a *Ask) Grant(bound net.Addr) error {
	answer := []byte("HTTP/1.1 200 Connection established\r\n\r\n")
	if !a.http {
		answer = appendReply(replySucceeded, bound)
	}
	_, err := a.Conn.Write(answer)
	return err
}

// Refuse answers that the connection is not made, and why, and closes it.
func (a *Ask) Refuse(err error) error { return a.end(a.answer(wire.Refuse(err))) }

func (a *Ask) answer(r *wire.Refusal) []byte {
	if a.http {
		return appendResponse(status(r.Code), "", r.Text)
	}
	return appendReply(replyCode(r.Code), nil)
}

// end sends the last answer and closes the connection. To close it with bytes
// unread would be a reset, which may take the answer along: so it waits a moment
// for the peer's end.
func (a *Ask) end(answer []byte) error {
	defer a.Conn.Close()
	a.Conn.SetDeadline(time.Now().Add(lingering))
	if _, err := a.Conn.Write(answer); err != nil {
		return err
	}
	if w, ok := below(a.Conn).(interface{ CloseWrite() error }); ok && w.CloseWrite() == nil {
		io.Copy(io.Discard, a.Conn)
	}
	return nil
}
