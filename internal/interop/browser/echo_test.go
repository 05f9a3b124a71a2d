package browser_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// echo sends everything back until the page closes. What it returns waits for
// that, which has to be with code 1000.
func echo(t *testing.T, c *wsconn.Socket) (closed func()) {
	ctx := testnet.Bounded(t)
	ended := make(chan error, 1)
	go func() {
		for {
			typ, p, err := c.ReadMessage(ctx)
			if err == nil {
				err = c.WriteMessage(ctx, typ, p)
			}
			if err != nil {
				ended <- err
				return
			}
		}
	}()
	return func() {
		t.Helper()
		if err := testnet.Take(t, "the page's close", ended); err != io.EOF {
			t.Errorf("the server's connection ended with %v, want %v", err, io.EOF)
		}
	}
}

// echoed gives the page a task with an endpoint that echoes.
func echoed[T any](t *testing.T, b *browser, do string, args args) T {
	t.Helper()
	url, next := endpoint(t, b.site, wsconn.AcceptSocket, nil)
	args["url"] = url
	outcome := begin[T](t, b.page, do, args)
	closed := echo(t, next())
	value := outcome()
	closed()
	return value
}

// One message of each form at each border of a header's length, and a large
// one.
func testEcho(t *testing.T, b *browser) {
	type came struct {
		Type string
		Size int
		Same bool
	}
	for _, form := range []struct{ sent, binaryType, back string }{
		{"text", "arraybuffer", "text"},
		{"ArrayBuffer", "arraybuffer", "ArrayBuffer"},
		{"view", "arraybuffer", "ArrayBuffer"},
		{"Blob", "blob", "Blob"},
	} {
		for _, size := range []int{0, 1, 125, 126, 65535, 65536, 4 << 20} {
			t.Run(fmt.Sprintf("%s/%d", form.sent, size), func(t *testing.T) {
				got := echoed[came](t, b, "echo", args{"form": form.sent, "size": size, "binaryType": form.binaryType})
				if want := (came{form.back, size, true}); got != want {
					t.Errorf("the echo is %+v, want %+v", got, want)
				}
			})
		}
	}
}

// Characters of each length in UTF-8, their borders, and what looks like a
// surrogate or a byte order mark.
func testText(t *testing.T, b *browser) {
	texts := []string{
		"", "\x00", "\x7f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\ufeff", "\uffff",
		"\U00010000", "\U0001f469\u200d\U0001f692", "\U0010ffff", "e\u0301",
		"日本語 и ελληνικά",
		strings.Repeat("a\U0001f642", 30_000), // characters on both sides of any border
	}
	for i, got := range echoed[[]string](t, b, "texts", args{"texts": texts}) {
		t.Run(fmt.Sprintf("%.8q", texts[i]), func(t *testing.T) {
			if got != texts[i] {
				t.Errorf("the echo is %.40q, want %.40q", got, texts[i])
			}
		})
	}
}

func testOrder(t *testing.T, b *browser) {
	const count = 1000
	var want []string
	for n := range count {
		want = append(want, fmt.Sprintf("message %d", n))
	}
	if got := echoed[[]string](t, b, "many", args{"count": count}); !slices.Equal(got, want) {
		t.Errorf("%d messages sent at once came back as %q", count, got)
	}
}
