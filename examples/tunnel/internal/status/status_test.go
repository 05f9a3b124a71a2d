package status_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/examples/tunnel/internal/meter"
)

func TestAnswers(t *testing.T) {
	ready, notReady := ends()
	const text, html, object = "text/plain; charset=utf-8", "text/html; charset=utf-8", "application/json"
	for _, tt := range []struct {
		method, path   string
		code, elseCode int // of the end that is of no use
		typ            string
		body, elseBody string // part of it
	}{
		{"GET", "/", 200, 200, html, "<!DOCTYPE html>", "<!DOCTYPE html>"},
		{"HEAD", "/", 200, 200, html, "", ""},
		{"GET", "/healthz", 200, 200, text, "ok\n", "ok\n"},
		{"GET", "/readyz", 200, 503, text, "ok\n", "no server can be reached\nyet\n"},
		{"HEAD", "/readyz", 200, 503, text, "", ""},
		{"GET", "/status.json", 200, 200, object, `"ready":true,"notReady":""`, `"ready":false,"notReady":"no server can be reached\nyet"`},
		{"GET", "/status.json?x", 200, 200, object, `"title":"tunnel server"`, `"title":"tunnel client"`},
		{"GET", "/metrics", 200, 200, "text/plain; version=0.0.4; charset=utf-8", "\ntunnel_ready 1\n", "\ntunnel_ready 0\n"},
		{"POST", "/", 405, 405, "", "", ""},
		{"DELETE", "/status.json", 405, 405, "", "", ""},
		{"PUT", "/metrics", 405, 405, "", "", ""},
		{"POST", "/readyz", 405, 405, "", "", ""},
		{"GET", "/page.html", 404, 404, "", "", ""},
		{"GET", "/healthz/", 404, 404, "", "", ""},
	} {
		check := func(name string, w *httptest.ResponseRecorder, code int, body string) {
			if w.Code != code || !strings.Contains(w.Body.String(), body) {
				t.Errorf("%s %s of the %s: %d %q, want %d with %q", tt.method, tt.path, name, w.Code, w.Body, code, body)
			}
			// The mark of escaping is Prometheus' own matter.
			typ, _, _ := strings.Cut(w.Header().Get("Content-Type"), "; escaping")
			if tt.typ != "" && typ != tt.typ {
				t.Errorf("%s %s of the %s is %q, want %q", tt.method, tt.path, name, typ, tt.typ)
			}
			if allow := w.Header().Get("Allow"); code == 405 && allow != "GET, HEAD" {
				t.Errorf("%s %s of the %s allows %q", tt.method, tt.path, name, allow)
			}
		}
		check("ready end", ask(ready, tt.method, "localhost", tt.path), tt.code, tt.body)
		check("other end", ask(notReady, tt.method, "localhost", tt.path), tt.elseCode, tt.elseBody)
	}
}

// The figures as the page gets them.
func TestJSON(t *testing.T) {
	ready, _ := ends()
	w := get(ready, "/status.json")
	var got struct {
		Title string
		meter.Snapshot
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	f := got.Forwards[0]
	if got.Title != "tunnel server" || f.Name != nasty || f.Open != 1 || f.Total != 1 || f.Refused != 2 || f.Failed != 3 || f.Up != 1<<40 || f.Down != 5 {
		t.Errorf("%+v", got)
	}
	// Also where somebody puts it into a page.
	if strings.ContainsAny(w.Body.String(), "<>\u2028") {
		t.Errorf("there is HTML in %s", w.Body)
	}
}
