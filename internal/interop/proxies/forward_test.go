package proxies_test

import (
	"crypto/md5" // as Squid has passwords
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/internal/interop/program"
)

// forward is a kind of proxy that a client goes through.
type forward struct {
	name string

	// start starts one that lets through to one address (if it can tell them
	// apart), and returns its URL, with the credentials if it wants some.
	start func(t *testing.T, allowed string) (*url.URL, *program.Program)

	// What it says to who has no credentials, or wrong ones, of a server that is
	// not allowed, and of one that is not there.
	unknown, wrong, forbidden, absent verdict

	// hasty proxies end both directions at once when one has ended, and lose
	// what is on its way in the other one.
	hasty bool
}

// verdict is how a proxy says no: a status of HTTP, or for SOCKS a part of the
// error's text.
type verdict struct {
	status int
	text   string
}

var forwards = []forward{
	{name: "tinyproxy", start: startTinyproxy, unknown: status(407), wrong: status(401), forbidden: status(403), absent: status(500)},
	{name: "Squid", start: startSquid("http"), unknown: status(407), wrong: status(407), forbidden: status(403), absent: status(503)},
	{name: "Squid over TLS", start: startSquid("https"), unknown: status(407), wrong: status(407), forbidden: status(403), absent: status(503)},
	{name: "microsocks", start: startMicrosocks, unknown: text("authentication"), wrong: text("authentication"), absent: text("refused"), hasty: true},
	{name: "Dante", start: startDante, forbidden: text("not allowed"), absent: text("refused")},
}

func status(s int) verdict  { return verdict{status: s} }
func text(s string) verdict { return verdict{text: s} }

// The credentials that the proxies want.
const (
	user     = "user"
	password = "secret"
)

func proxyURL(scheme, address string, user *url.Userinfo) *url.URL {
	return &url.URL{Scheme: scheme, Host: address, User: user}
}

// run starts a program, and waits until it listens at an address.
func run(t *testing.T, address, pkg, name string, args ...string) *program.Program {
	t.Helper()
	p := program.Start(t, pkg, name, args...)
	p.AwaitPort(address)
	return p
}

func startTinyproxy(t *testing.T, allowed string) (*url.URL, *program.Program) {
	dir, address := folder(t), program.FreePort(t)
	conf := write(t, dir, "tinyproxy.conf", `
Listen HOST
Port PORT
BasicAuth USER PASSWORD
ConnectPort ALLOWED
`, "HOST", host(address), "PORT", port(address), "USER", user, "PASSWORD", password, "ALLOWED", port(allowed))
	p := run(t, address, "tinyproxy", "tinyproxy", "-d", "-c", conf)
	return proxyURL("http", address, url.UserPassword(user, password)), p
}

// squidConf asks for credentials, Basic or Digest, or a header that no client
// has by itself.
const squidConf = `
LISTEN
SCHEMES
acl known proxy_auth REQUIRED
acl token req_header X-Token ^TOKEN$
acl allowed port ALLOWED
http_access deny !allowed
http_access allow token
http_access allow known
http_access deny all
cache deny all
access_log none
cache_log DIR/cache.log
pid_filename none
netdb_filename none
pinger_enable off
coredump_dir DIR
`

func startSquid(scheme string) func(t *testing.T, allowed string) (*url.URL, *program.Program) {
	return func(t *testing.T, allowed string) (*url.URL, *program.Program) {
		basic := "auth_param basic program /usr/lib/squid/basic_ncsa_auth DIR/passwords"
		address, p := runSquid(t, scheme, allowed, basic, fmt.Sprintf("%s:%x", user, md5.Sum([]byte(password))))
		return proxyURL(scheme, address, url.UserPassword(user, password)), p
	}
}

// runSquid starts Squid with schemes of authentication and a file of passwords.
func runSquid(t *testing.T, scheme, allowed, schemes, passwords string) (address string, p *program.Program) {
	t.Helper()
	dir, address := folder(t), program.FreePort(t)
	listen := "http_port " + address
	if scheme == "https" {
		writeCertificate(t, dir)
		listen = "https_port " + address + " tls-cert=" + dir + "/cert.pem tls-key=" + dir + "/key.pem"
	}
	write(t, dir, "passwords", passwords+"\n")
	conf := write(t, dir, "squid.conf", squidConf,
		"LISTEN", listen, "SCHEMES", strings.ReplaceAll(schemes, "DIR", dir), "ALLOWED", port(allowed), "TOKEN", token)
	return address, run(t, address, "squid-openssl", "squid", "-N", "-d1", "-f", conf)
}

func startMicrosocks(t *testing.T, _ string) (*url.URL, *program.Program) {
	address := program.FreePort(t)
	p := run(t, address, "microsocks", "microsocks", "-i", host(address), "-p", port(address), "-u", user, "-P", password)
	return proxyURL("socks5", address, url.UserPassword(user, password)), p
}

const danteConf = `
logoutput: stderr
internal: HOST port = PORT
external: 127.0.0.1
clientmethod: none
socksmethod: none
user.privileged: root
user.unprivileged: nobody
client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
socks pass { from: 0.0.0.0/0 to: 127.0.0.0/8 port = ALLOWED }
socks block { from: 0.0.0.0/0 to: 0.0.0.0/0 }
`

func startDante(t *testing.T, allowed string) (*url.URL, *program.Program) {
	dir, address := folder(t), program.FreePort(t)
	conf := write(t, dir, "danted.conf", danteConf,
		"HOST", host(address), "PORT", port(address), "ALLOWED", port(allowed))
	return proxyURL("socks5h", address, nil), run(t, address, "dante-server", "danted", "-f", conf, "-p", dir+"/pid")
}
