package browser_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// What the browser agrees to, text and bytes there and back, and that they were
// smaller on the way.
func testCompression(t *testing.T, b *browser) {
	type server struct {
		name    string
		options *deflate.Options
		agreed  string
	}
	tests := []server{
		{"off", nil, ""},
		{"defaults", &deflate.Options{}, "permessage-deflate"},
		{"no takeover of the server's", &deflate.Options{ServerNoContextTakeover: true}, "permessage-deflate; server_no_context_takeover"},
		{"no takeover of the client's", &deflate.Options{ClientNoContextTakeover: true}, "permessage-deflate; client_no_context_takeover"},
		{"no takeover", &deflate.Options{ServerNoContextTakeover: true, ClientNoContextTakeover: true},
			"permessage-deflate; server_no_context_takeover; client_no_context_takeover"},
	}
	for bits := 8; bits < 15; bits++ {
		tests = append(tests, server{
			fmt.Sprintf("a window of %d bits of the client's", bits), &deflate.Options{ClientMaxWindowBits: bits},
			fmt.Sprintf("permessage-deflate; client_max_window_bits=%d", bits),
		}, server{
			fmt.Sprintf("a window of %d bits of both", bits),
			&deflate.Options{ServerMaxWindowBits: bits, ClientMaxWindowBits: bits, ServerNoContextTakeover: bits%2 == 0, ClientNoContextTakeover: bits%2 == 1},
			fmt.Sprintf("permessage-deflate; %s_no_context_takeover; server_max_window_bits=%d; client_max_window_bits=%[2]d", []string{"server", "client"}[bits%2], bits),
		})
	}
	sizes := []int{4 << 20, 0, 1, 100, 5000, 65_536, 65_536, 1 << 20}
	for i, tt := range tests {
		if i == 3 {
			sizes = sizes[1:] // the largest takes long
		}
		t.Run(tt.name, func(t *testing.T) {
			url, next := endpoint(t, b.site, wsconn.AcceptSocket, &wsconn.AcceptOptions{Compression: tt.options})
			seen := begin[struct {
				Wrong      int
				Extensions string
			}](t, b.page, "compressed", args{"url": url, "sizes": sizes})
			c := next()
			if got := c.Extensions(); got != tt.agreed {
				t.Errorf("agreed on %q, want %q", got, tt.agreed)
			}
			closed := echo(t, c)
			got := seen()
			if got.Wrong != 0 || got.Extensions != tt.agreed {
				t.Errorf("%d echoes were wrong, agreed on %q, want %q", got.Wrong, got.Extensions, tt.agreed)
			}
			closed()
			wantSmaller(t, c, 2*sum(sizes), tt.agreed != "")
		})
	}
	t.Run("by message", func(t *testing.T) { testCompressionByMessage(t, b) })
}

func sum(sizes []int) (all int64) {
	for _, size := range sizes {
		all += int64(size)
	}
	return all
}

// wantSmaller checks that what went in each direction was, or was not, fewer
// than half as many bytes as the messages have at least.
func wantSmaller(t *testing.T, c *wsconn.Socket, size int64, want bool) {
	t.Helper()
	s := c.Stats()
	for _, n := range []int64{s.BytesRead, s.BytesWritten} {
		if (n < size/2) != want {
			t.Errorf("%d bytes were read and %d written for messages of %d: compressed, want %t", s.BytesRead, s.BytesWritten, size, want)
			return
		}
	}
}

// Messages that the server leaves as they are, or compresses for many, among
// others.
func testCompressionByMessage(t *testing.T, b *browser) {
	for _, options := range []*deflate.Options{{}, {ServerNoContextTakeover: true}, {ServerMaxWindowBits: 10}} {
		t.Run(options.Offer(), func(t *testing.T) {
			url, next := endpoint(t, b.site, wsconn.AcceptSocket, &wsconn.AcceptOptions{Compression: options})
			seen := begin[life](t, b.page, "life", args{"url": url})
			c := next()
			text := bytes.Repeat([]byte("not a secret, as far as anybody knows; "), 100)
			prepared := wsconn.Prepare(wsconn.Text, text)
			ctx := testnet.Bounded(t)
			size := int64(len(text))
			for range 3 {
				for _, way := range []struct {
					name    string
					send    func() error
					smaller bool
				}{
					{"WriteMessage", func() error { return c.WriteMessage(ctx, wsconn.Text, text) }, true},
					{"WriteUncompressed", func() error { return c.WriteUncompressed(ctx, wsconn.Text, text) }, false},
					{"WritePrepared", func() error { return c.WritePrepared(ctx, prepared) }, true},
					{"WritePrepared, uncompressed", func() error { return c.WritePrepared(ctx, prepared.Uncompressed()) }, false},
				} {
					before := c.Stats().BytesWritten
					if err := way.send(); err != nil {
						t.Fatalf("%s: %v", way.name, err)
					}
					if n := c.Stats().BytesWritten - before; (n < size/4) != way.smaller {
						t.Errorf("%s sends %d bytes as %d", way.name, size, n)
					}
				}
			}
			c.Close()
			got := seen()
			if len(got.Messages) != 12 {
				t.Errorf("the page got %d messages, %+v, want 12", len(got.Messages), got.end)
			}
			for i, m := range got.Messages {
				if m != string(text) {
					t.Errorf("message %d is %.40q", i, m)
				}
			}
		})
	}
}
