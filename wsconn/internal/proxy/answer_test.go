package proxy

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

// counted counts what is read of it, and in how many calls.
type counted struct {
	io.Reader
	bytes, calls int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.bytes += n
	c.calls++
	return n, err
}

// Not a byte behind the header is read, and of what has no end not more than
// the limit.
func TestReadHeadStops(t *testing.T) {
	for name, tt := range map[string]struct {
		in   string
		head string // "" for an error
		most int
	}{
		"header":         {"HTTP/1.1 200 OK\r\nA: b\r\n\r\nrest", "HTTP/1.1 200 OK\r\nA: b\r\n\r\n", 25},
		"no fields":      {"HTTP/1.0 200 OK\r\n\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n", 19},
		"bare LF":        {"HTTP/1.1 200\n\nrest", "HTTP/1.1 200\n\n", 14},
		"mixed":          {"HTTP/1.1 200\n\r\nrest", "HTTP/1.1 200\n\r\n", 15},
		"not HTTP":       {"HTTQ/1.1 200 OK\r\n\r\n", "", 4},
		"cut":            {"HTTP/1.1 200 OK\r\n", "", 17},
		"endless line":   {"HTTP/1.1 200 " + strings.Repeat("a", 1<<20), "", maxHead},
		"endless fields": {"HTTP/1.1 200\r\n" + strings.Repeat("a:b\r\n", 1<<20), "", 14 + 5*(maxFields+2)},
		"commas":         {"HTTP/1.1 200\r\nA: " + strings.Repeat(",\"", 1<<20), "", maxHead},
		"many fields":    {"HTTP/1.1 200\r\n" + strings.Repeat("a:b\r\n", maxFields) + "\r\n", "HTTP/1.1 200\r\n" + strings.Repeat("a:b\r\n", maxFields) + "\r\n", 1 << 20},
	} {
		c := &counted{Reader: strings.NewReader(tt.in)}
		head, err := readHead(c)
		if (err == nil) != (tt.head != "") || err == nil && string(head) != tt.head {
			t.Errorf("%s: %.80q, %v", name, head, err)
		}
		if c.bytes > tt.most || c.calls > tt.most+1 {
			t.Errorf("%s: %d bytes in %d calls, want at most %d", name, c.bytes, c.calls, tt.most)
		}
	}
}

// Whatever a proxy sends, reading it is bounded, and what follows the header
// is still there.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\n\r\n\x82\x00", "HTTP/1.0 407 X\nProxy-Authenticate: Basic\n\n", "HTTP/1.1 200 OK\r\n A: b\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\n\r\n", "SSH-2.0-x\r\n", "HTTP/1.1 999999999999999999999 OK\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := bytes.NewReader(raw)
		head, err := readHead(r)
		if len(head) > maxHead || len(head)+r.Len() != len(raw) || !bytes.HasPrefix(raw, head) {
			t.Fatalf("%d bytes of %d read, %d left", len(head), len(raw), r.Len())
		}
		if err != nil {
			return
		}
		if lines := bytes.Count(head, []byte("\n")); lines > maxFields+2 {
			t.Fatalf("%d lines", lines)
		}
		a, err := parseHead(head)
		if err != nil {
			return
		}
		if a.status < 100 || a.status > 999 || a.header == nil {
			t.Fatalf("%+v of %q", a, head)
		}
	})
}
