package socks

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
	"github.com/wsstream/wsstream/internal/testnet"
)

const greeting = "\x05\x01\x00"

// cutConn has its first Reads end after so many bytes.
type cutConn struct {
	net.Conn
	left int
}

func (c *cutConn) Read(p []byte) (int, error) {
	if c.left > 0 {
		p = p[:min(len(p), c.left)]
	}
	n, err := c.Conn.Read(p)
	c.left -= n
	return n, err
}

// requests are those that are served, with what is answered before Grant.
var requests = []struct {
	name, in, answer string
	want             spec.Addr // zero for UDP ASSOCIATE
}{
	{"IPv4", greeting + "\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x50", "\x05\x00", spec.Addr{Network: "tcp", Address: "127.0.0.1:80"}},
	{"IPv6", greeting + "\x05\x01\x00\x04" + strings.Repeat("\x00", 15) + "\x01\x00\x16", "\x05\x00", spec.Addr{Network: "tcp", Address: "[::1]:22"}},
	{"IPv4 in IPv6", greeting + "\x05\x01\x00\x04" + strings.Repeat("\x00", 10) + "\xff\xff\x7f\x00\x00\x01\x00\x50", "\x05\x00", spec.Addr{Network: "tcp", Address: "127.0.0.1:80"}},
	{"a name", greeting + "\x05\x01\x00\x03\x0bexample.com\x01\xbb", "\x05\x00", spec.Addr{Network: "tcp", Address: "example.com:443"}},
	{"an address as a name", greeting + "\x05\x01\x00\x03\x03::1\x00\x16", "\x05\x00", spec.Addr{Network: "tcp", Address: "[::1]:22"}},
	{"a long name", greeting + "\x05\x01\x00\x03\xff" + strings.Repeat("a", 255) + "\xff\xff", "\x05\x00", spec.Addr{Network: "tcp", Address: strings.Repeat("a", 255) + ":65535"}},
	{"a login offered, too", "\x05\x02\x02\x00\x05\x01\x00\x03\x01h\x00\x16", "\x05\x00", spec.Addr{Network: "tcp", Address: "h:22"}},
	{"all logins offered", "\x05\xff" + strings.Repeat("\x01", 254) + "\x00\x05\x01\x00\x03\x01h\x00\x16", "\x05\x00", spec.Addr{Network: "tcp", Address: "h:22"}},
	{"datagrams", greeting + "\x05\x03\x00\x01\x00\x00\x00\x00\x00\x00", "\x05\x00", spec.Addr{}},
	{"datagrams from a name", greeting + "\x05\x03\x00\x03\x00\x00\x00", "\x05\x00", spec.Addr{}},
	{"CONNECT", "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\nProxy-Connection: Keep-Alive\r\n\r\n", "", spec.Addr{Network: "tcp", Address: "example.com:443"}},
	{"CONNECT of HTTP/1.0", "CONNECT h:022 HTTP/1.0\r\n\r\n", "", spec.Addr{Network: "tcp", Address: "h:22"}},
	{"CONNECT to IPv6", "CONNECT [::1]:22 HTTP/1.1\n\n", "", spec.Addr{Network: "tcp", Address: "[::1]:22"}},
	{"CONNECT with a body that is none", "CONNECT h:22 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "", spec.Addr{Network: "tcp", Address: "h:22"}},
}

// Each request is cut at every place, and has data right behind it, which has to
// come next.
func TestHandshake(t *testing.T) {
	const data = "\x16\x03\x01 data that does not wait"
	for _, tt := range requests {
		for i := 1; i < len(tt.in+data); i++ {
			client, server := testnet.Pipe()
			io.WriteString(client, tt.in+data)
			client.(*testnet.PipeConn).CloseWrite()
			a, err := Handshake(testnet.Bounded(t), &cutConn{server, i})
			if err != nil {
				t.Fatalf("%s, cut at %d: %v", tt.name, i, err)
			}
			if a.Addr != tt.want || a.Associate != tt.want.IsZero() {
				t.Errorf("%s, cut at %d: %+v", tt.name, i, a)
			}
			if p, err := io.ReadAll(a.Conn); string(p) != data || err != nil {
				t.Errorf("%s, cut at %d: then comes %q, %v", tt.name, i, p, err)
			}
			if below(a.Conn).(*cutConn).Conn != server {
				t.Errorf("%s, cut at %d: below is another connection", tt.name, i)
			}
			server.Close()
			if p, err := io.ReadAll(client); string(p) != tt.answer || err != nil {
				t.Errorf("%s, cut at %d: the client is told %q, %v", tt.name, i, p, err)
			}
		}
	}
}

// A connection that nothing was read ahead of stays what it is.
func TestHandshakeBare(t *testing.T) {
	for _, tt := range requests {
		client, server := testnet.Pipe()
		io.WriteString(client, tt.in)
		a, err := Handshake(testnet.Bounded(t), server)
		if err != nil || a.Conn != server {
			t.Errorf("%s: %+v, %v", tt.name, a, err)
		}
		client.Close()
		server.Close()
	}
}

// A request that ends early is none, wherever it ends.
func TestHandshakeShort(t *testing.T) {
	for _, tt := range requests {
		for i := range tt.in {
			client, server := testnet.Pipe()
			io.WriteString(client, tt.in[:i])
			client.(*testnet.PipeConn).CloseWrite()
			a, err := Handshake(testnet.Bounded(t), server)
			if err == nil {
				t.Errorf("%s, ends after %d bytes: %+v", tt.name, i, a)
			}
			if tt.answer != "" && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s, ends after %d bytes: %v", tt.name, i, err)
			}
			client.Close()
			server.Close()
		}
	}
}

