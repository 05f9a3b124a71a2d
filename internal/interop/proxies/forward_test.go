package proxies_test

import (
	"net/url"
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

// credentials are those as a part of a URL.
func credentials() *url.Userinfo { return url.UserPassword(user, password) }

func startTinyproxy(t *testing.T, allowed string) (*url.URL, *program.Program) {
	return program.Tinyproxy(t, allowed, credentials())
}

func startSquid(scheme string) func(t *testing.T, allowed string) (*url.URL, *program.Program) {
	return func(t *testing.T, allowed string) (*url.URL, *program.Program) {
		return program.Squid(t, scheme, allowed, credentials())
	}
}

func startMicrosocks(t *testing.T, _ string) (*url.URL, *program.Program) {
	return program.Microsocks(t, credentials())
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
	dir, address := program.Folder(t), program.FreePort(t)
	conf := program.Write(t, dir, "danted.conf", danteConf,
		"HOST", host(address), "PORT", port(address), "ALLOWED", port(allowed))
	return proxyURL("socks5h", address, nil), program.Run(t, address, "dante-server", "danted", "-f", conf, "-p", dir+"/pid")
}
