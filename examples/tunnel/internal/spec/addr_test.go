package spec

import (
	"strings"
	"testing"
)

func TestParseAddr(t *testing.T) {
	good := []struct {
		in   string
		want Addr
	}{
		{"localhost:22", Addr{"tcp", "localhost:22"}},
		{"tcp://localhost:22", Addr{"tcp", "localhost:22"}},
		{"localhost:022", Addr{"tcp", "localhost:22"}},
		{"[::1]:22", Addr{"tcp", "[::1]:22"}},
		{"[fe80::1%eth0]:22", Addr{"tcp", "[fe80::1%eth0]:22"}},
		{"[localhost]:22", Addr{"tcp", "localhost:22"}},
		{":0", Addr{"tcp", ":0"}},
		{"udp://1.1.1.1:53", Addr{"udp", "1.1.1.1:53"}},
		{"unix:///run/app.sock", Addr{"unix", "/run/app.sock"}},
		{"unix://a:b://c", Addr{"unix", "a:b://c"}},
	}
	for _, tt := range good {
		if a, err := ParseAddr(tt.in); err != nil || a != tt.want {
			t.Errorf("ParseAddr(%q) = %+v, %v; want %+v", tt.in, a, err, tt.want)
		}
	}
	bad := []struct{ in, says string }{
		{"", "want HOST:PORT"},
		{"localhost", "want HOST:PORT"},
		{"::1:22", "want HOST:PORT"},
		{"h:22:22", "want HOST:PORT"},
		{"h:", `port ""`},
		{"h:ssh", `port "ssh"`},
		{"h:65536", "from 0 to 65535"},
		{"h:+1", `port "+1"`},
		{"*:22", `host "*"`},
		{"a b:22", "neither a name"},
		{"[a:b]:22", "neither a name"},
		{"[fe80::1%a b]:22", "neither a name"},
		{"evil\n:22", "neither a name"},
		{"tcp://[x://y]:22", "neither a name"},
		{"http://h:80", "want tcp://, udp:// or unix://"},
		{"unix://", "path of the socket is missing"},
	}
	for _, tt := range bad {
		a, err := ParseAddr(tt.in)
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("ParseAddr(%q) = %+v, %v; want an error with %q", tt.in, a, err, tt.says)
		}
	}
	if a := (Addr{}); !a.IsZero() || a.String() != "" {
		t.Errorf("the zero Addr is %q", a)
	}
}

func FuzzParseAddr(f *testing.F) {
	f.Add("localhost:22")
	f.Add("udp://[fe80::1%eth0]:53")
	f.Add("unix:///run/app.sock")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddr(s)
		if err != nil {
			return
		}
		if again, err := ParseAddr(a.String()); err != nil || again != a {
			t.Errorf("%q is %+v, and that again %+v, %v", s, a, again, err)
		}
	})
}
