package spec

import (
	"strings"
	"testing"
)

// parsers are those of this package, by what Forward.Flag says of what they read.
var parsers = map[string]func(string) (Forward, error){
	"-L": ParseLocal,
	"-R": ParseRemote,
	"-D": ParseDynamic,
	"-W": ParseStdio,
}

// TestParse holds the grammar: each value is read as what String writes.
func TestParse(t *testing.T) {
	tests := []struct{ flag, in, want string }{
		{"-L", "8080:localhost:80", "127.0.0.1:8080:localhost:80"},
		{"-L", "0:localhost:80", "127.0.0.1:0:localhost:80"},
		{"-L", "65535:h:65535", "127.0.0.1:65535:h:65535"},
		{"-L", "08080:h:080", "127.0.0.1:8080:h:80"},
		{"-L", "127.0.0.2:8080:h:80", "127.0.0.2:8080:h:80"},
		{"-L", "localhost:8080:h:80", "localhost:8080:h:80"},
		{"-L", "*:8080:h:80", ":8080:h:80"},
		{"-L", ":8080:h:80", ":8080:h:80"},
		{"-L", "8080:[::1]:80", "127.0.0.1:8080:[::1]:80"},
		{"-L", "[::1]:8080:h:80", "[::1]:8080:h:80"},
		{"-L", "[::1]:8080:[2001:db8::1]:80", "[::1]:8080:[2001:db8::1]:80"},
		{"-L", "[::]:0:[fe80::1%eth0]:22", "[::]:0:[fe80::1%eth0]:22"},
		{"-L", "8080:[localhost]:80", "127.0.0.1:8080:localhost:80"},
		{"-L", "tcp://8080:h:80", "127.0.0.1:8080:h:80"},
		{"-L", "udp://53:1.1.1.1:53", "udp://127.0.0.1:53:1.1.1.1:53"},
		{"-L", "udp://*:53:1.1.1.1:53", "udp://:53:1.1.1.1:53"},
		{"-L", "8080:/run/a.sock", "127.0.0.1:8080:unix:///run/a.sock"},
		{"-L", "b:8080:./a.sock", "b:8080:unix://./a.sock"},
		{"-L", "/run/l.sock:h:80", "unix:///run/l.sock:h:80"},
		{"-L", "/run/l.sock:/run/a.sock", "unix:///run/l.sock:unix:///run/a.sock"},
		{"-L", "8080:unix:///run/a.sock", "127.0.0.1:8080:unix:///run/a.sock"},
		{"-L", "[::1]:8080:unix://a.sock", "[::1]:8080:unix://a.sock"},
		{"-L", "unix:///tmp/s:h:22", "unix:///tmp/s:h:22"},
		{"-L", "unix://s:unix://t", "unix://s:unix://t"},
		{"-L", `/run/a\:b:h:80`, `unix:///run/a\:b:h:80`},
		{"-L", "[/run/a:b]:h:80", `unix:///run/a\:b:h:80`},
		{"-L", `8080:/run/a\\b`, `127.0.0.1:8080:unix:///run/a\\b`},
		{"-R", "2222:localhost:22", "127.0.0.1:2222:localhost:22"},
		{"-R", "*:0:localhost:22", ":0:localhost:22"},
		{"-R", "/run/l.sock:/run/a.sock", "unix:///run/l.sock:unix:///run/a.sock"},
		{"-R", "udp://53:1.1.1.1:53", "udp://127.0.0.1:53:1.1.1.1:53"},
		{"-R", "1080", "127.0.0.1:1080"},
		{"-R", "*:1080", ":1080"},
		{"-R", "[::1]:1080", "[::1]:1080"},
		{"-R", "/run/socks", "unix:///run/socks"},
		{"-D", "1080", "127.0.0.1:1080"},
		{"-D", ":1080", ":1080"},
		{"-D", "[::1]:0", "[::1]:0"},
		{"-D", "/run/socks", "unix:///run/socks"},
		{"-W", "localhost:22", "localhost:22"},
		{"-W", "[::1]:22", "[::1]:22"},
		{"-W", "tcp://h:22", "h:22"},
		{"-W", "unix:///run/a.sock", "unix:///run/a.sock"},
		{"-W", "/run/a.sock", "unix:///run/a.sock"},
	}
	for _, tt := range tests {
		f, err := parsers[tt.flag](tt.in)
		if want := tt.flag + " " + tt.want; err != nil || f.String() != want {
			t.Errorf("%s %s is read as %q, %v; want %q", tt.flag, tt.in, f, err, want)
		}
		if again, err := parsers[tt.flag](tt.want); err != nil || again != f {
			t.Errorf("%s %s is read as %+v, %v; want %+v", tt.flag, tt.want, again, err, f)
		}
	}
}

