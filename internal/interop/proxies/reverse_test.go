package proxies_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// routes are the ways through nginx: TLS to it and from it.
var routes = []struct {
	name               string
	toNginx, fromThere bool
}{
	{"ws, ws", false, false},
	{"wss, ws", true, false},
	{"wss, wss", true, true},
}

func TestNginx(t *testing.T) {
	for _, route := range routes {
		t.Run(route.name, func(t *testing.T) {
			tg := newTarget(t, route.fromThere, nil)
			n := startNginx(t, route.toNginx, "http"+strings.TrimPrefix(tg.url, "ws"), websocket)
			client, server := tg.meet(t, n.url, &wsconn.DialOptions{TLSConfig: n.tls})
			exchange(t, client, server)
			finish(t, false, client, server)
		})
	}
}

// Either end's close code comes to the other one.
func TestNginxCloses(t *testing.T) {
	tg := newTarget(t, false, nil)
	n := startNginx(t, false, "http"+strings.TrimPrefix(tg.url, "ws"), websocket)
	for _, from := range []string{"client", "server"} {
		t.Run(from, func(t *testing.T) {
			client, server := tg.meet(t, n.url, nil)
			if from == "server" {
				client, server = server, client
			}
			client.CloseWith(4000, "reason")
			var closed *wsconn.CloseError
			testnet.InTime(t, "Read", func() {
				if _, err := server.Read(make([]byte, 1)); !errors.As(err, &closed) || closed.Code != 4000 || closed.Reason != "reason" {
					t.Errorf("Read gives %v, want code 4000", err)
				}
			})
			server.Close()
			if err := client.WaitClosed(testnet.Bounded(t)); err != nil {
				t.Errorf("the closing handshake: %v", err)
			}
		})
	}
}

// nginx that dies is no end for either side.
func TestNginxDies(t *testing.T) {
	tg := newTarget(t, false, nil)
	n := startNginx(t, false, "http"+strings.TrimPrefix(tg.url, "ws"), websocket)
	client, server := tg.meet(t, n.url, nil)
	n.Kill()
	wantCut(t, "client", client)
	wantCut(t, "server", server)
}

// nginx that was not told about WebSockets: the client's error, and the
// server's, say what to do.
func TestNginxUntold(t *testing.T) {
	for _, tt := range []struct{ name, location, cure string }{
		{"as it comes", "", "nginx: proxy_http_version 1.1"},
		{"without Upgrade", "proxy_http_version 1.1;", "no Upgrade: websocket"},
		{"without Connection", "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;", "the Connection header of the request lacks Upgrade"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tg := newTarget(t, false, nil)
			n := startNginx(t, false, "http"+strings.TrimPrefix(tg.url, "ws"), tt.location)
			_, err := wsconn.Dial(testnet.Bounded(t), n.url, nil)
			wantRefused(t, "client", err, http.StatusUpgradeRequired, tt.cure)
			wantRefused(t, "server", testnet.Take(t, "the handshake", tg.results).err, http.StatusUpgradeRequired, tt.cure)
		})
	}
}

// wantRefused fails the test if err is not a handshake's with a status, which
// says what it is about.
func wantRefused(t *testing.T, side string, err error, status int, text string) {
	t.Helper()
	var refused *wsconn.HandshakeError
	if !errors.As(err, &refused) || refused.Status != status || !strings.Contains(fmt.Sprintf("%v %s", err, refused.Body), text) {
		t.Errorf("the %s's error is %v, want status %d and %q", side, err, status, text)
	}
}

