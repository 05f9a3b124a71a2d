package wsconn

import (
	"slices"
	"strings"
	"testing"
)

func TestParseTokens(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines []string
		want  []string
		ok    bool
	}{
		{"no header", nil, nil, true},
		{"empty", []string{""}, nil, true},
		{"one", []string{"chat"}, []string{"chat"}, true},
		{"order and spaces", []string{" b ,\ta,c"}, []string{"b", "a", "c"}, true},
		{"several lines", []string{"a, b", "c"}, []string{"a", "b", "c"}, true},
		{"empty elements", []string{",, a ,,b,"}, []string{"a", "b"}, true},
		{"every token character", []string{"!#$%&'*+-.^_`|~09azAZ"}, []string{"!#$%&'*+-.^_`|~09azAZ"}, true},
		{"two words", []string{"a b"}, nil, false},
		{"quoted", []string{`"a"`}, nil, false},
		{"slash", []string{"a/b"}, nil, false},
		{"not ASCII", []string{"ä"}, nil, false},
		{"control character", []string{"a\x00"}, nil, false},
		{"as many as allowed", []string{strings.Repeat("a,", maxElements)}, slices.Repeat([]string{"a"}, maxElements), true},
		{"one too many", []string{strings.Repeat("a,", maxElements+1)}, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := parseTokens(tt.lines)
			if ok != tt.ok || ok && !slices.Equal(got, tt.want) {
				t.Errorf("parseTokens(%q) = %q, %v, want %q, %v", tt.lines, got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestHasToken(t *testing.T) {
	for _, tt := range []struct {
		lines []string
		want  bool
	}{
		{nil, false},
		{[]string{""}, false},
		{[]string{"upgrade"}, true},
		{[]string{"UPGRADE"}, true},
		{[]string{"keep-alive, Upgrade"}, true},
		{[]string{"keep-alive", "\tUpgrade "}, true},
		{[]string{"Upgrades"}, false},
		{[]string{"up grade"}, false},
		{[]string{"upgrade/1"}, false},
		{[]string{`"broken, upgrade`}, true},
	} {
		if got := hasToken(tt.lines, "Upgrade"); got != tt.want {
			t.Errorf("hasToken(%q) = %v, want %v", tt.lines, got, tt.want)
		}
	}
}

func TestParseExtensions(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines []string
		want  string // as formatExtensions has it
		ok    bool
	}{
		{"no header", nil, "", true},
		{"only commas", []string{", ,\t,"}, "", true},
		{"a name", []string{"foo"}, "foo", true},
		{"the example of RFC 6455 section 9.1", []string{"deflate-stream", "mux; max-channels=4; flow-control"}, "deflate-stream,mux;max-channels=[4];flow-control", true},
		{"alternatives", []string{"a;x=1, a;x=2, a"}, "a;x=[1],a;x=[2],a", true},
		{"spaces wherever they may be", []string{" a \t; x = 1 ;y , b "}, "a;x=[1];y,b", true},
		{"quoted", []string{`a;x="1"`}, "a;x=[1]", true},
		{"quoted with an escape", []string{`a;x="\1\2"`}, "a;x=[12]", true},
		{"a comma in quotes is no token", []string{`a;x="1,2"`}, "", false},
		{"a space in quotes is no token", []string{`a;x="1 2"`}, "", false},
		{"an empty value", []string{"a;x="}, "", false},
		{"an empty quoted value", []string{`a;x=""`}, "", false},
		{"quotes that stay open", []string{`a;x="1`}, "", false},
		{"quotes that end in a backslash", []string{`a;x="1\`}, "", false},
		{"quotes do not close on the next line", []string{`a;x="1`, `2"`}, "", false},
		{"text behind the quotes", []string{`a;x="1"2`}, "", false},
		{"no name", []string{";x=1"}, "", false},
		{"no parameter", []string{"a;"}, "", false},
		{"no parameter between", []string{"a;;x"}, "", false},
		{"no name of a parameter", []string{"a;=1"}, "", false},
		{"two names", []string{"a b"}, "", false},
		{"two values", []string{"a;x=1=2"}, "", false},
		{"not ASCII", []string{"a;x=ä"}, "", false},
		{"too many parameters", []string{"a" + strings.Repeat(";x", maxElements+1)}, "", false},
		{"too many extensions", []string{strings.Repeat("a,", maxElements+1)}, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := parseExtensions(tt.lines)
			if ok != tt.ok || ok && formatExtensions(got) != tt.want {
				t.Errorf("parseExtensions(%q) = %q, %v, want %q, %v", tt.lines, formatExtensions(got), ok, tt.want, tt.ok)
			}
		})
	}
}

// formatExtensions writes values in brackets: they may hold anything but
// those.
func formatExtensions(list []extension) string {
	var b strings.Builder
	for i, e := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(e.name)
		for _, p := range e.params {
			b.WriteString(";" + p.name)
			if p.hasValue {
				b.WriteString("=[" + p.value + "]")
			}
		}
	}
	return b.String()
}

// Headers of a megabyte that a parser could stumble over. Each byte is looked
// at once, so a parser that went back would not end within the test's time;
// that nothing grows with the input is what the allocations show.
func TestParsersBounded(t *testing.T) {
	const size = 1 << 20
	for name, unit := range map[string]string{
		"commas":      ",",
		"spaces":      " ",
		"letters":     "a",
		"elements":    "a,",
		"quotes":      `"`,
		"openings":    `a;x="`,
		"backslashes": `\`,
		"escapes":     `\"`,
		"semicolons":  "a;",
		"parameters":  ";a=1",
		"equals":      "=",
	} {
		t.Run(name, func(t *testing.T) {
			body := strings.Repeat(unit, size/len(unit))
			for _, line := range []string{body, `a;x="` + body, "a" + body} {
				lines := []string{line}
				tokens, _ := parseTokens(lines)
				extensions, _ := parseExtensions(lines)
				if len(tokens) > maxElements+1 || len(extensions) > maxElements+1 {
					t.Errorf("%d tokens and %d extensions out of one header", len(tokens), len(extensions))
				}
				allocs := testing.AllocsPerRun(1, func() {
					parseTokens(lines)
					parseExtensions(lines)
				})
				// The longest value is built by doubling: 20 steps to 1 MiB.
				if allocs > 4*maxElements {
					t.Errorf("%v allocations for one header", allocs)
				}
				hasToken(lines, "Upgrade")
			}
		})
	}
}
