package wsconn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"testing"
)

// record returns a trace that writes down which hook was called with what.
func record(events *[]string) *httptrace.ClientTrace {
	note := func(format string, args ...any) { *events = append(*events, fmt.Sprintf(format, args...)) }
	return &httptrace.ClientTrace{
		GetConn:              func(address string) { note("GetConn %s", address) },
		GotConn:              func(info httptrace.GotConnInfo) { note("GotConn %T", info.Conn) },
		ConnectStart:         func(network, _ string) { note("ConnectStart %s", network) },
		ConnectDone:          func(_, _ string, err error) { note("ConnectDone %v", err) },
		TLSHandshakeStart:    func() { note("TLSHandshakeStart") },
		TLSHandshakeDone:     func(s tls.ConnectionState, err error) { note("TLSHandshakeDone %v %v", s.HandshakeComplete, err) },
		WroteHeaderField:     func(key string, value []string) { note("WroteHeaderField %s", key) },
		WroteHeaders:         func() { note("WroteHeaders") },
		WroteRequest:         func(info httptrace.WroteRequestInfo) { note("WroteRequest %v", info.Err) },
		GotFirstResponseByte: func() { note("GotFirstResponseByte") },
		Got100Continue:       func() { note("Got100Continue") },
		Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
			note("Got1xxResponse %d %v", code, header)
			return nil
		},
	}
}

func TestTraceOrder(t *testing.T) {
	request := []string{
		"WroteHeaderField Host", "WroteHeaderField Upgrade", "WroteHeaderField Connection", "WroteHeaderField Sec-WebSocket-Key",
		"WroteHeaderField Sec-WebSocket-Version", "WroteHeaderField Sec-WebSocket-Extensions", "WroteHeaderField X", "WroteHeaders", "WroteRequest <nil>", "GotFirstResponseByte",
	}
	connect := []string{"ConnectStart tcp", "ConnectDone <nil>"}
	secure := []string{"TLSHandshakeStart", "TLSHandshakeDone true <nil>"}
	for _, tt := range []struct {
		name, proxy, url string
		want             []string
	}{
		{"ws", "", "ws", slices.Concat(connect, []string{"GotConn *net.TCPConn"}, request)},
		{"wss", "", "wss", slices.Concat(connect, secure, []string{"GotConn *tls.Conn"}, request)},
		{"wss through http", "http", "wss", slices.Concat(connect, secure, []string{"GotConn *tls.Conn"}, request)},
		{"wss through https", "https", "wss", slices.Concat(connect, secure, secure, []string{"GotConn *tls.Conn"}, request)},
		{"ws through socks5h", "socks5h", "ws", slices.Concat(connect, []string{"GotConn *net.TCPConn"}, request)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, _, opts := proxied(t, tt.proxy, "", tt.url == "wss")
			if tt.proxy == "" {
				opts.Proxy = NoProxy
			}
			opts.Header = http.Header{"X": {"1", "2"}}
			var events []string
			address := s.Listener.Addr().String()
			u, err := dial(httptrace.WithClientTrace(t.Context(), record(&events)), tt.url+"://"+address, opts, false)
			if err != nil {
				t.Fatal(err)
			}
			u.conn.Close()
			<-s.outcome
			if want := append([]string{"GetConn " + address}, tt.want...); !slices.Equal(events, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(events, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func TestTraceOfInterimAnswers(t *testing.T) {
	var events []string
	const interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
	opts := &DialOptions{DialContext: answering(interim + goodAnswer)}
	u, err := dial(httptrace.WithClientTrace(t.Context(), record(&events)), "ws://h/", opts, false)
	if err != nil {
		t.Fatal(err)
	}
	u.conn.Close()
	want := []string{"GotFirstResponseByte", "Got100Continue", "Got1xxResponse 100 map[]", "Got1xxResponse 103 map[Link:[x]]"}
	if got := events[slices.Index(events, "WroteRequest <nil>")+1:]; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	no := errors.New("no hints")
	refusing := &httptrace.ClientTrace{Got1xxResponse: func(int, textproto.MIMEHeader) error { return no }}
	if e := failedDial(t, httptrace.WithClientTrace(t.Context(), refusing), "ws://h/", opts); !errors.Is(e, no) {
		t.Errorf("%v", e)
	}
}

func TestTraceOfFailures(t *testing.T) {
	var events []string
	ctx := httptrace.WithClientTrace(t.Context(), record(&events))
	failedDial(t, ctx, "wss://h/", &DialOptions{DialContext: scripted(func(net.Conn, *http.Request) {})})
	if got := strings.Join(events, ", "); !strings.HasPrefix(got, "GetConn h:443, TLSHandshakeStart, TLSHandshakeDone false ") || strings.HasSuffix(got, "<nil>") {
		t.Errorf("TLS that fails: %s", got)
	}
	events = nil
	client, server := net.Pipe()
	server.Close()
	failedDial(t, ctx, "ws://h/", &DialOptions{DialContext: func(context.Context, string, string) (net.Conn, error) { return client, nil }})
	if got := strings.Join(events, ", "); strings.Contains(got, "WroteHeaders") || !strings.HasSuffix(got, "WroteRequest "+io.ErrClosedPipe.Error()) {
		t.Errorf("a request that cannot be sent: %s", got)
	}
	// A trace without hooks is one, too.
	u, err := dial(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{}), "ws://h/", &DialOptions{DialContext: answering(goodAnswer)}, false)
	if err != nil {
		t.Fatal(err)
	}
	u.conn.Close()
}
