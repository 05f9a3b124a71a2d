package policy

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
)

// names is a Resolver that counts how often it is asked.
type names struct {
	ips   map[string][]string
	asked int
}

func (n *names) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	n.asked++
	var ips []netip.Addr
	for _, s := range n.ips[host] {
		ips = append(ips, netip.MustParseAddr(s))
	}
	if network != "ip" || ips == nil {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return ips, nil
}

func newNames() *names {
	return &names{ips: map[string][]string{
		"localhost":       {"::1", "127.0.0.1"},
		"db":              {"10.1.2.3"},
		"mixed":           {"10.0.0.1", "192.0.2.1", "fd00::1", "::ffff:10.0.0.1"},
		"rebound":         {"127.0.0.1"},
		"example.com":     {"192.0.2.80"},
		"www.example.com": {"192.0.2.81"},
		"a.b.example.com": {"192.0.2.82"},
		"badexample.com":  {"192.0.2.83"},
		"nothing":         {"0.0.0.0", "::", "fe80::1%eth0"},
	}}
}

func rightsOf(t *testing.T, allow, deny string) *Rights {
	t.Helper()
	r := new(Rights)
	for _, p := range strings.Fields(allow) {
		if err := r.Targets.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range strings.Fields(deny) {
		if err := r.Deny.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func isCode(err error, code wire.Code) bool {
	refusal, ok := errors.AsType[*wire.Refusal](err)
	return ok && refusal.Code == code
}

// TestResolve holds what may be dialed: "" is nothing.
func TestResolve(t *testing.T) {
	tests := []struct{ allow, deny, to, want string }{
		// names
		{"localhost:22", "", "localhost:22", "[::1]:22 127.0.0.1:22"},
		{"localhost:22", "", "LocalHost.:22", "[::1]:22 127.0.0.1:22"},
		{"LOCALHOST.:22", "", "localhost:22", "[::1]:22 127.0.0.1:22"},
		{"localhost:22", "", "localhost:23", ""},
		{"localhost:22", "", "localhost:2", ""},
		{"localhost:22", "", "127.0.0.1:22", ""},
		{"localhost:22", "", "[::1]:22", ""},
		{"localhost:22", "", "xlocalhost:22", ""},
		{"localhost:22", "", "localhost.evil.com:22", ""},
		{"localhost:22", "", "udp://localhost:22", ""},
		{"localhost:22", "", "unix://localhost:22", ""},
		{"tcp://db:5432", "", "db:5432", "10.1.2.3:5432"},
		{"*.example.com:80", "", "www.example.com:80", "192.0.2.81:80"},
		{"*.example.com:80", "", "a.b.EXAMPLE.com:80", "192.0.2.82:80"},
		{"*.example.com:80", "", "example.com:80", ""},
		{"*.example.com:80", "", "badexample.com:80", ""},
		{"*.example.com:80", "", ".example.com:80", ""},
		{"*.example.com:80", "", "192.0.2.81:80", ""},
		{"", "", "localhost:22", ""},
		// ports
		{"db:*", "", "db:1", "10.1.2.3:1"},
		{"db:*", "", "db:65535", "10.1.2.3:65535"},
		{"db:8000-8002", "", "db:8000", "10.1.2.3:8000"},
		{"db:8000-8002", "", "db:8002", "10.1.2.3:8002"},
		{"db:8000-8002", "", "db:7999", ""},
		{"db:8000-8002", "", "db:8003", ""},
		// addresses
		{"127.0.0.1:22", "", "127.0.0.1:22", "127.0.0.1:22"},
		{"127.0.0.1:22", "", "[::ffff:127.0.0.1]:22", "127.0.0.1:22"},
		{"[::ffff:127.0.0.1]:22", "", "127.0.0.1:22", "127.0.0.1:22"},
		{"[::1]:22", "", "[0:0::0:1]:22", "[::1]:22"},
		{"[::1]:22", "", "[::2]:22", ""},
		{"127.0.0.1:22", "", "localhost:22", "127.0.0.1:22"},
		{"10.0.0.0/8:5432", "", "db:5432", "10.1.2.3:5432"},
		{"10.9.9.9/8:5432", "", "10.1.2.3:5432", "10.1.2.3:5432"},
		{"10.0.0.0/8:5432", "", "11.1.2.3:5432", ""},
		{"10.0.0.0/8:5432", "", "mixed:5432", "10.0.0.1:5432"},
		{"10.0.0.0/8:5432", "", "rebound:5432", ""},
		{"[::ffff:10.0.0.0/104]:1", "", "db:1", "10.1.2.3:1"},
		{"[fd00::/8]:443", "", "mixed:443", "[fd00::1]:443"},
		{"[::/0]:443", "", "192.0.2.1:443", ""},
		{"192.0.2.1:443 10.0.0.0/8:443", "", "mixed:443", "10.0.0.1:443 192.0.2.1:443"},
		// everything, and what is nowhere
		{"*:443", "", "mixed:443", "10.0.0.1:443 192.0.2.1:443 [fd00::1]:443"},
		{"*:443", "", "[2001:db8::1]:443", "[2001:db8::1]:443"},
		{"*:443", "", "udp://mixed:443", ""},
		{"*:*", "", "0.0.0.0:22", ""},
		{"*:*", "", "[::]:22", ""},
		{"*:*", "", "[::ffff:0.0.0.0]:22", ""},
		{"*:*", "", "nothing:22", ""},
		{"*:*", "", "[fe80::1%eth0]:22", ""},
		// -deny
		{"*:443", "10.0.0.0/8:*", "mixed:443", "192.0.2.1:443 [fd00::1]:443"},
		{"*:443", "10.0.0.0/8:*", "db:443", ""},
		{"*:443", "10.0.0.0/8:*", "10.1.2.3:443", ""},
		{"*:443", "10.0.0.0/8:*", "[::ffff:10.1.2.3]:443", ""},
		{"*:443", "[::ffff:10.0.0.0/104]:*", "db:443", ""},
		{"*:443", "127.0.0.0/8:*", "rebound:443", ""},
		{"rebound:443", "127.0.0.1:443", "rebound:443", ""},
		{"*:443", "10.0.0.0/8:80", "db:443", "10.1.2.3:443"},
		{"*:443", "db:*", "DB.:443", ""},
		{"*:443", "db:*", "db..:443", ""},
		{"*:443", "*.example.com:443", "www.example.com:443", ""},
		{"*:443", "*.example.com:443", "example.com:443", "192.0.2.80:443"},
		{"*:*", "*:25", "example.com:25", ""},
		{"*:*", "*:25", "192.0.2.80:25", ""},
		{"*:*", "udp://*:443", "db:443", "10.1.2.3:443"},
		// UDP and Unix sockets
		{"udp://*:53", "", "udp://1.1.1.1:53", "udp://1.1.1.1:53"},
		{"udp://*:53", "", "1.1.1.1:53", ""},
		{"unix:///run/app.sock", "", "unix:///run/app.sock", "unix:///run/app.sock"},
		{"unix:///run/app.sock", "", "unix:////run/./app.sock", "unix:///run/app.sock"},
		{"unix:///run/app.sock", "", "unix:///run/x/../app.sock", ""},
		{"unix:///run/app.sock", "", "unix:///run/app.sock2", ""},
		{"unix:///run/app.sock", "", "unix://run/app.sock", ""},
		{"unix:///run/app/*", "", "unix:///run/app/a.sock", "unix:///run/app/a.sock"},
		{"unix:///run/app/*", "", "unix:///run/app/b/a.sock", ""},
		{"unix:///run/app/*", "", "unix:///run/app", ""},
		{"unix:///run/app/*", "", "unix:///run/app/", ""},
		{"unix:///run/app/*", "", "unix:///run/app/../docker.sock", ""},
		{"unix:///run/app/*", "", "unix://@/run/app/a", ""},
		{"unix:///*", "", "unix:///a.sock", "unix:///a.sock"},
		{"unix:///*", "", "unix:///", ""},
		{"unix:///run/*", "unix:///run/docker.sock", "unix:///run/docker.sock", ""},
		{"unix:///run/*", "unix:///run/docker.sock", "unix:///run//docker.sock", ""},
		{"unix:///run/*", "unix:///run/docker.sock", "unix:///run/docker.sock\x00x", ""},
		{"unix:///run/*", "unix:///run/docker.sock", "unix:///run/app.sock", "unix:///run/app.sock"},
		{"*:*", "", "unix:///run/app.sock", ""},
	}
	for _, tt := range tests {
		to, err := spec.ParseAddr(tt.to)
		if err != nil {
			t.Fatal(err)
		}
		addrs, err := rightsOf(t, tt.allow, tt.deny).Resolve(t.Context(), newNames(), to)
		var got []string
		for _, a := range addrs {
			got = append(got, a.String())
		}
		if want := strings.Fields(tt.want); !slices.Equal(got, want) || (err == nil) != (len(want) > 0) {
			t.Errorf("-allow %s -deny %s: %s is %q, %v; want %q", tt.allow, tt.deny, tt.to, got, err, want)
		}
		if err != nil && !isCode(err, wire.Denied) {
			t.Errorf("-allow %s -deny %s: %s is refused by %#v", tt.allow, tt.deny, tt.to, err)
		}
	}
}

// TestNoOracle holds that the server resolves only what a pattern may allow.
func TestNoOracle(t *testing.T) {
	tests := []struct {
		allow, deny, to string
		asked           int
	}{
		{"other:22", "", "secret:22", 0},
		{"10.0.0.0/8:5432", "", "secret:22", 0},
		{"udp://10.0.0.0/8:22", "", "secret:22", 0},
		{"*:22", "secret:*", "secret:22", 0},
		{"10.0.0.0/8:22", "", "secret:22", 1},
		{"*:22", "", "secret:22", 1},
		{"*:22", "", "192.0.2.1:22", 0},
	}
	for _, tt := range tests {
		n := newNames()
		_, err := rightsOf(t, tt.allow, tt.deny).Resolve(t.Context(), n, spec.Addr{Network: "tcp", Address: tt.to})
		if n.asked != tt.asked {
			t.Errorf("-allow %s -deny %s: %s is looked up %d times, want %d", tt.allow, tt.deny, tt.to, n.asked, tt.asked)
		}
		if _, isDNS := errors.AsType[*net.DNSError](err); isDNS != (tt.asked > 0) {
			t.Errorf("-allow %s -deny %s: %s fails with %v", tt.allow, tt.deny, tt.to, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	r := rightsOf(t, "*:443", "")
	_, err := r.Resolve(t.Context(), newNames(), spec.Addr{Network: "udp", Address: "db:5432"})
	if err == nil || !strings.Contains(err.Error(), "udp://db:5432: its -allow") {
		t.Errorf("%v does not say what to do", err)
	}
	r = rightsOf(t, "*:443", "10.0.0.0/8:*")
	_, err = r.Resolve(t.Context(), newNames(), spec.Addr{Network: "tcp", Address: "db:443"})
	if err == nil || !strings.Contains(err.Error(), "-deny") || strings.Contains(err.Error(), "10.1") {
		t.Errorf("%v does not name -deny, or says what the name resolves to", err)
	}
	for _, address := range []string{"", "db", "db:", "db:0", ":443", ".:443", "db:https", "db:65979", "db:443:443"} {
		addrs, err := r.Resolve(t.Context(), newNames(), spec.Addr{Network: "tcp", Address: address})
		if !isCode(err, wire.Malformed) {
			t.Errorf("%q is %v, %v", address, addrs, err)
		}
	}
}

func TestTargetsAdd(t *testing.T) {
	for _, s := range []string{
		"", "22", "localhost", ":22", ".:22", "*.:22", "localhost:", "localhost:0", "localhost:ssh", "localhost:65536",
		"h:9-1", "h:0-9", "h:1-", "h:-1", "h:1-2-3", "h:1-*", "local*:*", "*local:*", "a.*.b:1", "*.*.b:1", ".b:1",
		"::1:22", "10.0.0.0/33:1", "fd00::/8:443", "x/8:1", "[fe80::1%eth0]:22", "[fe80::%eth0/64]:22", "a b:1",
		"http://h:80", "unix://", "unix://app.sock", "unix:///run/../app.sock", "unix:///run/*.sock", "unix:///run/*/a", "unix:///run/**",
	} {
		var ts Targets
		if err := ts.Add(s); err == nil || !strings.Contains(err.Error(), `"`+s+`": `) || !ts.Empty() {
			t.Errorf("%q is taken as %+v, %v", s, ts, err)
		}
	}
	ts := rightsOf(t, "localhost:22", "").Targets
	if ts.Empty() {
		t.Error("a list with a pattern is empty")
	}
}

// TestNetResolver holds that the resolver of the net package is one, and that
// localhost takes no DNS.
func TestNetResolver(t *testing.T) {
	addrs, err := rightsOf(t, "localhost:22", "").Resolve(t.Context(), net.DefaultResolver, spec.Addr{Network: "tcp", Address: "localhost:22"})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if a.Address != "127.0.0.1:22" && a.Address != "[::1]:22" {
			t.Errorf("localhost is %s", a)
		}
	}
}

func FuzzParsePattern(f *testing.F) {
	for _, s := range []string{"localhost:22", "*.example.com:8000-8999", "[fd00::/8]:*", "udp://*:53", "unix:///run/app/*", "2222"} {
		f.Add(s, "[::ffff:10.0.0.1]:22")
	}
	f.Fuzz(func(t *testing.T, pattern, address string) {
		var r Rights
		r.Targets.Add("*:*")
		if r.Deny.Add(pattern) == nil && r.Targets.Add(pattern) != nil {
			t.Errorf("%q can be denied, but not allowed", pattern)
		}
		r.Binds.Add(pattern)
		to, err := spec.ParseAddr(address)
		if err != nil {
			return
		}
		r.Binds.Allows(to)
		addrs, err := r.Resolve(t.Context(), newNames(), to)
		if (err == nil) != (len(addrs) > 0) {
			t.Errorf("%q is %v, %v", address, addrs, err)
		}
		for _, a := range addrs {
			if _, err := netip.ParseAddrPort(a.Address); err != nil || r.Deny.haveIP(a.Network, netip.MustParseAddrPort(a.Address).Addr(), netip.MustParseAddrPort(a.Address).Port()) {
				t.Errorf("-deny %q: %q leads to %q", pattern, address, a)
			}
		}
	})
}
