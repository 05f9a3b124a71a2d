package browser_test

import (
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// visit lets the page go to another one, which then is the page.
func (p *page) visit(t *testing.T, url string) {
	t.Helper()
	begin[struct{}](t, p, "visit", args{"url": url})
}

// However a page goes away, its connections say that they are not complete.
func testPageLeaves(t *testing.T, b *browser) {
	other := newSite(t, b.page, false)
	stays := func(t *testing.T) {}
	for _, tt := range []struct {
		name string
		hold string // the page's task
		gone func(t *testing.T)
	}{
		{"reload", "hold", func(t *testing.T) { begin[any](t, b.page, "reload", nil) }},
		{"to another site", "hold", func(t *testing.T) { b.page.visit(t, other.url) }},
		{"back", "hold", func(t *testing.T) { b.page.visit(t, b.site.url) }},
		{"frame removed", "holdInFrame", stays},
		{"worker ended", "holdInWorker", stays},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fromAnywhere := &wsconn.AcceptOptions{Origins: []string{"*"}}
			url, nextSocket := endpoint(t, b.site, wsconn.AcceptSocket, fromAnywhere)
			do[any](t, b.page, tt.hold, args{"url": url})
			socket := nextSocket()
			url, nextStream := endpoint(t, b.site, wsconn.Accept, fromAnywhere)
			do[any](t, b.page, tt.hold, args{"url": url})
			stream := nextStream()
			tt.gone(t)
			_, _, err := socket.ReadMessage(testnet.Bounded(t))
			wantError(t, err, frames.CloseGoingAway, "")
			testnet.InTime(t, "Read", func() {
				_, err = stream.Read(make([]byte, 1))
			})
			wantError(t, err, frames.CloseGoingAway, "")
		})
	}
	b.page.visit(t, b.site.url)
}