// A page of the site that nginx is: it is of the same origin only if nginx
// passes the name on.
func TestNginxOrigin(t *testing.T) {
	for _, tt := range []struct {
		name, location string
		origins        []string
		status         int
	}{
		{"name not passed on", "", nil, http.StatusForbidden},
		{"name passed on", "proxy_set_header Host $http_host;", nil, 0},
		{"named to the server", "", []string{"127.0.0.1:*"}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tg := newTarget(t, false, &wsconn.AcceptOptions{Origins: tt.origins})
			n := startNginx(t, false, "http"+strings.TrimPrefix(tg.url, "ws"), websocket+tt.location)
			origin := "http" + strings.TrimPrefix(n.url, "ws")
			opts := &wsconn.DialOptions{Header: http.Header{"Origin": {origin}}}
			if tt.status == 0 {
				tg.meet(t, n.url, opts)
				return
			}
			_, err := wsconn.Dial(testnet.Bounded(t), n.url, opts)
			wantRefused(t, "client", err, tt.status, "")
			wantRefused(t, "server", testnet.Take(t, "the handshake", tg.results).err, tt.status, origin)
		})
	}
}

// Nobody listens behind nginx.
func TestNginxAlone(t *testing.T) {
	n := startNginx(t, false, "http://"+testnet.DeadAddress(t), websocket)
	_, err := wsconn.Dial(testnet.Bounded(t), n.url, nil)
	wantRefused(t, "client", err, http.StatusBadGateway, "")
}

// The client's address, as a server behind nginx sees it.
func TestNginxClientAddr(t *testing.T) {
	const forwardedFor = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
	const forwarded = `proxy_set_header Forwarded "for=$remote_addr;proto=http";`
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	nginx, client := "127.0.0.1", "127.0.0.2"
	for _, tt := range []struct {
		name, location string
		trusted        []netip.Prefix
		said           http.Header // by the client
		want           string
	}{
		{"nobody is trusted", forwardedFor, nil, nil, nginx},
		{"nginx says nothing", "", loopback, nil, nginx},
		{"X-Forwarded-For", forwardedFor, loopback, nil, client},
		{"and a lie of the client", forwardedFor, loopback, http.Header{"X-Forwarded-For": {"192.0.2.1"}}, client},
		{"replaced by nginx", "proxy_set_header X-Forwarded-For $remote_addr;", loopback, http.Header{"X-Forwarded-For": {"192.0.2.1"}}, client},
		{"Forwarded", forwarded, loopback, nil, client},
		{"both", forwarded + forwardedFor, loopback, nil, client},
		{"another one is trusted", forwardedFor, []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, nil, nginx},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tg := newTarget(t, false, &wsconn.AcceptOptions{TrustedProxies: tt.trusted})
			n := startNginx(t, false, "http"+strings.TrimPrefix(tg.url, "ws"), websocket+tt.location)
			from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(client)}}
			_, server := tg.meet(t, n.url, &wsconn.DialOptions{DialContext: from.DialContext, Header: tt.said})
			if got := server.Socket().ClientAddr().String(); got != tt.want {
				t.Errorf("the client's address is %s, want %s", got, tt.want)
			}
		})
	}
}

// nginx cuts a connection on which nothing comes for proxy_read_timeout: with
// pings something does.
func TestNginxReadTimeout(t *testing.T) {
	const timeout = 2 * time.Second
	off := wsconn.KeepAlive{Interval: -1}
	pings := wsconn.KeepAlive{Interval: timeout / 8, Timeout: testnet.Patience}
	for _, tt := range []struct {
		name           string
		client, server wsconn.KeepAlive
	}{
		{"the server's", off, pings},
		{"the client's", pings, off},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			meet := func(client, server wsconn.KeepAlive) (*wsconn.Conn, *wsconn.Conn) {
				tg := newTarget(t, false, &wsconn.AcceptOptions{KeepAlive: server})
				n := startNginx(t, false, "http"+strings.TrimPrefix(tg.url, "ws"),
					websocket+fmt.Sprintf("proxy_read_timeout %ds;", timeout/time.Second))
				return tg.meet(t, n.url, &wsconn.DialOptions{KeepAlive: client})
			}
			client, server := meet(tt.client, tt.server)
			// What has begun later, and is silent, ends when this one would have.
			silentClient, silentServer := meet(off, off)
			wantCut(t, "silent client", silentClient)
			wantCut(t, "silent server", silentServer)
			exchange(t, client, server)
		})
	}
}
