package browser_test

import (
	"testing"

	"github.com/wsstream/wsstream/internal/interop/program"
)

// startChromium opens a page, until the end of the test. There may be more flags.
func startChromium(t *testing.T, url string, flags ...string) {
	program.Start(t, "chromium", "chromium", append(flags,
		"--headless=new",
		"--user-data-dir="+t.TempDir(),
		// As root, without a graphics card, and in a container.
		"--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		// The certificate is made by the test.
		"--ignore-certificate-errors",
		// To nobody but this machine.
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
		"--no-proxy-server", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		// As if somebody looked at it.
		"--disable-background-timer-throttling", "--disable-renderer-backgrounding", "--no-first-run",
		// A page that was left would stay in memory, with its connections.
		"--disable-features=BackForwardCache",
		url)...)
}
