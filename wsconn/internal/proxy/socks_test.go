package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// socksServer answers each request over net.Pipe by the next code, and writes
// down the addresses.
func socksServer(codes []byte, asked *[]string) func(context.Context) (net.Conn, error) {
	return func(context.Context) (net.Conn, error) {
		if len(codes) == 0 {
			return nil, errors.New("the proxy is gone")
		}
		code := codes[0]
		codes = codes[1:]
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			b := make([]byte, 10)
			io.ReadFull(server, b[:3]) // the greeting, of one method
			server.Write([]byte{5, 0})
			io.ReadFull(server, b) // a request for an IPv4 address
			*asked = append(*asked, net.IP(b[4:8]).String())
			server.Write([]byte{5, code, 0, 1, 0, 0, 0, 0, 0, 0})
			if code == 0 {
				io.WriteString(server, "tunnel")
			}
		}()
		return client, nil
	}
}

// What the proxy does not reach is not the end as long as the name has another
// address.
func TestSOCKSTriesEachAddress(t *testing.T) {
	addresses := []string{"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"}
	for _, tt := range []struct {
		codes []byte
		asked []string
		want  string // of the error
	}{
		{[]byte{0}, []string{"10.0.0.1"}, ""},
		{[]byte{3, 4, 0}, []string{"10.0.0.1", "10.0.0.2", "10.0.0.3"}, ""},
		{[]byte{3, 4, 5}, []string{"10.0.0.1", "10.0.0.2", "10.0.0.3"}, "connection refused"},
		{[]byte{3}, []string{"10.0.0.1"}, "the proxy is gone"},
	} {
		var asked []string
		d := Dialer{URL: &url.URL{Scheme: "socks5", Host: "p"}, Open: socksServer(tt.codes, &asked)}
		conn, err := d.greetAny(t.Context(), addresses)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: %v, want %q", tt.codes, err, tt.want)
		}
		if err == nil {
			if b, err := io.ReadAll(conn); string(b) != "tunnel" {
				t.Errorf("%v: read %q, %v", tt.codes, b, err)
			}
		}
		if !slices.Equal(asked, tt.asked) {
			t.Errorf("%v: asked for %q, want %q", tt.codes, asked, tt.asked)
		}
	}
}

// Once the context is over nothing more is tried.
func TestSOCKSStopsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var asked []string
	d := Dialer{URL: &url.URL{Scheme: "socks5", Host: "p"}, Open: socksServer([]byte{3, 0}, &asked)}
	if _, err := d.greetAny(ctx, []string{"10.0.0.1:80", "10.0.0.2:80"}); err == nil || len(asked) != 1 {
		t.Errorf("asked for %q, %v", asked, err)
	}
}

func TestUnknownScheme(t *testing.T) {
	d := Dialer{URL: &url.URL{Scheme: "gopher", Host: "p"}}
	if _, err := d.Dial(t.Context(), "h:80"); err == nil {
		t.Error("no error")
	}
}
