package wsconn

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// The tests dial hosts that are made up, and have nothing to do with the
// proxies of the machine that they run on.
func init() {
	for _, name := range proxyVariables {
		os.Unsetenv(name)
		os.Unsetenv(strings.ToLower(name))
	}
}

var proxyVariables = []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}

// testProxy is a proxy on the loopback, of any kind. All names lead to the
// server behind it.
type testProxy struct {
	scheme   string
	userinfo string // user:password that it wants, or ""
	server   string // the address of what is behind it
	listener net.Listener
	config   *tls.Config

	mu     sync.Mutex
	conns  []net.Conn
	asked  []string      // the addresses that it was to connect to
	fields []http.Header // of CONNECT
}

func newTestProxy(t testing.TB, scheme, userinfo, server string) *testProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &testProxy{scheme: scheme, userinfo: userinfo, server: server, listener: l}
	p.config, _ = testnet.TLSConfigs(t)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.hold(conn)
			running.Go(func() {
				defer conn.Close()
				p.serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.mu.Lock()
		conns := slices.Clone(p.conns)
		p.mu.Unlock()
		for _, c := range conns {
			c.Close()
		}
		running.Wait()
	})
	return p
}

// use is for DialOptions.Proxy, with the userinfo in the URL.
func (p *testProxy) use(userinfo string) func(*http.Request) (*url.URL, error) {
	u := &url.URL{Scheme: p.scheme, Host: p.listener.Addr().String()}
	if user, password, ok := strings.Cut(userinfo, ":"); ok {
		u.User = url.UserPassword(user, password)
	}
	return http.ProxyURL(u)
}

func (p *testProxy) hold(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, conn)
}

func (p *testProxy) note(address string, header http.Header) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked, p.fields = append(p.asked, address), append(p.fields, header)
}

// seen returns what it was asked for.
func (p *testProxy) seen() (asked []string, fields []http.Header) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked), slices.Clone(p.fields)
}

func (p *testProxy) serve(conn net.Conn) {
	if p.scheme == "https" {
		conn = tls.Server(conn, p.config)
	}
	r := bufio.NewReader(conn)
	var err error
	if strings.HasPrefix(p.scheme, "socks5") {
		err = p.socks(conn, r)
	} else {
		err = p.connect(conn, r)
	}
	if err != nil {
		return
	}
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	p.hold(server)
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(server, r)
		server.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(conn, server)
	conn.(interface{ CloseWrite() error }).CloseWrite()
	<-done
}

var errTestProxyRefuses = errors.New("refused")

// connect reads a CONNECT and answers it. Behind the 200 the tunnel begins at
// once.
func (p *testProxy) connect(conn net.Conn, r *bufio.Reader) error {
	request, err := http.ReadRequest(r)
	if err != nil {
		io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
		return err
	}
	p.note(request.Host, request.Header)
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(p.userinfo))
	switch {
	case request.Method != http.MethodConnect || request.RequestURI != request.Host:
		io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
	case p.userinfo != "" && request.Header.Get("Proxy-Authorization") != want:
		io.WriteString(conn, "HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n")
	default:
		_, err := io.WriteString(conn, "HTTP/1.0 200 Connection established\r\nContent-Length: 1000\r\n\r\n")
		return err
	}
	return errTestProxyRefuses
}

// socks reads the greeting and the request of SOCKS5 and answers them (RFC
// 1928, RFC 1929).
func (p *testProxy) socks(conn net.Conn, r *bufio.Reader) error {
	read := func(n int) []byte {
		b := make([]byte, n)
		io.ReadFull(r, b)
		return b
	}
	methods := read(int(read(2)[1]))
	if p.userinfo == "" {
		conn.Write([]byte{5, 0})
	} else {
		if !slices.Contains(methods, 2) {
			conn.Write([]byte{5, 0xFF})
			return errTestProxyRefuses
		}
		conn.Write([]byte{5, 2})
		user := read(int(read(2)[1]))
		password := read(int(read(1)[0]))
		if string(user)+":"+string(password) != p.userinfo {
			conn.Write([]byte{1, 1})
			return errTestProxyRefuses
		}
		conn.Write([]byte{1, 0})
	}
	var host string
	switch kind := read(4)[3]; kind {
	case 1:
		host = net.IP(read(4)).String()
	case 3:
		host = string(read(int(read(1)[0])))
	case 4:
		host = net.IP(read(16)).String()
	}
	port := read(2)
	p.note(net.JoinHostPort(host, fmt.Sprint(int(port[0])<<8|int(port[1]))), nil)
	_, err := conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	return err
}

// proxied starts a server, with TLS or without, and a proxy in front of it. The
// options know both.
func proxied(t *testing.T, scheme, userinfo string, secure bool) (*handshakeServer, *testProxy, *DialOptions) {
	t.Helper()
	s := newHandshakeServer(t, &AcceptOptions{}, nil)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	serverConfig, clientConfig := testnet.TLSConfigs(t)
	if s.TLS = serverConfig; secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	p := newTestProxy(t, scheme, userinfo, s.Listener.Addr().String())
	return s, p, &DialOptions{TLSConfig: clientConfig, Proxy: p.use(userinfo)}
}
