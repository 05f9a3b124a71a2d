package wsconn

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/wsstream/wsstream/frames"
)

// answerTimeout bounds the sending of an answer, a few hundred bytes to a peer
// that has nothing else to receive.
const answerTimeout = 10 * time.Second

// Accept answers the WebSocket handshake in r and returns the connection as a
// net.Conn. It is what [AcceptSocket] and [NewConn] do, and it confirms the
// extension by which two ends of this library agree on half-close.
//
// The handler may return at once, or stay with the connection: the connection
// depends neither on r nor on its context.
//
// A request that is not a good handshake is refused with the status that RFC
// 6455 section 4.2.2 asks for, and Accept returns a [*HandshakeError]; the
// handler has nothing left to answer. By default a page of another site is
// such a request: see AcceptOptions.Origins. The time and the bytes that a
// client may spend on its request are limited by the http.Server:
// ReadHeaderTimeout and MaxHeaderBytes. Without one there is [ReadHandshake].
func Accept(w http.ResponseWriter, r *http.Request, opts *AcceptOptions) (*Conn, error) {
	if opts == nil {
		opts = &AcceptOptions{}
	}
	u, err := accept(w, r, opts, true)
	if err != nil {
		return nil, err
	}
	return NewConn(newSocket(u), &opts.Stream), nil
}

// AcceptSocket answers the WebSocket handshake in r and returns the connection
// as a socket, which reads and writes messages. Requests are judged and refused
// as [Accept] does it.
//
// Headers that were set on w before go out with the answer, as those of
// middleware do that sets a cookie.
func AcceptSocket(w http.ResponseWriter, r *http.Request, opts *AcceptOptions) (*Socket, error) {
	if opts == nil {
		opts = &AcceptOptions{}
	}
	u, err := accept(w, r, opts, false)
	if err != nil {
		return nil, err
	}
	return newSocket(u), nil
}

// accept is the handshake of a server. stream says whether it confirms
// wsstream.
func accept(w http.ResponseWriter, r *http.Request, opts *AcceptOptions, stream bool) (upgraded, error) {
	reply, refusal := checkRequest(r, opts, stream)
	if refusal != nil {
		return upgraded{}, refusal.send(w, r, opts)
	}
	u, failure := upgrade(w, r, opts, reply)
	if failure != nil {
		return upgraded{}, failure.send(w, r, opts)
	}
	return u, nil
}

// upgrade asks the application about a good request, takes its connection over
// and sends the answer.
func upgrade(w http.ResponseWriter, r *http.Request, opts *AcceptOptions, reply serverReply) (upgraded, *HandshakeError) {
	value, failure := reply.ask(r, opts)
	if failure != nil {
		return upgraded{}, failure
	}
	answer, err := reply.bytes(w.Header())
	if err != nil {
		return upgraded{}, misuse(err)
	}
	u := upgraded{
		role:        frames.Server,
		stream:      reply.stream,
		compression: reply.compression,
		outcome: outcome{
			subprotocol: reply.subprotocol,
			extensions:  reply.extensions,
			server:      serverOutcome{value, clientAddr(r, opts.TrustedProxies, opts.ClientAddrHeader)},
		},
		settings: opts.settings(),
	}
	if u.conn, u.buffered, failure = hijack(w); failure != nil {
		return upgraded{}, failure
	}
	if _, err := writeAnswer(u.conn, answer); err != nil {
		u.conn.Close()
		return upgraded{}, &HandshakeError{Reason: "the answer could not be sent", Err: err}
	}
	// Also what the server's ReadTimeout and WriteTimeout may have left.
	u.conn.SetDeadline(time.Time{})
	return u, nil
}

// writeAnswer writes to a client for a bounded time.
func writeAnswer(conn net.Conn, p []byte) (int, error) {
	if conn.SetWriteDeadline(time.Now().Add(answerTimeout)) != nil {
		defer time.AfterFunc(answerTimeout, func() { conn.Close() }).Stop()
	}
	return conn.Write(p)
}

// hijack takes the connection from net/http, with what the client has sent
// behind its request already.
func hijack(w http.ResponseWriter) (net.Conn, []byte, *HandshakeError) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	switch {
	case errors.Is(err, http.ErrHijacked):
		return nil, nil, &HandshakeError{Reason: "the connection was taken over before", Err: err}
	case err != nil:
		failure := misuse(err)
		failure.Reason = notHijackable(w)
		return nil, nil, failure
	}
	return conn, bufferedIn(rw.Reader), nil
}

// notHijackable names what stands between the handler and the connection.
func notHijackable(w http.ResponseWriter) string {
	inner := innermost(w)
	if name := fmt.Sprintf("%T", inner); name == "*http.timeoutWriter" {
		return "http.TimeoutHandler, which keeps the connection to itself, is around this handler: mount the WebSocket outside of it"
	}
	return fmt.Sprintf("the connection cannot be taken over from a %T: middleware that wraps the ResponseWriter needs a method Unwrap() http.ResponseWriter", inner)
}

// innermost returns what the middleware that can be looked through is around.
func innermost(w http.ResponseWriter) http.ResponseWriter {
	for {
		wrapper, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		w = wrapper.Unwrap()
	}
}
