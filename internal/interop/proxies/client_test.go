package proxies_test

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/wsstream/wsstream/internal/interop/program"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

func host(address string) string { h, _, _ := net.SplitHostPort(address); return h }
func port(address string) string { _, p, _ := net.SplitHostPort(address); return p }

// through are the options of a client behind a proxy, which trusts what the
// tests have certified: the proxy and the server.
func through(t *testing.T, proxy *url.URL) *wsconn.DialOptions {
	_, trusting := testnet.TLSConfigs(t)
	return &wsconn.DialOptions{Proxy: http.ProxyURL(proxy), TLSConfig: trusting}
}

// eachForward runs a test with each proxy.
func eachForward(t *testing.T, test func(t *testing.T, f forward)) {
	for _, f := range forwards {
		t.Run(f.name, func(t *testing.T) { test(t, f) })
	}
}

// wantProxyError fails the test if err does not say that the proxy has said so.
func wantProxyError(t *testing.T, err error, proxy *url.URL, v verdict) {
	t.Helper()
	var failed *wsconn.HandshakeError
	var blamed *wsconn.ProxyError
	if !errors.As(err, &failed) || failed.Status != 0 || !errors.As(err, &blamed) {
		t.Errorf("the error is %v, want a HandshakeError without a status and a ProxyError", err)
		return
	}
	if blamed.Status != v.status || !strings.Contains(err.Error(), v.text) || !strings.Contains(err.Error(), proxy.Host) {
		t.Errorf("the error is %q with status %d, want %d, %q and the proxy's address", err, blamed.Status, v.status, v.text)
	}
	if strings.Contains(err.Error(), password) {
		t.Errorf("the error tells the password: %q", err)
	}
}

// Streams both ways through each proxy, and each has its end.
func TestForward(t *testing.T) {
	eachForward(t, func(t *testing.T, f forward) {
		for _, secure := range []bool{false, true} {
			t.Run(map[bool]string{false: "ws", true: "wss"}[secure], func(t *testing.T) {
				tg := newTarget(t, secure, nil)
				proxy, _ := f.start(t, tg.address)
				client, server := tg.meet(t, tg.url, through(t, proxy))
				if client.RemoteAddr().String() == tg.address {
					t.Fatal("the client went around the proxy")
				}
				exchange(t, client, server)
				finish(t, f.hasty, client, server)
			})
		}
	})
}

// The name of the server goes to the proxy, which knows it.
func TestForwardName(t *testing.T) {
	eachForward(t, func(t *testing.T, f forward) {
		tg := newTarget(t, true, nil)
		proxy, _ := f.start(t, tg.address)
		tg.meet(t, "wss://localhost:"+port(tg.address), through(t, proxy))
	})
}

func TestForwardCredentials(t *testing.T) {
	eachForward(t, func(t *testing.T, f forward) {
		tg := newTarget(t, false, nil)
		right, _ := f.start(t, tg.address)
		if right.User == nil {
			return // it lets everybody in
		}
		for _, tt := range []struct {
			name string
			user *url.Userinfo
			want verdict
		}{
			{"none", nil, f.unknown},
			{"wrong password", url.UserPassword(user, "wrong"), f.wrong},
			{"wrong user", url.UserPassword("nobody", password), f.wrong},
		} {
			t.Run(tt.name, func(t *testing.T) {
				u := *right
				u.User = tt.user
				_, err := wsconn.Dial(testnet.Bounded(t), tg.url, through(t, &u))
				wantProxyError(t, err, right, tt.want)
			})
		}
		tg.meet(t, tg.url, through(t, right)) // it is not that it lets nobody in
	})
}

// A proxy is asked for what it does not allow.
func TestForwardForbidden(t *testing.T) {
	eachForward(t, func(t *testing.T, f forward) {
		if f.forbidden == (verdict{}) {
			return // it allows everything
		}
		tg, other := newTarget(t, false, nil), newTarget(t, false, nil)
		proxy, _ := f.start(t, other.address)
		_, err := wsconn.Dial(testnet.Bounded(t), tg.url, through(t, proxy))
		wantProxyError(t, err, proxy, f.forbidden)
		other.meet(t, other.url, through(t, proxy))
	})
}

// Nobody listens where the proxy is sent.
func TestForwardAbsent(t *testing.T) {
	eachForward(t, func(t *testing.T, f forward) {
		address := testnet.DeadAddress(t)
		proxy, _ := f.start(t, address)
		_, err := wsconn.Dial(testnet.Bounded(t), "ws://"+address, through(t, proxy))
		wantProxyError(t, err, proxy, f.absent)
	})
}

// A proxy that dies is no end for either side.
func TestForwardDies(t *testing.T) {
	eachForward(t, func(t *testing.T, f forward) {
		tg := newTarget(t, true, nil)
		url, p := f.start(t, tg.address)
		client, server := tg.meet(t, tg.url, through(t, url))
		p.Kill()
		wantCut(t, "client", client)
		wantCut(t, "server", server)
	})
}

// Nobody listens where the proxy should be.
func TestForwardDead(t *testing.T) {
	tg := newTarget(t, false, nil)
	for _, scheme := range []string{"http", "https", "socks5", "socks5h"} {
		t.Run(scheme, func(t *testing.T) {
			proxy := proxyURL(scheme, testnet.DeadAddress(t), url.UserPassword(user, password))
			_, err := wsconn.Dial(testnet.Bounded(t), tg.url, through(t, proxy))
			wantProxyError(t, err, proxy, text("refused"))
			if !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("the error is %v, want %v", err, syscall.ECONNREFUSED)
			}
		})
	}
}

// The server refuses the handshake: that is not the proxy's fault.
func TestForwardRefused(t *testing.T) {
	eachForward(t, func(t *testing.T, f forward) {
		tg := newTarget(t, false, nil)
		proxy, _ := f.start(t, tg.address)
		opts := through(t, proxy)
		opts.Header = http.Header{"Origin": {"http://elsewhere.example"}}
		_, err := wsconn.Dial(testnet.Bounded(t), tg.url, opts)
		wantRefused(t, "client", err, http.StatusForbidden, "")
		wantRefused(t, "server", testnet.Take(t, "the handshake", tg.results).err, http.StatusForbidden, "elsewhere")
		if errors.As(err, new(*wsconn.ProxyError)) {
			t.Errorf("%v blames the proxy", err)
		}
	})
}

// A header for the proxy alone opens the way.
func TestForwardHeader(t *testing.T) {
	tg := newTarget(t, false, nil)
	proxy, _ := startSquid("http")(t, tg.address)
	proxy.User = nil
	opts := through(t, proxy)
	_, err := wsconn.Dial(testnet.Bounded(t), tg.url, opts)
	wantProxyError(t, err, proxy, status(http.StatusProxyAuthRequired))
	opts.ProxyHeader = http.Header{"X-Token": {program.SquidToken}}
	tg.meet(t, tg.url, opts)
}
