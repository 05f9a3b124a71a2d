package wsconn

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
)

// trace calls the hooks that a context has for a request, where there are
// some. Those of the dial itself, ConnectStart and DNSStart among them, are
// called by package net.
type trace struct{ *httptrace.ClientTrace }

func (t trace) connecting(address string) {
	if t.ClientTrace != nil && t.GetConn != nil {
		t.GetConn(address)
	}
}

func (t trace) connected(conn net.Conn) {
	if t.ClientTrace != nil && t.GotConn != nil {
		t.GotConn(httptrace.GotConnInfo{Conn: conn})
	}
}

func (t trace) tlsStarts() {
	if t.ClientTrace != nil && t.TLSHandshakeStart != nil {
		t.TLSHandshakeStart()
	}
}

func (t trace) tlsEnds(state tls.ConnectionState, err error) {
	if t.ClientTrace != nil && t.TLSHandshakeDone != nil {
		t.TLSHandshakeDone(state, err)
	}
}

func (t trace) sending(q *clientRequest) {
	if t.ClientTrace == nil || t.WroteHeaderField == nil {
		return
	}
	for _, f := range q.fields() {
		t.WroteHeaderField(f.name, f.values)
	}
}

func (t trace) sent(err error) {
	if t.ClientTrace == nil {
		return
	}
	if err == nil && t.WroteHeaders != nil {
		t.WroteHeaders()
	}
	if t.WroteRequest != nil {
		t.WroteRequest(httptrace.WroteRequestInfo{Err: err})
	}
}

func (t trace) answerBegins() {
	if t.ClientTrace != nil && t.GotFirstResponseByte != nil {
		t.GotFirstResponseByte()
	}
}

// interim may end the handshake.
func (t trace) interim(resp *http.Response) error {
	if t.ClientTrace == nil {
		return nil
	}
	if resp.StatusCode == http.StatusContinue && t.Got100Continue != nil {
		t.Got100Continue()
	}
	if t.Got1xxResponse == nil {
		return nil
	}
	return t.Got1xxResponse(resp.StatusCode, textproto.MIMEHeader(resp.Header))
}
