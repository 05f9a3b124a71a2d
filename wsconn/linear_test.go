package wsconn

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// parsers are all that read lists in the headers of a request.
var parsers = map[string]func(line string){
	"tokens":     func(line string) { parseTokens([]string{line}) },
	"extensions": func(line string) { parseExtensions([]string{line}) },
	"has":        func(line string) { hasToken([]string{line}, "Upgrade") },
	"list":       func(line string) { clientOf("X-Forwarded-For", line) },
	"forwarded":  func(line string) { clientOf("Forwarded", line) },
}

func clientOf(header, line string) netip.Addr {
	return ClientAddr(&http.Request{RemoteAddr: "10.0.0.1:1", Header: http.Header{header: {line}}}, proxies)
}

// Eight times the header takes eight times as long, not sixty-four times. A
// machine that is busy makes single measurements long, but not all of them.
func TestParsersLinear(t *testing.T) {
	const small, large = 128 << 10, 1 << 20
	for parser, parse := range parsers {
		for unit, around := range map[string]string{
			",": `"`, `"`: "a", ", ": "", `\`: `"`, `\"`: `"`, "10.0.0.2,": "", `,"`: "", ";": "", "a=b;": "for=", "for=10.0.0.2,": "",
		} {
			a := around + strings.Repeat(unit, small/len(unit)) + around
			b := around + strings.Repeat(unit, large/len(unit)) + around
			ratio := 64.0
			for try := 0; try < 50 && ratio > 24; try++ {
				// A small one may end at its first bytes, where time says nothing.
				ratio = float64(took(parse, b)) / float64(took(parse, a)+50*time.Microsecond)
			}
			if ratio > 24 {
				t.Errorf("%s: %q around 1 MiB of %q takes %.0f times as long as around 128 KiB", parser, around, unit, ratio)
			}
		}
	}
}

func took(parse func(string), line string) time.Duration {
	best := time.Hour
	for range 3 {
		start := time.Now()
		parse(line)
		best = min(best, time.Since(start))
	}
	return best
}

// Nor does memory grow in any other way than with the header.
func TestClientAddrBounded(t *testing.T) {
	for _, unit := range []string{",", `"`, `\`, "10.0.0.2,", `for="10.0.0.2",`, "a=b;", `a="`} {
		for _, header := range []string{"X-Forwarded-For", "Forwarded"} {
			line := `for="` + strings.Repeat(unit, 1<<20/len(unit))
			if allocs := testing.AllocsPerRun(1, func() { clientOf(header, line) }); allocs > 4*maxElements {
				t.Errorf("%s of %q: %v allocations", header, unit, allocs)
			}
		}
	}
}
