package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// Whoever calls the program wrongly gets one line that says what to do.
func TestCommandLine(t *testing.T) {
	busy := startTarget(t, echo)
	_, busyPort, _ := net.SplitHostPort(busy)
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const url = "ws://127.0.0.1:9/"
	for _, tt := range []struct {
		args string
		code int
		says string // on stderr, or on stdout if code is 0
	}{
		{"help", 0, "tunnel server ADDR"},
		{"-h", 0, "tunnel server ADDR"},
		{"server -h", 0, "tunnel server ADDR"},
		{"client --help", 0, "tunnel server ADDR"},
		{"demo -h", 0, "tunnel server ADDR"},
		{"", 2, "server, client or demo"},
		{"serve :0", 2, `no command "serve"`},

		{"server", 2, "want one address"},
		{"server 127.0.0.1:0 -open extra", 2, "want one address"},
		{"server 127.0.0.1:0", 2, "-allow localhost:22"},
		{"server 127.0.0.1:0 -open -allow localhost:22", 2, "-open allows every target"},
		{"server 127.0.0.1:0 -allow localhost", 2, "want HOST:PORT"},
		{"server 127.0.0.1 -open", 2, "such as :8443"},
		{"server 127.0.0.1:0 -open -cert " + empty, 2, "-cert and -key go together"},
		{"server 127.0.0.1:0 -open -cert " + empty + " -key " + empty, 1, "-cert and -key: "},
		{"server " + busy + " -open", 1, "choose another address or port"},
		{"server 127.0.0.1:0 -what", 2, "not defined: -what"},

		{"client -L 0:h:1", 2, "want one URL"},
		{"client " + url, 2, "-L 8080:localhost:80"},
		{"client " + url + " -L", 2, "needs an argument: -L"},
		{"client " + url + " -L h:1", 2, "want [BIND:]PORT:HOST:PORT"},
		{"client " + url + " -L 0:h:x", 2, `port "x"`},
		{"client " + url + " -L " + busyPort + ":h:1", 1, "choose another address or port"},
		{"client ftp://h/ -L 0:h:1", 2, "such as wss://"},
		{"client localhost:8080 -L 0:h:1", 2, "such as wss://"},
		{"client ws:///x -L 0:h:1", 2, "needs a host"},
		{"client ws://h/#x -L 0:h:1", 2, "#fragment"},
		{"client ws://h:x/ -L 0:h:1", 2, "invalid port"},
		{"client " + url + " -L 0:h:1 -H novalue", 2, "Name: value"},
		{"client " + url + " -L 0:h:1 -insecure", 2, "not encrypted"},
		{"client wss://h/ -L 0:h:1 -ca " + empty, 1, "no certificate in"},
		{"client wss://h/ -L 0:h:1 -ca " + empty + ".not", 1, "no such file"},

		{"demo now", 2, "takes only -size"},
		{"demo -size 0", 2, "-size is in MiB"},
		{"demo -size many", 2, "invalid value"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			p := startProgram(t, strings.Fields(tt.args)...)
			stdout, code := p.wait()
			said, silent := p.stderr.String(), stdout
			if tt.code == 0 {
				said, silent = silent, said
			}
			if code != tt.code || !strings.Contains(said, tt.says) || silent != "" {
				t.Errorf("exit code %d, stdout %q, stderr %q; want code %d and %q", code, stdout, &p.stderr, tt.code, tt.says)
			}
			if tt.code != 0 && (strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "tunnel: ")) {
				t.Errorf("stderr is not one line of the program's: %q", said)
			}
		})
	}
}

// The client says in one line why a connection did not come to be.
func TestClientSaysWhy(t *testing.T) {
	target, dead := startTarget(t, echo), unusedAddress(t)
	server := startProgram(t, "server", "127.0.0.1:0", "-allow", dead)
	addr := server.word(t, 2)
	for _, tt := range []struct{ name, url, target, says string }{
		{"not allowed", "ws://" + addr, target, "403 Forbidden"},
		{"target refuses", "ws://" + addr, dead, "502 Bad Gateway"},
		{"no server", "ws://" + dead, dead, "connection refused"},
		{"not TLS", "wss://" + addr, dead, "does not speak TLS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client := startProgram(t, "client", tt.url, "-L", "0:"+tt.target)
			wantReset(t, "application", client.word(t, 1))
			stopProgram(t, client)
			if said := client.stderr.String(); strings.Count(said, "\n") != 1 || !strings.Contains(said, tt.says) {
				t.Errorf("stderr %q, want one line with %q", said, tt.says)
			}
		})
	}
	stopProgram(t, server)
}

