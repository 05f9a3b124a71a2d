package socks

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
	"github.com/wsstream/wsstream/internal/testnet"
)

const (
	askSOCKS5  = greeting + "\x05\x01\x00\x03\x01h\x00\x16"
	askConnect = "CONNECT h:22 HTTP/1.1\r\n\r\n"
)

// asked is a connection that has asked for something.
func asked(t *testing.T, client, server net.Conn, in string) *Ask {
	t.Helper()
	io.WriteString(client, in)
	a, err := Handshake(testnet.Bounded(t), server)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(in, greeting) {
		io.ReadFull(client, make([]byte, 2)) // which login
	}
	return a
}

func TestGrant(t *testing.T) {
	ip6 := &net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 258}
	for _, tt := range []struct {
		in    string
		bound net.Addr
		want  string
	}{
		{askSOCKS5, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 258}, "\x05\x00\x00\x01\x0a\x00\x00\x01\x01\x02"},
		{askSOCKS5, ip6, "\x05\x00\x00\x04\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01\x01\x02"},
		{askSOCKS5, &net.UnixAddr{Name: "/run/a.sock", Net: "unix"}, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"},
		{askSOCKS5, (*net.TCPAddr)(nil), "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"},
		{askSOCKS5, nil, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"},
		{askConnect, ip6, "HTTP/1.1 200 Connection established\r\n\r\n"},
	} {
		client, server := testnet.TCPPair(t)
		a := asked(t, client, server, tt.in)
		if err := a.Grant(tt.bound); err != nil {
			t.Errorf("Grant(%v): %v", tt.bound, err)
		}
		server.Close()
		if p, err := io.ReadAll(client); string(p) != tt.want || err != nil {
			t.Errorf("Grant(%v) says %q, %v; want %q", tt.bound, p, err, tt.want)
		}
	}
}

func TestRefuse(t *testing.T) {
	for _, tt := range []struct {
		err    error
		reply  byte
		status int
	}{
		{&wire.Refusal{Code: wire.Denied, Text: "not on the list"}, 2, 403},
		{&wire.Refusal{Code: wire.Unreachable, Text: "no way there"}, 4, 502},
		{&wire.Refusal{Code: wire.NotFound, Text: "no such host"}, 4, 502},
		{&wire.Refusal{Code: wire.Busy, Text: "in use"}, 1, 502},
		{&wire.Refusal{Code: wire.Malformed, Text: "not understood"}, 1, 400},
		{&wire.Refusal{Code: wire.Failed, Text: "does not work"}, 1, 502},
		{fmt.Errorf("dial: %w", syscall.ECONNREFUSED), 5, 502},
		{fmt.Errorf("no session: %w", context.DeadlineExceeded), 6, 504},
		{errors.New("anything else"), 1, 502},
	} {
		// The client has sent more, which is not to cost it the answer.
		const data = "data that does not wait"
		client, server := testnet.TCPPair(t)
		a := asked(t, client, server, askSOCKS5+data)
		client.CloseWrite()
		if err := a.Refuse(tt.err); err != nil {
			t.Errorf("%v: %v", tt.err, err)
		}
		want := append([]byte{5, tt.reply, 0, 1}, make([]byte, 6)...)
		if p, err := io.ReadAll(client); string(p) != string(want) || err != nil {
			t.Errorf("%v: SOCKS5 says %q, %v; want %q", tt.err, p, err, want)
		}

		client, server = testnet.TCPPair(t)
		a = asked(t, client, server, askConnect+data)
		client.CloseWrite()
		if err := a.Refuse(tt.err); err != nil {
			t.Errorf("%v: %v", tt.err, err)
		}
		answer := bufio.NewReader(client)
		response, err := http.ReadResponse(answer, &http.Request{Method: http.MethodConnect})
		if err != nil {
			t.Fatalf("%v: %v", tt.err, err)
		}
		body, err := io.ReadAll(response.Body)
		if response.StatusCode != tt.status || string(body) != tt.err.Error()+"\n" || !response.Close || err != nil {
			t.Errorf("%v: HTTP says %s, %q, %v; want %d", tt.err, response.Status, body, err, tt.status)
		}
		if rest, err := io.ReadAll(answer); len(rest) > 0 || err != nil {
			t.Errorf("%v: HTTP says %q behind that, %v", tt.err, rest, err)
		}
	}
}
