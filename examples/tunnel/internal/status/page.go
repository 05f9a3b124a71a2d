package status

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
)

//go:embed page.html
var page string

// contentSecurityPolicy lets the page run its own script, and ask for
// /status.json. Should a name ever be taken for HTML, it can do nothing.
var contentSecurityPolicy = fmt.Sprintf(
	"default-src 'none'; script-src %s; style-src %s; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	hashOf(page, "script"), hashOf(page, "style"))

// hashOf is the source of the one element of that name in a policy.
func hashOf(page, name string) string {
	_, rest, _ := strings.Cut(page, "<"+name+">")
	text, _, _ := strings.Cut(rest, "</"+name+">")
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func servePage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	io.WriteString(w, page)
}
