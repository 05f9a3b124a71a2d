package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/testnet"
)

const goodToken = "0123456789abcdef0123456789abcdef"

// Whatever is called wrongly, or cannot be done, is said on one line, with the
// right exit code.
func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	busy := taken.Addr().String()
	dead := testnet.DeadAddress(t)
	server := startServer(t, "-token-file", file("tokens", "alice "+goodToken), "-allow", "localhost:22", "-allow-reverse", "1")
	open := startServer(t, "-open", "-allow", dead)
	site := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(site.Close)
	expired := startExpired(t, dir)
	good, other := file("good", goodToken), file("other", "fedcba9876543210fedcba9876543210")

	for _, tt := range []struct {
		name string
		args string // separated by spaces
		code int
		says string
	}{
		{"nothing", "", 2, "say what to do"},
		{"unknown command", "serve", 2, `no command "serve"`},
		{"unknown flag", "server :0 -bogus", 2, "bogus"},
		{"help of nothing", "help bogus", 2, `no command "bogus"`},

		{"server without address", "server -open -allow *:*", 2, "want one address"},
		{"server address without port", "server localhost -open -allow *:*", 2, "missing port"},
		{"server that lets in nobody", "server :0 -allow *:*", 2, "say who may connect"},
		{"server open and not", "server :0 -open -token-file x -allow *:*", 2, "-open lets everybody in"},
		{"server without targets", "server :0 -open", 2, "say what clients may reach"},
		{"malformed -allow", "server :0 -open -allow localhost", 2, "localhost"},
		{"malformed -allow-reverse", "server :0 -open -allow-reverse 70000", 2, "70000"},
		{"port busy", "server " + busy + " -open -allow *:*", 1, "choose another address"},
		{"half a certificate", "server :0 -open -allow *:* -cert x", 2, "-cert and -key go together"},
		{"no certificate there", "server :0 -open -allow *:* -cert x -key y", 1, "no such file"},
		{"no token file", "server :0 -token-file " + dir + "/none -allow *:*", 1, "no such file"},
		{"short token", "server :0 -token-file " + file("short", "alice secret") + " -allow *:*", 1, "openssl rand"},
		{"mTLS without TLS", "server :0 -client-ca x -allow *:*", 2, "needs TLS"},
		{"bad backend", "server :0 -open -allow *:* -backend localhost", 2, "-backend"},
		{"bad log format", "server :0 -open -allow *:* -log xml", 2, "text or json"},
		{"no config file", "server -config " + dir + "/none", 1, "no such file"},
		{"bad config file", "server -config " + file("conf", "listen :0\n\nbogus 1\n"), 2, "conf:3"},
		{"negative limit", "server :0 -open -allow *:* -max-sessions -1", 2, "-max-sessions"},
		{"status port busy", "server 127.0.0.1:0 -open -allow *:* -status " + busy, 1, "-status"},

		{"client without URL", "client -L 0:localhost:22", 2, "want the URL"},
		{"client without forward", "client ws://" + dead, 2, "say what to forward"},
		{"bad URL", "client htp://x/ -L 0:localhost:22", 2, "wss://example.com/"},
		{"URL without host", "client wss:/// -L 0:localhost:22", 2, "needs a host"},
		{"malformed -L", "client " + open + " -L 8080", 2, "8080"},
		{"port out of range", "client " + open + " -L 70000:localhost:22", 2, "70000"},
		{"malformed -R", "client " + open + " -R x:y:z:1:2", 2, "x:y:z"},
		{"-R twice", "client " + open + " -R 2222:localhost:22 -R 2222:localhost:23", 2, "another forward"},
		{"malformed -W", "client " + open + " -W localhost", 2, "localhost"},
		{"-W and -L", "client " + open + " -W localhost:22 -L 0:localhost:22", 2, "no other forward"},
		{"malformed header", "client " + open + " -L 0:localhost:22 -H nonsense", 2, "Name: value"},
		{"malformed proxy", "client " + open + " -L 0:localhost:22 -proxy nonsense", 2, "-proxy"},
		{"TLS options without TLS", "client " + open + " -L 0:localhost:22 -insecure", 2, "not encrypted"},
		{"local port busy", "client " + open + " -L " + busy + ":localhost:22", 1, "choose another address"},
		{"server not there", "client ws://" + dead + "/ -L 0:localhost:22", 1, "refused"},
		{"unknown host", "client ws://nowhere.invalid/ -L 0:localhost:22 -proxy none", 1, "nowhere.invalid"},
		{"no tunnel there", "client " + site.URL + " -L 0:localhost:22", 1, "404"},
		{"no token", "client " + server + " -L 0:localhost:22", 1, "asks for a token"},
		{"wrong token", "client " + server + " -L 0:localhost:22 -token-file " + other, 1, "does not know the token"},
		{"expired certificate", "client " + expired.url + " -L 0:localhost:22 -ca " + expired.ca, 1, "expired"},
		{"unknown certificate", "client " + expired.url + " -L 0:localhost:22", 1, "certificate"},
		{"-R not allowed", "client " + server + " -R 2222:localhost:22 -token-file " + good, 1, "-allow-reverse"},
		{"target not allowed", "client " + server + " -W localhost:23 -token-file " + good, 1, "-allow"},
		{"target refused", "client " + open + " -W " + dead, 1, "refused"},
		{"check without token", "check " + server, 1, "asks for a token"},

		{"raw with one address", "raw :0", 2, "want two addresses"},
		{"raw without WebSocket", "raw :0 localhost:22", 2, "one of the two"},
		{"raw that lets in nobody", "raw ws://:0 localhost:22", 2, "say who may connect"},
		{"raw with a bad target", "raw ws://:0 localhost -open", 2, "HOST:PORT"},
		{"demo too large", "demo -size 0", 2, "-size"},
		{"completion of nothing", "completion tcsh", 2, "bash, zsh or fish"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code, _, stderr := runHere(testnet.Bounded(t), nil, strings.Fields(tt.args)...)
			lines := strings.Split(strings.TrimSpace(stderr), "\n")
			last := lines[len(lines)-1]
			if code != tt.code || !strings.HasPrefix(last, "tunnel: ") || !strings.Contains(last, tt.says) {
				t.Errorf("exit code %d, want %d and %q:\n%s", code, tt.code, tt.says, stderr)
			}
			if said := strings.Count(stderr, "tunnel: "); said != 1 {
				t.Errorf("it is said %d times:\n%s", said, stderr)
			}
		})
	}
}

// expiredServer is an HTTPS server whose certificate has expired.
type expiredServer struct{ url, ca string }

func startExpired(t *testing.T, dir string) expiredServer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "expired"},
		NotBefore:    time.Now().Add(-48 * time.Hour),
		NotAfter:     time.Now().Add(-24 * time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	ca := filepath.Join(dir, "expired.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return expiredServer{"wss" + strings.TrimPrefix(s.URL, "https"), ca}
}
