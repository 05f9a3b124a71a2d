package program

import (
	"crypto/md5" // as Squid has passwords
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
)

// Run starts a program, and waits until it listens at an address.
func Run(tb testing.TB, address, pkg, name string, args ...string) *Program {
	tb.Helper()
	p := Start(tb, pkg, name, args...)
	p.AwaitPort(address)
	return p
}

// Tinyproxy starts one that lets through to the port of one address, for the
// user if there is one, and returns its URL.
func Tinyproxy(tb testing.TB, allowed string, user *url.Userinfo) (*url.URL, *Program) {
	tb.Helper()
	dir, address := Folder(tb), FreePort(tb)
	host, port, _ := net.SplitHostPort(address)
	auth := ""
	if user != nil {
		password, _ := user.Password()
		auth = "BasicAuth " + user.Username() + " " + password
	}
	conf := Write(tb, dir, "tinyproxy.conf", `
Listen HOST
Port PORT
AUTH
ConnectPort ALLOWED
`, "HOST", host, "PORT", port, "AUTH", auth, "ALLOWED", portOf(allowed))
	p := Run(tb, address, "tinyproxy", "tinyproxy", "-d", "-c", conf)
	return &url.URL{Scheme: "http", Host: address, User: user}, p
}

// squidConf asks for credentials, Basic or Digest, or a header that no client
// has by itself.
const squidConf = `
LISTEN
SCHEMES
acl token req_header X-Token ^TOKEN$
acl allowed port ALLOWED
http_access deny !allowed
http_access allow token
http_access allow WHO
http_access deny all
cache deny all
access_log none
cache_log DIR/cache.log
pid_filename none
netdb_filename none
pinger_enable off
coredump_dir DIR
hosts_file DIR/hosts
`

// SquidToken is what opens the way through Squid in the header X-Token, without
// credentials.
const SquidToken = "let-me-in"

// SquidHost is a name of loopback that only Squid knows.
const SquidHost = "beyond.example"

// Squid starts one as [Tinyproxy], with the scheme http or https.
func Squid(tb testing.TB, scheme, allowed string, user *url.Userinfo) (*url.URL, *Program) {
	tb.Helper()
	schemes, passwords := "", ""
	if user != nil {
		password, _ := user.Password()
		schemes = "auth_param basic program /usr/lib/squid/basic_ncsa_auth DIR/passwords"
		passwords = fmt.Sprintf("%s:%x", user.Username(), md5.Sum([]byte(password)))
	}
	address, p := SquidWith(tb, scheme, allowed, schemes, passwords)
	return &url.URL{Scheme: scheme, Host: address, User: user}, p
}

// SquidWith starts Squid with schemes of authentication and a file of passwords.
// Without schemes it lets everybody in.
func SquidWith(tb testing.TB, scheme, allowed, schemes, passwords string) (address string, p *Program) {
	tb.Helper()
	dir, address := Folder(tb), FreePort(tb)
	listen, who := "http_port "+address, "all"
	if scheme == "https" {
		WriteCertificate(tb, dir)
		listen = "https_port " + address + " tls-cert=" + dir + "/cert.pem tls-key=" + dir + "/key.pem"
	}
	if schemes != "" {
		schemes, who = strings.ReplaceAll(schemes, "DIR", dir)+"\nacl known proxy_auth REQUIRED", "known"
	}
	Write(tb, dir, "passwords", passwords+"\n")
	Write(tb, dir, "hosts", "127.0.0.1 localhost "+SquidHost+"\n")
	conf := Write(tb, dir, "squid.conf", squidConf,
		"LISTEN", listen, "SCHEMES", schemes, "WHO", who, "ALLOWED", portOf(allowed), "TOKEN", SquidToken)
	return address, Run(tb, address, "squid-openssl", "squid", "-N", "-d1", "-f", conf)
}

// Microsocks starts one that lets everything through, for the user if there is
// one.
func Microsocks(tb testing.TB, user *url.Userinfo) (*url.URL, *Program) {
	tb.Helper()
	address := FreePort(tb)
	host, port, _ := net.SplitHostPort(address)
	args := []string{"-i", host, "-p", port}
	if user != nil {
		password, _ := user.Password()
		args = append(args, "-u", user.Username(), "-P", password)
	}
	return &url.URL{Scheme: "socks5", Host: address, User: user}, Run(tb, address, "microsocks", "microsocks", args...)
}

func portOf(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}