// TestForward holds the values that String does not show.
func TestForward(t *testing.T) {
	tests := []struct {
		flag, in string
		want     Forward
	}{
		{"-L", "*:8080:h:80", Forward{Listen: Addr{"tcp", ":8080"}, Target: Addr{"tcp", "h:80"}}},
		{"-L", "udp://53:h:53", Forward{Listen: Addr{"udp", "127.0.0.1:53"}, Target: Addr{"udp", "h:53"}}},
		{"-R", `8080:/a\:b`, Forward{Reverse: true, Listen: Addr{"tcp", "127.0.0.1:8080"}, Target: Addr{"unix", "/a:b"}}},
		{"-R", "1080", Forward{Reverse: true, Listen: Addr{"tcp", "127.0.0.1:1080"}}},
		{"-D", "1080", Forward{Listen: Addr{"tcp", "127.0.0.1:1080"}}},
		{"-W", "h:22", Forward{Stdio: true, Target: Addr{"tcp", "h:22"}}},
	}
	for _, tt := range tests {
		f, err := parsers[tt.flag](tt.in)
		if err != nil || f != tt.want {
			t.Errorf("%s %s is %+v, %v; want %+v", tt.flag, tt.in, f, err, tt.want)
		}
		if f.Flag() != tt.flag || f.Dynamic() != (f.Target == Addr{}) {
			t.Errorf("%s %s is a %s, dynamic %v", tt.flag, tt.in, f.Flag(), f.Dynamic())
		}
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ flag, in, says string }{
		{"-L", "", `port ""`},
		{"-L", "8080", "target is missing"},
		{"-L", "127.0.0.1:8080", "target is missing"},
		{"-L", "/run/l.sock", "target is missing"},
		{"-L", "localhost:80", "target is missing"},
		{"-L", "a:1:b:2:c", "number of fields"},
		{"-L", "8080:::1:80", "number of fields"},
		{"-L", "::1:8080:h:80", "number of fields"},
		{"-L", "8080:h:80:", `port "h"`},
		{"-L", "8080:h:", `port ""`},
		{"-L", "8080:h:0", "from 1 to 65535"},
		{"-L", "8080:h:65536", `port "65536"`},
		{"-L", "65536:h:80", `port "65536"`},
		{"-L", "-1:h:80", `port "-1"`},
		{"-L", "+1:h:80", `port "+1"`},
		{"-L", " 8080:h:80", `port " 8080"`},
		{"-L", "http:h:80", `port "http"`},
		{"-L", "8080::80", "host is missing"},
		{"-L", "8080:*:80", `host "*"`},
		{"-L", "8080:a b:80", `host "a b"`},
		{"-L", "8080:[a:b]:80", `host "a:b"`},
		{"-L", "a/b:80:h:80", `host "a/b"`},
		{"-L", "8080:./a:22", `host "./a"`},
		{"-L", "8080/localhost/22", "target is missing"},
		{"-L", "8080:[::1:80", "brackets go around"},
		{"-L", "8080:[]:80", "brackets go around"},
		{"-L", "8080:[::1]80", "brackets go around"},
		{"-L", "[::1]x:8080:h:80", "brackets go around"},
		{"-L", `8080:/a\`, "a backslash stands"},
		{"-L", "8080:unix://", "path of the socket is missing"},
		{"-L", "unix://:h:80", "path of the socket is missing"},
		{"-L", "udp://53:/run/a.sock", "udp:// goes with neither"},
		{"-L", "udp:///run/l.sock:h:53", "udp:// goes with neither"},
		{"-L", "http://8080:h:80", "want [BIND:]PORT:HOST:PORT"},
		{"-R", "", `port ""`},
		{"-R", "udp://53", "udp:// goes with neither"},
		{"-R", "/run/s.sock:b", `port "b"`},
		{"-D", "8080:h:80", "number of fields"},
		{"-D", "udp://1080", "udp:// goes with neither"},
		{"-D", "a:b:1", `port "a"`},
		{"-W", "", "number of fields"},
		{"-W", "22", "number of fields"},
		{"-W", "h:0", "from 1 to 65535"},
		{"-W", ":22", "host is missing"},
		{"-W", "h:22:22", "number of fields"},
		{"-W", "udp://h:53", "udp:// goes with neither"},
	}
	want := map[string]string{"-L": wantLocal, "-R": wantRemote, "-D": wantDynamic, "-W": wantStdio}
	for _, tt := range tests {
		f, err := parsers[tt.flag](tt.in)
		if err == nil || f != (Forward{}) {
			t.Errorf("%s %q is read as %+v", tt.flag, tt.in, f)
			continue
		}
		for _, says := range []string{tt.says, want[tt.flag]} {
			if !strings.Contains(err.Error(), says) {
				t.Errorf("%s %q: %v; want an error with %q", tt.flag, tt.in, err, says)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("8080:localhost:22")
	f.Add("udp://[::1]:5353:[fe80::1%eth0]:53")
	f.Add(`unix:///run/a\:b:unix://c\\`)
	f.Add("[/run/l.sock]:*:1080")
	f.Add("R:5353/udp:1.1.1.1:53/UDP")
	f.Add("stdio:h:22")
	f.Add("0.0.0.0:1080:socks")
	f.Fuzz(func(t *testing.T, s string) {
		for _, parse := range []func(string) (Forward, error){ParseLocal, ParseRemote, ParseDynamic, ParseStdio, ParseRemoteSpec} {
			forward, err := parse(s)
			if err != nil {
				continue
			}
			flag, value, _ := strings.Cut(forward.String(), " ")
			if again, err := parsers[flag](value); err != nil || again != forward {
				t.Errorf("%q is %+v, which is written %s %s, and that is %+v, %v", s, forward, flag, value, again, err)
			}
			for _, a := range []Addr{forward.Listen, forward.Target} {
				if again, err := ParseAddr(a.String()); !a.IsZero() && (err != nil || again != a) {
					t.Errorf("%q has %+v, and that is read as %+v, %v", s, a, again, err)
				}
			}
		}
	})
}
