package socks

import (
	"errors"
	"net"
	"strings"
	"testing"
)

func TestParseDatagram(t *testing.T) {
	for _, tt := range []struct {
		name, header, target, data string
	}{
		{"IPv4", "\x00\x00\x00\x01\x01\x02\x03\x04\x00\x35", "1.2.3.4:53", "query"},
		{"IPv6", "\x00\x00\x00\x04" + strings.Repeat("\x00", 15) + "\x01\x00\x35", "[::1]:53", "query"},
		{"a name", "\x00\x00\x00\x03\x01h\x00\x35", "h:53", "query"},
		{"empty to IPv4", "\x00\x00\x00\x01\x01\x02\x03\x04\x00\x35", "1.2.3.4:53", ""},
		{"empty to IPv6", "\x00\x00\x00\x04" + strings.Repeat("\x00", 15) + "\x01\x00\x35", "[::1]:53", ""},
		{"empty to a name", "\x00\x00\x00\x03\x01h\x00\x35", "h:53", ""},
		{"reserved bytes", "\xff\xff\x00\x03\x01h\x00\x35", "h:53", "query"},
	} {
		header, to, data, err := parseDatagram([]byte(tt.header + tt.data))
		if err != nil || string(header) != tt.header || string(data) != tt.data {
			t.Errorf("%s: %q, %q, %v", tt.name, header, data, err)
		}
		if target, err := to.target("udp"); err != nil || target.String() != "udp://"+tt.target {
			t.Errorf("%s: to %v, %v; want %s", tt.name, target, err, tt.target)
		}
		for i := range tt.header {
			if header, _, data, err := parseDatagram([]byte(tt.header[:i])); !errors.Is(err, errShort) {
				t.Errorf("%s, ends after %d bytes: %q, %q, %v", tt.name, i, header, data, err)
			}
		}
	}
	for _, bad := range []string{"\x00\x00\x01\x01\x01\x02\x03\x04\x00\x35", "\x00\x00\x00\x02\x01\x02\x03\x04\x00\x35"} {
		if header, to, _, err := parseDatagram([]byte(bad)); err == nil {
			t.Errorf("%q is %q, %+v", bad, header, to)
		}
	}
}

// A datagram is its header and its data, whatever is in it, and a target is
// spelled in one way: as its own parser reads it.
func FuzzParseDatagram(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x01\x01\x02\x03\x04\x00\x35query"))
	f.Add([]byte("\x00\x00\x00\x04" + strings.Repeat("\x00", 10) + "\xff\xff\x01\x02\x03\x04\x00\x35"))
	f.Add([]byte("\x00\x00\x00\x03\x05a]:1%\x00\x35"))
	f.Fuzz(func(t *testing.T, b []byte) {
		header, to, data, err := parseDatagram(b)
		if err != nil {
			return
		}
		if string(header)+string(data) != string(b) {
			t.Errorf("%q is %q and %q", b, header, data)
		}
		target, err := to.target("udp")
		if err != nil {
			return
		}
		host, _, err := net.SplitHostPort(target.Address)
		if err != nil || host != to.host || target.Network != "udp" {
			t.Errorf("%q is to %+v, which makes %+v", b, to, target)
		}
	})
}
