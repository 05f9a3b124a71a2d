package main

import "testing"

func TestAllow(t *testing.T) {
	tests := []struct {
		pattern, target string
		want            bool
	}{
		{"localhost:22", "localhost:22", true},
		{"localhost:22", "LocalHost:22", true},
		{"LOCALHOST:22", "localhost:22", true},
		{"localhost:22", "localhost.:22", true},
		{"localhost:22", "localhost:23", false},
		{"localhost:22", "localhost:2", false},
		{"localhost:22", "localhost:022", false},
		{"localhost:22", "localhost", false},
		{"localhost:22", "", false},
		{"localhost:22", ":22", false},
		{"localhost:22", "127.0.0.1:22", false},
		{"localhost:22", "localhost:22:22", false},
		{"localhost:22", "localhost:22 ", false},
		{"localhost:22", "xlocalhost:22", false},
		{"localhost:22", "evil.com:22#localhost:22", false},
		{"localhost:*", "localhost:1", true},
		{"localhost:*", "localhost:65535", true},
		{"localhost:*", "localhost:0", false},
		{"localhost:*", "localhost:http", false},
		{"localhost:*", "localhost:*", false},
		{"localhost:*", "localhost.evil.com:22", false},
		{"localhost:*", "localhost:22.evil.com:22", false},
		{"localhost:*", "evil.localhost:22", false},
		{"*:22", "anything.example:22", true},
		{"*:22", "[::1]:22", true},
		{"*:22", "anything.example:2222", false},
		{"*:22", ":22", false},
		{"*:*", "anything.example:1", true},
		{"[::1]:22", "[0:0:0:0:0:0:0:1]:22", true},
		{"[::1]:22", "::1:22", false},
		{"[::1]:22", "[::2]:22", false},
		{"127.0.0.1:22", "[::ffff:127.0.0.1]:22", false},
	}
	for _, tt := range tests {
		p, err := parsePattern(tt.pattern)
		if err != nil {
			t.Errorf("-allow %s: %v", tt.pattern, err)
		}
		if got := (allowList{p}).allows(tt.target); got != tt.want {
			t.Errorf("-allow %s: %q allowed is %v", tt.pattern, tt.target, got)
		}
	}
	for _, s := range []string{"", "22", "localhost", ":22", "localhost:", "localhost:0", "localhost:ssh", "*.example:22", "local*:*", "::1:22", "h:1-9"} {
		if p, err := parsePattern(s); err == nil {
			t.Errorf("-allow %q is taken as %+v", s, p)
		}
	}
	if (allowList{}).allows("localhost:22") {
		t.Error("an empty list allows something")
	}
}
