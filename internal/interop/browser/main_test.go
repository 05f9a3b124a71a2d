package browser_test

import (
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

func TestMain(m *testing.M) { testnet.Main(m) }

// TestBrowser has all the tests in one, for one browser.
func TestBrowser(t *testing.T) {
	b := &browser{page: newPage(t)}
	b.site = newSite(t, b.page, false)
	startChromium(t, b.site.url)
	for _, group := range []struct {
		name string
		test func(t *testing.T, b *browser)
	}{
		{"echo", testEcho},
		{"text", testText},
		{"order", testOrder},
		{"server closes", testServerCloses},
		{"page closes", testPageCloses},
		{"server terminates", testTerminate},
		{"too large", testTooLarge},
		{"authorize", testAuthorize},
		{"subprotocol", testSubprotocol},
		{"origin", testOrigin},
		{"compression", testCompression},
		{"stream", testStream},
		{"keepalive", testKeepAlive},
		{"slow page", testSlowPage},
		{"slow server", testSlowServer},
		{"page leaves", testPageLeaves},
		{"TLS", testTLS},
	} {
		t.Run(group.name, func(t *testing.T) { group.test(t, b) })
	}
}