func TestHandshakeRefuses(t *testing.T) {
	const bad = "\x05\x00\x05\x01\x00\x01\x00\x00\x00\x00\x00\x00" // no login, and then: failure
	for _, tt := range []struct{ name, in, answer, says string }{
		{"only with a login", "\x05\x01\x02", "\x05\xff", "leave out user and password"},
		{"no methods", "\x05\x00", "\x05\xff", "leave out user and password"},
		{"BIND", greeting + "\x05\x02\x00\x01\x7f\x00\x00\x01\x00\x50", "\x05\x00\x05\x07\x00\x01\x00\x00\x00\x00\x00\x00", "command 2 of SOCKS5"},
		{"an unknown command", greeting + "\x05\xf0\x00\x01\x7f\x00\x00\x01\x00\x50", "\x05\x00\x05\x07\x00\x01\x00\x00\x00\x00\x00\x00", "command 240 of SOCKS5"},
		{"an unknown address type", greeting + "\x05\x01\x00\x02\x7f", "\x05\x00\x05\x08\x00\x01\x00\x00\x00\x00\x00\x00", "no address type 2"},
		{"another version", greeting + "\x04\x01\x00\x01\x7f", bad, "of version 4"},
		{"no host", greeting + "\x05\x01\x00\x03\x00\x00\x50", bad, "no host"},
		{"no port", greeting + "\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x00", bad, "no port"},
		{"a name with a line", greeting + "\x05\x01\x00\x03\x03a\nb\x00\x50", bad, "neither a name"},
		{"a name with a zero", greeting + "\x05\x01\x00\x03\x03a\x00b\x00\x50", bad, "neither a name"},
		{"a name with a port", greeting + "\x05\x01\x00\x03\x04h:22\x00\x50", bad, "neither a name"},
		{"a name with brackets", greeting + "\x05\x01\x00\x03\x04a]:1\x00\x50", bad, "no place to connect to"},
		{"a path for a name", greeting + "\x05\x01\x00\x03\x06/a/b/c\x00\x50", bad, "neither a name"},
		{"SOCKS4", "\x04\x01\x00\x50\x7f\x00\x00\x01\x00", "\x00\x5b\x00\x00\x00\x00\x00\x00", "SOCKS4"},
		{"TLS", "\x16\x03\x01\x02\x00", "", "this is TLS"},
		{"neither", "\x00", "", "0x00, which is neither"},
		{"GET", "GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 405 Method Not Allowed\r\nAllow: CONNECT\r\n", "the method is GET"},
		{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 405 ", "the method is PRI"},
		{"no HTTP", "CONNECT\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n", "is malformed"},
		{"a header that is none", "CONNECT h:22 HTTP/1.1\r\nHost\r\n\r\n", "HTTP/1.1 400 ", "is malformed"},
		{"CONNECT without a port", "CONNECT h HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", "want HOST:PORT"},
		{"CONNECT to no port", "CONNECT h:0 HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", "no port"},
		{"CONNECT to a service", "CONNECT h:ssh HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", "is malformed"},
		{"CONNECT to too much", "CONNECT h:65536 HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", "65536"},
		{"CONNECT to no host", "CONNECT :22 HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", "no host"},
		{"CONNECT to a socket", "CONNECT unix:///run/a.sock HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", "is not a number"},
		{"CONNECT to a path", "CONNECT /run/a.sock HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", "want HOST:PORT"},
		{"a long head", "CONNECT h:22 HTTP/1.1\r\nA: " + strings.Repeat("a", maxHead), "HTTP/1.1 431 ", "longer than 16 KiB"},
		{"a long line", strings.Repeat("A", 2*maxHead), "HTTP/1.1 431 ", "longer than 16 KiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client, server := testnet.TCPPair(t)
			io.WriteString(client, tt.in)
			client.CloseWrite()
			a, err := Handshake(testnet.Bounded(t), server)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%+v, %v; want an error with %q", a, err, tt.says)
			}
			server.Close()
			p, err := io.ReadAll(client)
			if err != nil && tt.answer != "" || !strings.HasPrefix(string(p), tt.answer) {
				t.Errorf("answered with %q, %v; want %q", p, err, tt.answer)
			}
			if body := string(p); strings.HasPrefix(body, "HTTP") && !strings.Contains(body, tt.says) {
				t.Errorf("the body does not have %q: %q", tt.says, body)
			}
		})
	}
}

