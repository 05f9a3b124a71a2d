package spec

import (
	"strings"
	"testing"
)

func TestParseRemoteSpec(t *testing.T) {
	good := []struct{ in, want string }{
		{"3000", "-L 127.0.0.1:3000:127.0.0.1:3000"},
		{"example.com:3000", "-L 127.0.0.1:3000:example.com:3000"},
		{"3000:4000", "-L 127.0.0.1:3000:127.0.0.1:4000"},
		{"3000:google.com:80", "-L 127.0.0.1:3000:google.com:80"},
		{"0:google.com:80", "-L 127.0.0.1:0:google.com:80"},
		{"192.168.0.14:google.com:80", "-L 192.168.0.14:80:google.com:80"},
		{"192.168.0.14:5000:google.com:80", "-L 192.168.0.14:5000:google.com:80"},
		{"0.0.0.0:5000:google.com:80", "-L 0.0.0.0:5000:google.com:80"},
		{"*:5000:google.com:80", "-L :5000:google.com:80"},
		{"[::1]:8080:[2001:db8::1]:80", "-L [::1]:8080:[2001:db8::1]:80"},
		{"[::1]:80", "-L 127.0.0.1:80:[::1]:80"},
		{"socks", "-D 127.0.0.1:1080"},
		{"5000:socks", "-D 127.0.0.1:5000"},
		{"0.0.0.0:socks", "-D 0.0.0.0:1080"},
		{"127.0.0.2:5000:socks", "-D 127.0.0.2:5000"},
		{"R:2222:localhost:22", "-R 127.0.0.1:2222:localhost:22"},
		{"R:localhost:22", "-R 127.0.0.1:22:localhost:22"},
		{"R:*:2222:localhost:22", "-R :2222:localhost:22"},
		{"R:3000", "-R 127.0.0.1:3000:127.0.0.1:3000"},
		{"R:socks", "-R 127.0.0.1:1080"},
		{"R:5000:socks", "-R 127.0.0.1:5000"},
		{"stdio:example.com:22", "-W example.com:22"},
		{"stdio:22", "-W 127.0.0.1:22"},
		{"1.1.1.1:53/udp", "-L udp://127.0.0.1:53:1.1.1.1:53"},
		{"5353:1.1.1.1:53/udp", "-L udp://127.0.0.1:5353:1.1.1.1:53"},
		{"5353/udp:1.1.1.1:53/UDP", "-L udp://127.0.0.1:5353:1.1.1.1:53"},
		{"R:53:1.1.1.1:53/udp", "-R udp://127.0.0.1:53:1.1.1.1:53"},
		{"3000:h:80/tcp", "-L 127.0.0.1:3000:h:80"},
	}
	for _, tt := range good {
		if f, err := ParseRemoteSpec(tt.in); err != nil || f.String() != tt.want {
			t.Errorf("%q is read as %q, %v; want %q", tt.in, f, err, tt.want)
		}
	}
	bad := []struct{ in, says string }{
		{"", "not clear"},
		{"R:", "not clear"},
		{"example.com", "not clear"},
		{"192.168.0.1:3000:80", "not clear"},
		{"1:2:3", "not clear"},
		{"a:1:b:2:c", "not clear"},
		{"a:b:socks", "not clear"},
		{"stdio", "not clear"},
		{"stdio:1:h:22", "not clear"},
		{"stdio:socks", "not clear"},
		{":3000", "host is missing"},
		{"3000:*:80", `host "*"`},
		{"3000:h:0", "from 1 to 65535"},
		{"70000:h:80", `port "70000"`},
		{"70000:socks", `port "70000"`},
		{"R:stdio:h:22", "leave out the R:"},
		{"5353/udp:1.1.1.1:53", "protocols"},
		{"5353/tcp:1.1.1.1:53/udp", "protocols"},
		{"stdio:h:22/udp", "udp:// goes with neither"},
		{"socks/udp", "udp:// goes with neither"},
		{"3000:/run/a.sock", "no paths here"},
		{"3000:h:80/sctp", "no paths here"},
		{"3000:h:80/", "no paths here"},
		{"unix://a:h:80", "no paths here"},
		{"[::1:80", "brackets go around"},
	}
	for _, tt := range bad {
		f, err := ParseRemoteSpec(tt.in)
		if err == nil || f != (Forward{}) || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), wantRemoteSpec) {
			t.Errorf("%q is read as %+v, %v; want an error with %q", tt.in, f, err, tt.says)
		}
	}
}
