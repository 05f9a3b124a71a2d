package layers_test

import (
	"slices"
	"strings"
	"testing"
)

// TestImportRules proves of each rule that it can fail, and does not fail on
// what is allowed.
func TestImportRules(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     string // part of the violation; "" if it is allowed
	}{
		{"deflate", "frames", ""},
		{"wsconn", "deflate", ""},
		{"mux", "wsconn", ""},
		{"examples/tunnel", "mux", ""},
		{"examples/tunnel", "examples/tunnel/relay", ""},
		{"frames", "deflate", "one way"},
		{"deflate", "wsconn", "one way"},
		{"wsconn", "mux", "one way"},
		{"mux", "examples/tunnel", "one way"},

		{"frames", "crypto/subtle", ""},
		{"frames", "iter", ""},
		{"frames", "golang.org/x/sys/cpu", "standard library"},
		{"frames", "internal/made", "standard library"},
		{"frames", "net", "does without"},
		{"frames", "net/http", "does without"},
		{"frames", "os", "does without"},
		{"frames", "time", "does without"},
		{"frames", "io", "does without"},
		{"frames", "crypto/rand", "does without"},
		{"frames", "math/rand/v2", "does without"},
		{"wsconn", "math/rand", "does without"},
		{"wsconn", "crypto/rand", ""},
		{"mux", "math/rand/v2", ""},

		{"deflate", "github.com/klauspost/compress/flate", ""},
		{"wsconn", "github.com/klauspost/compress/flate", "only deflate"},
		{"mux", "github.com/hashicorp/yamux", ""},
		{"examples/tunnel", "github.com/hashicorp/yamux", "only mux"},
		{"wsconn", "golang.org/x/net/idna", ""},
		{"mux", "golang.org/x/net/http2", "only wsconn"},

		{"internal/interop", "internal/testnet", ""},
		{"wsconn", "internal/testnet", "for tests"},
		{"wsconn", "internal/made", "for tests"}, // which imports it
		{"examples/tunnel", "internal/bench/load", "for tests"},
	} {
		found := importViolations(map[string][]string{
			c.from:          {"errors", c.to},
			"internal/made": {"internal/testnet"},
		})
		if c.want == "" && found != nil || c.want != "" && !contains(found, c.want) {
			t.Errorf("%s imports %s: violations %q, want %q", c.from, c.to, found, c.want)
		}
	}
}

func TestFileRules(t *testing.T) {
	long := strings.Repeat("\n", maxLines+1)
	for _, c := range []struct {
		name, src string
		want      string
	}{
		{"wsconn/a.go", long[1:], ""},
		{"wsconn/a.go", long, "401 lines"},
		{"wsconn/a_test.go", long, ""},
		{"wsconn/a_test.go", "package p\nfunc f() { t." + "Skipf(``) }\n", "passed over"},
		{"wsconn/a_test.go", "package p\nfunc f() { dat.Skip() }\n", ""},
		{"wsconn/a.go", "package p\nfunc f() { go f() }\n", ""},
		{"frames/a_test.go", "package p\nfunc f() { go f() }\n", ""},
		{"frames/a.go", "package p\n// go f()\nfunc f() {}\n", ""},
		{"frames/a.go", "package p\nfunc f() {\n\tgo f()\n}\n", "a.go:3:2"},
		{"frames/a.go", "package p\nfunc f() { go func() {}() }\n", "no goroutine"},
		{"frames/a.go", "package\n", "expected"},
	} {
		found := fileViolations(c.name, []byte(c.src))
		if c.want == "" && found != nil || c.want != "" && !contains(found, c.want) {
			t.Errorf("%s %.40q: violations %q, want %q", c.name, c.src, found, c.want)
		}
	}
}

func contains(found []string, part string) bool {
	return slices.ContainsFunc(found, func(s string) bool { return strings.Contains(s, part) })
}
