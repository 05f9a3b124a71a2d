package browser_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// A browser at the other end of a stream.
func testStream(t *testing.T, b *browser) {
	t.Run("to the page", func(t *testing.T) { testStreamToPage(t, b) })
	t.Run("text", func(t *testing.T) { testTextStream(t, b) })
	for _, tt := range []struct {
		args []any
		code frames.CloseCode
	}{
		{[]any{}, frames.CloseNoStatusReceived},
		{[]any{1000}, frames.CloseNormalClosure},
		{[]any{3001, "not all"}, 3001},
	} {
		t.Run(fmt.Sprintf("from the page until %d", tt.code), func(t *testing.T) {
			url, next := endpoint(t, b.site, wsconn.Accept, nil)
			seen := begin[life](t, b.page, "life", args{"url": url, "send": []string{"one ", "", "two"}, "close": tt.args})
			c := next()
			var got []byte
			var err error
			testnet.InTime(t, "reading", func() {
				for err == nil {
					var n int
					p := make([]byte, 16)
					n, err = c.Read(p)
					got = append(got, p[:n]...)
				}
			})
			if string(got) != "one two" {
				t.Errorf("the stream is %q", got)
			}
			wantError(t, err, tt.code, "not all")
			c.Close()
			if seen := seen(); seen.Code != tt.code || !seen.WasClean {
				t.Errorf("the page saw %+v, want %v", seen.end, tt.code)
			}
		})
	}
}

// Half-close is not for a browser, which is said; Close behind a bulk loses
// nothing of it.
func testStreamToPage(t *testing.T, b *browser) {
	const size = 16 << 20
	url, next := endpoint(t, b.site, wsconn.Accept, nil)
	seen := begin[struct {
		Size   int
		SHA256 string
		end
	}](t, b.page, "digest", args{"url": url})
	c := next()
	if err := c.CloseWrite(); c.CanCloseWrite() || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("CloseWrite: %v, want %v; CanCloseWrite: %t", err, errors.ErrUnsupported, c.CanCloseWrite())
	}
	sum := sha256.New()
	testnet.InTime(t, "writing", func() {
		if _, err := io.Copy(c, io.TeeReader(testnet.NewSource(1, size), sum)); err != nil {
			t.Error(err)
		}
	})
	c.Close()
	got := seen()
	if want := hex.EncodeToString(sum.Sum(nil)); got.Size != size || got.SHA256 != want {
		t.Errorf("the page got %d bytes with the sum %s, want %d with %s", got.Size, got.SHA256, size, want)
	}
	wantEnd(t, got.end, end{frames.CloseNormalClosure, "", true})
	if err := c.WaitClosed(testnet.Bounded(t)); err != nil {
		t.Errorf("the closing handshake: %v", err)
	}
}

// Text in pieces that end inside characters.
func testTextStream(t *testing.T, b *browser) {
	const text = "aé日\U0001f642z"
	opts := &wsconn.AcceptOptions{Stream: wsconn.ConnOptions{Text: true}}
	url, next := endpoint(t, b.site, wsconn.Accept, opts)
	seen := begin[life](t, b.page, "life", args{"url": url})
	c := next()
	testnet.InTime(t, "writing", func() {
		for i := range len(text) {
			if _, err := c.Write([]byte{text[i]}); err != nil {
				t.Error(err)
			}
		}
	})
	c.Close()
	var got string
	for _, m := range seen().Messages {
		got += m
	}
	if got != text {
		t.Errorf("the page got %q, want %q", got, text)
	}
}
