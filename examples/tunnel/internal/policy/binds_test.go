package policy

import (
	"strings"
	"testing"

	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
)

func TestBinds(t *testing.T) {
	tests := []struct {
		pattern, asked string
		want           bool
	}{
		{"2222", "127.0.0.1:2222", true},
		{"2222", "[::1]:2222", true},
		{"2222", "[::ffff:127.0.0.1]:2222", true},
		{"2222", "localhost:2222", true},
		{"2222", "LocalHost.:2222", true},
		{"2222", "127.0.0.2:2222", false},
		{"2222", "0.0.0.0:2222", false},
		{"2222", ":2222", false},
		{"2222", "[::]:2222", false},
		{"2222", "192.0.2.1:2222", false},
		{"2222", "127.0.0.1:2223", false},
		{"2222", "127.0.0.1:0", false},
		{"2222", "udp://127.0.0.1:2222", false},
		{"2222", "unix://2222", false},
		{"8000-8999", "127.0.0.1:8000", true},
		{"8000-8999", "127.0.0.1:8999", true},
		{"8000-8999", "127.0.0.1:9000", false},
		{"8000-8999", "127.0.0.1:0", false},
		{"1-65535", "127.0.0.1:0", false},
		{"*", "127.0.0.1:0", true},
		{"*", "127.0.0.1:1", true},
		{"*", ":1", false},
		{"*:2222", ":2222", true},
		{"*:2222", "0.0.0.0:2222", true},
		{"*:2222", "192.0.2.1:2222", true},
		{"*:2222", "localhost:2222", true},
		{"*:2222", "example.com:2222", false},
		{"*:2222", "[fe80::1%eth0]:2222", false},
		{"*:2222", ":0", false},
		{"*:*", ":0", true},
		{"0.0.0.0:2222", "0.0.0.0:2222", true},
		{"0.0.0.0:2222", "127.0.0.1:2222", false},
		{"0.0.0.0:2222", ":2222", false},
		{"192.0.2.1:8000-8001", "192.0.2.1:8001", true},
		{"192.0.2.1:8000-8001", "192.0.2.2:8001", false},
		{"[2001:db8::1]:*", "[2001:db8:0::1]:0", true},
		{"localhost:2222", "localhost:2222", true},
		{"localhost:2222", "127.0.0.1:2222", false},
		{"udp://5353", "udp://127.0.0.1:5353", true},
		{"udp://5353", "127.0.0.1:5353", false},
		{"udp://*:5353", "udp://:5353", true},
		{"unix:///run/a.sock", "unix:///run/a.sock", true},
		{"unix:///run/a.sock", "unix:///run/b.sock", false},
		{"unix:///run/a/*", "unix:///run/a/b.sock", true},
		{"unix:///run/a/*", "unix:///run/a/../b.sock", false},
		{"*:*", "unix:///run/a.sock", false},
	}
	for _, tt := range tests {
		asked, err := spec.ParseAddr(tt.asked)
		if err != nil {
			t.Fatal(err)
		}
		var bs Binds
		if err := bs.Allows(asked); !isCode(err, wire.Denied) {
			t.Errorf("an empty list: %s is %v", tt.asked, err)
		}
		if err := bs.Add(tt.pattern); err != nil || bs.Empty() {
			t.Fatalf("-allow-reverse %s: %v", tt.pattern, err)
		}
		err = bs.Allows(asked)
		if (err == nil) != tt.want {
			t.Errorf("-allow-reverse %s: %s is %v", tt.pattern, tt.asked, err)
		}
		if err != nil && (!isCode(err, wire.Denied) || !strings.Contains(err.Error(), tt.asked+": its -allow-reverse")) {
			t.Errorf("-allow-reverse %s: %s is refused by %#v", tt.pattern, tt.asked, err)
		}
	}
	var bs Binds
	if err := bs.Allows(spec.Addr{Network: "tcp", Address: "2222"}); !isCode(err, wire.Malformed) {
		t.Errorf("an address without a port is %v", err)
	}
}

func TestBindsAdd(t *testing.T) {
	for _, s := range []string{
		"", "0", "ssh", "65536", "9-1", ":2222", "h:2222", "*.h:2222", "127.0.0.1:0", "127.0.0.1:", "::1:2222", "10.0.0.0/8:1",
		"[fe80::1%eth0]:1", "http://1", "unix://a", "unix://", "unix:///run/../a",
	} {
		var bs Binds
		if err := bs.Add(s); err == nil || !strings.Contains(err.Error(), `"`+s+`": `) || !bs.Empty() {
			t.Errorf("%q is taken as %+v, %v", s, bs, err)
		}
	}
}
