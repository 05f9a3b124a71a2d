package policy

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/examples/tunnel/internal/spec"
)

const (
	secretA = "0123456789abcdef"
	secretB = "fedcba98765432100"
)

func parseTokens(t *testing.T, text string) *Tokens {
	t.Helper()
	tokens, err := ParseTokens(strings.NewReader(text), "t")
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func TestTokens(t *testing.T) {
	tokens := parseTokens(t, "# who\n\nlaptop "+secretA+" # at home\n \tci\t"+secretB+" allow=db:5432 allow=*:443 deny=10.0.0.0/8:443 allow-reverse=2222\r\n")
	for secret, name := range map[string]string{secretA: "laptop", secretB: "ci", "": "", secretA + "0": "", secretA[:15]: "", "laptop": ""} {
		if token, ok := tokens.Find(secret); ok != (name != "") || token.Name != name {
			t.Errorf("%q is found as %+v, %v; want %q", secret, token, ok, name)
		}
	}
	if token, _ := tokens.Find(secretA); token.Rights != nil {
		t.Errorf("a token without rights of its own has %+v", token.Rights)
	}
	token, _ := tokens.Find(secretB)
	if err := token.Rights.Binds.Allows(spec.Addr{Network: "tcp", Address: "127.0.0.1:2222"}); err != nil {
		t.Error(err)
	}
	for to, want := range map[string]bool{"db:5432": true, "example.com:443": true, "db:443": false, "db:22": false} {
		if addrs, err := token.Rights.Resolve(t.Context(), newNames(), spec.Addr{Network: "tcp", Address: to}); (err == nil) != want {
			t.Errorf("%s is %v, %v", to, addrs, err)
		}
	}
	if !tokens.HaveRights() || parseTokens(t, secretA).HaveRights() {
		t.Error("only the first ones have rights of their own")
	}
	token, ok := parseTokens(t, "\n# alone\n"+secretA+"\n").Find(secretA)
	if !ok || token.Name != "token" || token.Rights != nil {
		t.Errorf("the secret alone is found as %+v, %v", token, ok)
	}
}

func TestTokensDeny(t *testing.T) {
	tokens := parseTokens(t, "all "+secretA+"\nown "+secretB+" allow=*:443")
	tokens.Deny(rightsOf(t, "db:443", "").Targets)
	token, _ := tokens.Find(secretB)
	for to, want := range map[string]bool{"db:443": false, "example.com:443": true} {
		if addrs, err := token.Rights.Resolve(t.Context(), newNames(), spec.Addr{Network: "tcp", Address: to}); (err == nil) != want {
			t.Errorf("%s is %v, %v", to, addrs, err)
		}
	}
	if token, _ = tokens.Find(secretA); token.Rights != nil {
		t.Errorf("a token without rights of its own has %+v", token.Rights)
	}
}

func TestParseTokensRefuses(t *testing.T) {
	tests := []struct{ text, says string }{
		{"", "t: there is no token"},
		{"# nothing\n", "t: there is no token"},
		{"a 0123456789abcde", "t:1: a secret has at least 16 characters: make one with openssl rand -hex 32"},
		{"\n0123456789abcde", "t:2: a secret has at least 16"},
		{"a 0123456789abcdefö", "t:1: a secret has printable ASCII"},
		{"a " + secretA + "\na " + secretB, `t:2: there are two tokens with the name "a"`},
		{"a " + secretA + "\n#\nb " + secretA, `t:3: "a" and "b" have the same secret`},
		{"a " + secretA + "\n" + secretB, "t:2: a secret without a name"},
		{secretB + "\na " + secretA, "t:1: a secret without a name"},
		{secretA + " allow=localhost:22", "t:1: want NAME SECRET"},
		{"my laptop-of-sorts1 " + secretA, "t:1: want NAME SECRET"},
		{"a " + secretA + " allow", "t:1: want NAME SECRET"},
		{"a " + secretA + " permit=h:1", "t:1: want NAME SECRET"},
		{"a " + secretA + " allow=h", `t:1: "h": want HOST:PORT`},
		{"a " + secretA + " allow=", `t:1: "": want HOST:PORT`},
		{"a " + secretA + " allow-reverse=h:1", `t:1: "h:1": want PORT`},
		{"a " + secretA + " deny=h:1", "t:1: deny= without allow="},
		{"a " + strings.Repeat("x", 1<<20), "t: "},
	}
	for _, tt := range tests {
		tokens, err := ParseTokens(strings.NewReader(tt.text), "t")
		if err == nil || tokens != nil || !strings.HasPrefix(err.Error(), tt.says) {
			t.Errorf("%.60q is read as %+v, %v; want %q", tt.text, tokens, err, tt.says)
			continue
		}
		for _, secret := range []string{secretA, secretB, "0123456789abcde"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error has the secret: %v", err)
			}
		}
	}
}

func TestLoadTokens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(path, []byte("a "+secretA+" allow=h:1\nb "+secretB), 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, warned := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o640: true, 0o604: true} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		tokens, warnings, err := LoadTokens(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := tokens.Find(secretB); !ok {
			t.Error("a token is not found")
		}
		if want := warned && runtime.GOOS != "windows"; (len(warnings) > 0) != want {
			t.Errorf("mode %o: %q", mode, warnings)
		}
	}
	if secret, err := SecretFrom(path); err != nil || secret != secretA {
		t.Errorf("the client's secret is %q, %v", secret, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(secretB+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if secret, err := SecretFrom(path); err != nil || secret != secretB {
		t.Errorf("the client's secret is %q, %v", secret, err)
	}
}

func TestLoadTokensRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	for _, text := range []string{"", "a b c"} { // the first time there is no file
		if text != "" {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if tokens, _, err := LoadTokens(path); err == nil || tokens != nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%q is read as %+v, %v", text, tokens, err)
		}
		if secret, err := SecretFrom(path); err == nil || secret != "" || !strings.Contains(err.Error(), path) {
			t.Errorf("%q has the secret %q, %v", text, secret, err)
		}
	}
}

func FuzzParseTokens(f *testing.F) {
	f.Add("a "+secretA+" allow=h:1 # c\nb "+secretB+" allow-reverse=*:*", secretA)
	f.Add(secretA, secretB)
	f.Fuzz(func(t *testing.T, text, secret string) {
		tokens, err := ParseTokens(strings.NewReader(text), "t")
		if err != nil {
			return
		}
		token, ok := tokens.Find(secret)
		if ok && (len(secret) < minSecret || !strings.Contains(text, secret)) {
			t.Errorf("%q opens %q as %+v", secret, text, token)
		}
	})
}
