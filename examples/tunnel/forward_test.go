package main

import (
	"strings"
	"testing"
)

func TestParseForward(t *testing.T) {
	good := []struct{ in, listen, target string }{
		{"8080:localhost:80", "127.0.0.1:8080", "localhost:80"},
		{"0:localhost:80", "127.0.0.1:0", "localhost:80"},
		{"65535:h:65535", "127.0.0.1:65535", "h:65535"},
		{"127.0.0.2:8080:h:80", "127.0.0.2:8080", "h:80"},
		{"localhost:8080:h:80", "localhost:8080", "h:80"},
		{"*:8080:h:80", ":8080", "h:80"},
		{":8080:h:80", ":8080", "h:80"},
		{"8080:[::1]:80", "127.0.0.1:8080", "[::1]:80"},
		{"[::1]:8080:h:80", "[::1]:8080", "h:80"},
		{"[::1]:8080:[2001:db8::1]:80", "[::1]:8080", "[2001:db8::1]:80"},
		{"[::]:0:[fe80::1%eth0]:22", "[::]:0", "[fe80::1%eth0]:22"},
		{"8080:[localhost]:80", "127.0.0.1:8080", "localhost:80"},
	}
	for _, tt := range good {
		f, err := parseForward(tt.in)
		if err != nil || f != (forward{tt.listen, tt.target}) {
			t.Errorf("parseForward(%q) = %+v, %v; want %s to %s", tt.in, f, err, tt.listen, tt.target)
		}
	}
	bad := []struct{ in, says string }{
		{"", "want [BIND:]PORT:HOST:PORT"},
		{"8080", "want [BIND:]PORT:HOST:PORT"},
		{"localhost:80", "want [BIND:]PORT:HOST:PORT"},
		{"a:1:b:2:c", "want [BIND:]PORT:HOST:PORT"},
		{"8080:::1:80", "want [BIND:]PORT:HOST:PORT"},
		{"::1:8080:h:80", "want [BIND:]PORT:HOST:PORT"},
		{"8080:h:80:", "port \"h\""},
		{"8080:h:", "port \"\""},
		{"8080:h:0", "from 1 to 65535"},
		{"8080:h:65536", "port \"65536\""},
		{"65536:h:80", "port \"65536\""},
		{"-1:h:80", "port \"-1\""},
		{"+1:h:80", "port \"+1\""},
		{" 8080:h:80", "port \" 8080\""},
		{"http:h:80", "port \"http\""},
		{"8080::80", "host of the target is missing"},
		{"8080:[::1:80", "brackets"},
		{"8080:[]:80", "brackets"},
		{"8080:[::1]80", "brackets"},
		{"[::1]x:8080:h:80", "brackets"},
	}
	for _, tt := range bad {
		f, err := parseForward(tt.in)
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("parseForward(%q) = %+v, %v; want an error with %q", tt.in, f, err, tt.says)
		}
	}
}