// stopProgram ends a program as a service manager does.
func stopProgram(t *testing.T, p *program) {
	t.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM)
	if stdout, code := p.wait(); code != 0 || stdout != "" {
		t.Errorf("SIGTERM: exit code %d, stdout %q, stderr:\n%s", code, stdout, &p.stderr)
	}
}

// A half that is stopped goes at once, and resets the connections it has.
func TestStopWithOpenConnections(t *testing.T) {
	target := startTarget(t, echo)
	for _, stopped := range []string{"server", "client"} {
		t.Run(stopped, func(t *testing.T) {
			server := startProgram(t, "server", "127.0.0.1:0", "-allow", target)
			client := startProgram(t, "client", "ws://"+server.word(t, 2)+"/", "-L", "0:"+target, "-v")
			app := dialTCP(t, client.word(t, 1))
			app.Write([]byte("hello"))
			if _, err := io.ReadFull(app, make([]byte, 5)); err != nil {
				t.Fatal(err)
			}
			first, second := server, client
			if stopped == "client" {
				first, second = client, server
			}
			stopProgram(t, first)
			wantFailure(t, "application", app)
			stopProgram(t, second)
		})
	}
}

// writeCertificate writes a certificate for 127.0.0.1 and its key into files.
func writeCertificate(t *testing.T) (cert, key string) {
	t.Helper()
	config, _ := testnet.TLSConfigs(t)
	pair := config.Certificates[0]
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		name = filepath.Join(dir, name)
		block := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
		if err := os.WriteFile(name, block, 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	return write("cert.pem", "CERTIFICATE", pair.Certificate[0]), write("key.pem", "PRIVATE KEY", der)
}

func TestTLS(t *testing.T) {
	target := startTarget(t, echo)
	cert, key := writeCertificate(t)
	server := startProgram(t, "server", "127.0.0.1:0", "-allow", target, "-cert", cert, "-key", key)
	url := "wss://" + server.word(t, 2) + "/"
	for _, tt := range []struct {
		name  string
		flags []string
		says  string
	}{
		{"-ca", []string{"-ca", cert}, ""},
		{"-insecure", []string{"-insecure"}, "anybody on the way"},
		{"unknown authority", nil, "unknown authority"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client := startProgram(t, append([]string{"client", url, "-L", "0:" + target}, tt.flags...)...)
			if addr := client.word(t, 1); tt.flags == nil {
				wantReset(t, "application", addr)
			} else if err := transfer(dialTCP(t, addr), seed, 1<<20); err != nil {
				t.Error(err)
			}
			stopProgram(t, client)
			if said := client.stderr.String(); strings.Count(said, "\n") > 1 || !strings.Contains(said, tt.says) {
				t.Errorf("stderr %q, want %q in one line", said, tt.says)
			}
		})
	}
}

// What -H says arrives at the server, and may be repeated.
func TestHeader(t *testing.T) {
	got := make(chan []byte, 1)
	server := startTarget(t, func(c *net.TCPConn) {
		request := make([]byte, 4<<10)
		n, _ := c.Read(request)
		got <- request[:n]
	})
	client := startProgram(t, "client", "ws://"+server+"/in?a=b", "-L", "0:h:1", "-H", "X-One: 1", "-H", "X-Two:2 : 2")
	wantReset(t, "application", client.word(t, 1))
	request := <-got
	for _, want := range []string{"GET /in?a=b&target=h%3A1 HTTP/1.1\r\n", "\r\nX-One: 1\r\n", "\r\nX-Two: 2 : 2\r\n"} {
		if !bytes.Contains(request, []byte(want)) {
			t.Errorf("%q is missing in\n%s", want, request)
		}
	}
	stopProgram(t, client)
}
