package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

func TestConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "client.conf")
	text := `
# a comment
server  ws://127.0.0.1:1/
L       0:localhost:22     # twice
L = 0:localhost:23
wait
session-wait 1s
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args string
		code int
		says string
	}{
		{"client -check-config -config " + path, 0, "configuration is good"},
		{"client -check-config -W localhost:22 -config " + path, 2, "no other forward"},
		{"client -check-config -session-wait nonsense -config " + path, 2, "session-wait"},
		{"server -check-config -config " + path, 2, `client.conf:3: there is no setting "server"`},
		{"client http://127.0.0.1:1 -check-config -config " + path, 0, "configuration is good"},
		{"server :0 -check-config -open -allow *:* -trusted-proxy 10.0.0.0", 0, "configuration is good"},
		{"server :0 -check-config -open -allow *:* -trusted-proxy nonsense", 2, "want a network"},
		{"server :0 -check-config -open -allow *:*", 0, "configuration is good"},
		{"server :0 -check-config -open", 2, "say what clients may reach"},
	} {
		code, stdout, stderr := runHere(testnet.Bounded(t), nil, strings.Fields(tt.args)...)
		if code != tt.code || !strings.Contains(stdout+stderr, tt.says) {
			t.Errorf("%s: exit code %d, want %d and %q:\n%s%s", tt.args, code, tt.code, tt.says, stdout, stderr)
		}
	}
}

func TestConfigLine(t *testing.T) {
	for line, want := range map[string][2]string{
		"":                        {"", ""},
		"  # nothing":             {"", ""},
		"wait":                    {"wait", ""},
		"L 0:x:1":                 {"L", "0:x:1"},
		"L=0:x:1":                 {"L", "0:x:1"},
		" L\t=\t0:x:1 ":           {"L", "0:x:1"},
		"H Name: a value # of it": {"H", "Name: a value"},
		"H X: a#b=c":              {"H", "X: a#b=c"},
	} {
		if key, value := configLine(line); key != want[0] || value != want[1] {
			t.Errorf("%q: %q, %q", line, key, value)
		}
	}
}

// What bash is given completes commands and their flags.
func TestCompletion(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal("this test needs bash: ", err)
	}
	_, script, _ := runHere(t.Context(), nil, "completion", "bash")
	for words, want := range map[string]string{
		"tunnel cl":                "client",
		"tunnel server -allow-r":   "-allow-reverse",
		"tunnel client x -session": "-session-wait -sessions",
	} {
		fields := strings.Fields(words)
		run := script + "\nCOMP_WORDS=(" + words + "); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _tunnel; echo ${COMPREPLY[@]}"
		out, err := exec.Command(bash, "-c", run).CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", fields, got, err, want)
		}
	}
	for _, shell := range []string{"zsh", "fish"} {
		if code, stdout, stderr := runHere(t.Context(), nil, "completion", shell); code != 0 || !strings.Contains(stdout, "allow-reverse") {
			t.Errorf("%s: exit code %d:\n%s%s", shell, code, stdout, stderr)
		}
	}
}
