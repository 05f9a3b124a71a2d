package tunnel_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/internal/interop/program"
	"github.com/wsstream/wsstream/internal/testnet"
)

// page answers with the protocol and the host of a request, and with a long
// stream at /stream.
func page(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/stream" {
		io.Copy(w, repeated(downloadSize()))
		return
	}
	fmt.Fprintf(w, "%s for %s", r.Proto, r.Host)
}

// downloadSize is how long that stream is.
func downloadSize() int64 {
	if *full {
		return 1 << 30
	}
	return 64 << 20
}

// site is a web server.
type site struct {
	port string
	ca   string // the file of its authority, with TLS
}

func startSite(t *testing.T, secure bool) site {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(page))
	t.Cleanup(server.Close)
	var s site
	if secure {
		dir := program.Folder(t)
		program.WriteCertificate(t, dir)
		s.ca = filepath.Join(dir, "cert.pem")
		server.TLS, _ = testnet.TLSConfigs(t)
		server.EnableHTTP2 = true
		server.StartTLS()
	} else {
		server.Start()
	}
	_, s.port, _ = net.SplitHostPort(server.Listener.Addr().String())
	return s
}

func (s site) addr() string { return "127.0.0.1:" + s.port }

// curl runs curl, and returns what the site has sent, its errors, and its exit
// code. No proxy of the environment is used.
func curl(t *testing.T, args ...string) (body, errs string, code int) {
	t.Helper()
	p := program.Start(t, "curl", "curl", append([]string{"--no-progress-meter", "--noproxy", ""}, args...)...)
	code = p.Wait()
	if code != 0 {
		return "", p.Output(), code
	}
	return p.Output(), "", 0
}

// curl through what listens here.
func TestCurl(t *testing.T) {
	plain, secure := startSite(t, false), startSite(t, true)
	server := startServer(t)
	local, localSecure := forward(t, server, plain.addr()), forward(t, server, secure.addr())
	asked := startClient(t, server, "-D", "0")
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"HTTP", []string{"http://" + local}, "HTTP/1.1 for " + local},
		{"HTTP/2 with TLS", []string{"--http2", "--cacert", secure.ca, "https://" + localSecure}, "HTTP/2.0 for " + localSecure},
		{"SOCKS5", []string{"--socks5", asked, "http://" + plain.addr()}, "HTTP/1.1 for " + plain.addr()},
		{"SOCKS5 and HTTP/2", []string{"--socks5-hostname", asked, "--http2", "--cacert", secure.ca, "https://localhost:" + secure.port}, "HTTP/2.0 for localhost:" + secure.port},
		{"CONNECT", []string{"--proxytunnel", "-x", "http://" + asked, "http://localhost:" + plain.port}, "HTTP/1.1 for localhost:" + plain.port},
		{"CONNECT and HTTP/2", []string{"-x", "http://" + asked, "--http2", "--cacert", secure.ca, "https://localhost:" + secure.port}, "HTTP/2.0 for localhost:" + secure.port},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if body, errs, _ := curl(t, tt.args...); body != tt.want {
				t.Errorf("%q, want %q; %s", body, tt.want, errs)
			}
		})
	}
}

// A long file.
func TestCurlDownload(t *testing.T) {
	plain, secure := startSite(t, false), startSite(t, true)
	server := startServer(t)
	want := digest(t, repeated(downloadSize()))
	for _, args := range [][]string{
		{"http://" + forward(t, server, plain.addr()) + "/stream"},
		{"--http2", "--cacert", secure.ca, "https://" + forward(t, server, secure.addr()) + "/stream"},
	} {
		file := filepath.Join(t.TempDir(), "file")
		if _, errs, code := curl(t, append(args, "-o", file)...); code != 0 {
			t.Errorf("%q: exit code %d: %s", args, code, errs)
			continue
		}
		if got := digestOf(t, file); got != want {
			t.Errorf("%q: the SHA-256 is %s, want %s", args, got, want)
		}
	}
}

// With --socks5-hostname and with CONNECT it is the server that resolves names:
// it gets one that it allows, and would not allow the address.
func TestCurlRemoteDNS(t *testing.T) {
	plain := startSite(t, false)
	server := start(t, "server", "127.0.0.1:0", "-open", "-allow", "localhost:"+plain.port)
	asked := startClient(t, "ws://"+server.says(`listening on (\S+)$`)+"/", "-D", "0")
	url := "http://localhost:" + plain.port
	for _, args := range [][]string{
		{"--socks5-hostname", asked, url},
		{"--proxytunnel", "-x", "http://" + asked, url},
	} {
		if body, errs, code := curl(t, args...); code != 0 || body != "HTTP/1.1 for localhost:"+plain.port {
			t.Errorf("%q: exit code %d, %q, %s", args, code, body, errs)
		}
	}
	if _, errs, code := curl(t, "--socks5", asked, url); code != 97 || !strings.Contains(errs, "(2)") {
		t.Errorf("--socks5: exit code %d, %s; want 97 and the reply 2, not allowed", code, errs)
	}
}

// What curl says of targets that cannot be reached.
func TestCurlRefused(t *testing.T) {
	asked := startClient(t, startServer(t, "-deny", "127.0.0.1:1"), "-D", "0")
	dead := testnet.DeadAddress(t)
	nowhere := strings.Repeat("n", 64) + ".test" // longer than a name can be: nobody else has to be asked
	const failedProxy, failedReceive = 97, 56
	for _, tt := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"SOCKS5, refused", []string{"--socks5", asked, "http://" + dead}, failedProxy, "(5)"},
		{"SOCKS5, not allowed", []string{"--socks5", asked, "http://127.0.0.1:1"}, failedProxy, "(2)"},
		{"SOCKS5, unknown name", []string{"--socks5-hostname", asked, "http://" + nowhere}, failedProxy, "(4)"},
		{"CONNECT, refused", []string{"--proxytunnel", "-x", "http://" + asked, "http://" + dead}, failedReceive, "502"},
		{"CONNECT, not allowed", []string{"--proxytunnel", "-x", "http://" + asked, "http://127.0.0.1:1"}, failedReceive, "403"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, errs, code := curl(t, tt.args...); code != tt.code || !strings.Contains(errs, tt.says) {
				t.Errorf("exit code %d, want %d and %q; %s", code, tt.code, tt.says, errs)
			}
		})
	}
}

// Through -L that is a reset, and no empty reply. It may come while curl still
// connects, or sends.
func TestCurlReset(t *testing.T) {
	const failedConnect, failedSend, failedReceive = 7, 55, 56
	_, errs, code := curl(t, "http://"+forward(t, startServer(t), testnet.DeadAddress(t)))
	if !slices.Contains([]int{failedConnect, failedSend, failedReceive}, code) {
		t.Errorf("exit code %d: %s", code, errs)
	}
}