// A peer that takes its time gets as much as ctx gives, however it trickles.
func TestHandshakeInTime(t *testing.T) {
	for _, tt := range requests {
		for _, i := range []int{0, 1, len(tt.in) / 2, len(tt.in) - 1} {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				client, server := testnet.Pipe()
				defer client.Close()
				defer server.Close()
				io.WriteString(client, tt.in[:i])
				started := time.Now()
				a, err := Handshake(ctx, server)
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(started) != 20*time.Second {
					t.Errorf("%s, stalled after %d bytes: %+v, %v after %v", tt.name, i, a, err, time.Since(started))
				}
			})
		}
	}
}

// The limit of the request is none of what comes behind it.
func TestHandshakeDeadline(t *testing.T) {
	for _, tt := range requests {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			client, server := testnet.Pipe()
			defer client.Close()
			defer server.Close()
			time.AfterFunc(19*time.Second, func() { io.WriteString(client, tt.in) })
			a, err := Handshake(ctx, server)
			cancel()
			if err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			time.AfterFunc(time.Hour, func() { io.WriteString(client, "x") })
			if n, err := a.Conn.Read(make([]byte, 1)); n != 1 || err != nil {
				t.Errorf("%s: an hour later %d bytes are read, %v", tt.name, n, err)
			}
		})
	}
}

// A refused peer that neither reads nor closes does not hold anything up.
func TestRefusedPeerStays(t *testing.T) {
	for _, in := range []string{"\x05\x01\x02", "GET / HTTP/1.1\r\n\r\n"} {
		synctest.Test(t, func(t *testing.T) {
			client, server := testnet.Pipe()
			defer client.Close()
			io.WriteString(client, in)
			started := time.Now()
			if a, err := Handshake(t.Context(), server); err == nil || time.Since(started) > lingering {
				t.Errorf("%+v, %v after %v", a, err, time.Since(started))
			}
			if _, err := server.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
				t.Errorf("the connection is open: %v", err)
			}
		})
	}
}

// What a refused peer still sends is no reset for it, and when it closes, that
// is the end.
func TestRefusedPeerSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := testnet.Pipe()
		io.WriteString(client, "\x05\x01\x02 data")
		started, done := time.Now(), make(chan error, 1)
		go func() {
			_, err := Handshake(t.Context(), server)
			done <- err
		}()
		if p, err := io.ReadAll(client); string(p) != "\x05\xff" || err != nil {
			t.Errorf("answered with %q, %v", p, err)
		}
		synctest.Wait()
		if _, err := io.WriteString(client, "more"); err != nil {
			t.Error(err)
		}
		client.Close()
		if err := <-done; err == nil || time.Since(started) != 0 {
			t.Errorf("%v after %v", err, time.Since(started))
		}
	})
}
