package browser_test

import (
	"strings"
	"testing"
)

// The main things again, over TLS: a site that speaks HTTP/2, which a WebSocket
// must not.
func testTLS(t *testing.T, b *browser) {
	secure := &browser{b.page, newSite(t, b.page, true)}
	if !strings.HasPrefix(secure.site.url, "https:") {
		t.Fatal(secure.site.url)
	}
	b.page.visit(t, secure.site.url)
	t.Run("echo", func(t *testing.T) { testEcho(t, secure) })
	t.Run("server closes", func(t *testing.T) { testServerCloses(t, secure) })
	t.Run("page closes", func(t *testing.T) { testPageCloses(t, secure) })
	t.Run("server terminates", func(t *testing.T) { testTerminate(t, secure) })
	t.Run("stream", func(t *testing.T) { testStream(t, secure) })
	t.Run("slow page", func(t *testing.T) { testSlowPage(t, secure) })
	t.Run("slow server", func(t *testing.T) { testSlowServer(t, secure) })
	b.page.visit(t, b.site.url)
}
