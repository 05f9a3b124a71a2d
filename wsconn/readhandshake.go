package wsconn

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"time"
)

// ReadHandshake reads a request from a bare connection, for servers without
// net/http. Both results are for [Accept], [AcceptSocket], or the ServeHTTP of a
// [Listener] or [Server]:
//
//	w, r, err := wsconn.ReadHandshake(ctx, conn)
//	if err != nil {
//		return // the request has been answered, and conn is closed
//	}
//	c, err := wsconn.Accept(w, r, opts)
//
// It takes HTTP/1.1 as net/http does, but no bodies: a head of at most 64 KiB
// with at most 256 fields, until ctx ends, or for 30 seconds if ctx has no
// deadline. A *[tls.Conn] does its own handshake first. What else arrives
// behind the head belongs to the WebSocket.
//
// A request that is malformed (400), too large (431) or too slow (408) is
// answered, the connection is closed, and the error is a [*HandshakeError]. Its
// Status is 0 if there was nobody to answer. When Accept refuses a request, it
// closes the connection as well, after at most a second in which the client can
// read the answer. A caller that answers the request itself has to close conn.
//
// The request's context is ctx. The connection depends on neither later.
func ReadHandshake(ctx context.Context, conn net.Conn) (http.ResponseWriter, *http.Request, error) {
	limited := ctx
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, defaultHandshakeTimeout)
		defer cancel()
	}
	w := newBareResponse(conn)
	r, failure := w.receive(limited)
	if failure != nil {
		failure.send(w, &http.Request{RemoteAddr: remoteAddr(conn)}, &AcceptOptions{})
		conn.Close()
		return nil, nil, failure
	}
	r = r.WithContext(context.WithValue(ctx, http.LocalAddrContextKey, conn.LocalAddr()))
	return w, r, nil
}

func remoteAddr(conn net.Conn) string {
	if a := conn.RemoteAddr(); a != nil {
		return a.String()
	}
	return ""
}

// receive does the handshake of TLS, if there is one, and reads the request.
func (w *bareResponse) receive(ctx context.Context) (*http.Request, *HandshakeError) {
	var state *tls.ConnectionState
	if secure, ok := w.conn.(*tls.Conn); ok {
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, &HandshakeError{Reason: "the TLS handshake failed", Err: contextOr(ctx, err)}
		}
		s := secure.ConnectionState()
		state = &s
	}
	free := endReads(ctx, w.conn)
	head := requestHead{in: w.in}
	err := head.read()
	free()
	if failure, ok := err.(*HandshakeError); ok {
		return nil, failure
	}
	if err != nil {
		return nil, interrupted(ctx, err)
	}
	r, failure := head.request()
	if failure != nil {
		return nil, failure
	}
	r.RemoteAddr, r.TLS, r.Body = remoteAddr(w.conn), state, http.NoBody
	w.noBody = r.Method == http.MethodHead
	return r, nil
}

// endReads makes reads of conn fail once ctx has ended, until free is called.
// A connection that knows no deadlines is closed.
func endReads(ctx context.Context, conn net.Conn) (free func()) {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		if conn.SetReadDeadline(time.Unix(1, 0)) != nil {
			conn.Close()
		}
	})
	return func() {
		if !stop() {
			<-done
		}
		conn.SetReadDeadline(time.Time{})
	}
}

// interrupted makes the refusal of a request that did not arrive as a whole.
// Nobody waits for an answer if the connection was lost, or the server does not
// want to go on.
func interrupted(ctx context.Context, err error) *HandshakeError {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	e := &HandshakeError{Reason: "the request did not arrive", Err: contextOr(ctx, err)}
	if e.Timeout() {
		e.Status, e.Reason = http.StatusRequestTimeout, "the request did not arrive in time"
	}
	return e
}
