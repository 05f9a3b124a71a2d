package status_test

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
)

// The policy has the hashes of what is in the page, and the page has nothing
// that the policy would not let it do.
func TestPagePolicy(t *testing.T) {
	h, _ := ends()
	w := get(h, "/")
	policy := w.Header().Get("Content-Security-Policy")
	for _, name := range []string{"script", "style"} {
		found := regexp.MustCompile(`(?s)<`+name+`>(.*?)</`+name+`>`).FindAllStringSubmatch(w.Body.String(), -1)
		if len(found) != 1 {
			t.Fatalf("%d elements %s", len(found), name)
		}
		sum := sha256.Sum256([]byte(found[0][1]))
		if want := name + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "';"; !strings.Contains(policy, want) {
			t.Errorf("the policy is %s, want %s in it", policy, want)
		}
	}
	for _, want := range []string{"connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy is %s, want %s in it", policy, want)
		}
	}
}

func TestPageIsAlone(t *testing.T) {
	h, _ := ends()
	for what, pattern := range map[string]string{
		"an inline handler":         `(?i)<[^>]*\son[a-z]+\s*=`,
		"an inline style":           `(?i)<[^>]*\sstyle\s*=`,
		"something of another site": `(?i)(src|href)\s*=\s*["']?(https?:)?//`,
		"an import":                 `@import|\bimport\s*\(|url\(`,
		"a way for HTML to get in":  `innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b`,
	} {
		if found := regexp.MustCompile(pattern).FindString(get(h, "/").Body.String()); found != "" {
			t.Errorf("%s: %s", what, found)
		}
	}
}
