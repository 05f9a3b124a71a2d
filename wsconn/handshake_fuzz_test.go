package wsconn

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/deflate"
)

// Whatever request net/http reads is either answered with a 101 that a strict
// client accepts, or refused with one of the statuses of the documentation.
func FuzzRequest(f *testing.F) {
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil {
			return
		}
		opts := &AcceptOptions{Compression: new(deflate.Options), Subprotocols: []string{"b", "a"}, Origins: []string{"*.example.org", "https://example.net:*"}}
		reply, refusal := checkRequest(r, opts, true)
		if refusal != nil {
			if !slices.Contains([]int{400, 403, 405, 426, 505}, refusal.Status) || refusal.Reason == "" {
				t.Fatalf("refusal %+v", refusal)
			}
			return
		}
		if r.Method != "GET" || r.ContentLength != 0 || len(r.Header["Sec-Websocket-Key"]) != 1 {
			t.Fatalf("accepted %+v", r)
		}
		answer, err := reply.bytes(http.Header{"X": {"y"}})
		if err != nil || bytes.Index(answer, []byte("\r\n\r\n")) != len(answer)-4 {
			t.Fatalf("answer %q, %v", answer, err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(answer)), nil)
		if err != nil || resp.StatusCode != 101 {
			t.Fatalf("answer %q: %v", answer, err)
		}
		offered, _ := parseTokens(r.Header["Sec-Websocket-Protocol"])
		q := clientRequest{
			key:          r.Header.Get("Sec-Websocket-Key"),
			subprotocols: offered,
		}
		if strings.Contains(strings.Join(r.Header["Sec-Websocket-Extensions"], ","), extensionName) {
			q.offer.stream = extensionName
		}
		if agreed, err := q.check(resp); err != nil || agreed.subprotocol != reply.subprotocol {
			t.Fatalf("a client makes %+v, %v of %q", agreed, err, answer)
		}
	})
}

// bytesConn is a connection that has only bytes to read.
type bytesConn struct {
	net.Conn
	*bytes.Reader
}

func (b bytesConn) Read(p []byte) (int, error) { return b.Reader.Read(p) }

// Whatever a server sends, the reading of it is bounded, nothing of what
// follows the header is lost, and only the right answer passes.
func FuzzResponse(f *testing.F) {
	f.Fuzz(func(t *testing.T, raw []byte) {
		conn := bytesConn{Reader: bytes.NewReader(raw)}
		answer := newAnswerReader(conn)
		resp, err := answer.next()
		if read := len(raw) - conn.Len(); read > maxHead+readAhead {
			t.Fatalf("%d bytes read", read)
		}
		if err != nil {
			return
		}
		if resp.StatusCode != http.StatusSwitchingProtocols {
			if body := answer.body(resp); len(body) > maxRefusalBody {
				t.Fatalf("%d bytes of body", len(body))
			}
			return
		}
		rest, _ := io.ReadAll(conn)
		rest = append(answer.early(), rest...)
		head, ok := bytes.CutSuffix(raw, rest)
		if !ok || !bytes.HasSuffix(head, []byte("\n")) {
			t.Fatalf("%q was left of %q", rest, raw)
		}
		q := clientRequest{key: "dGhlIHNhbXBsZSBub25jZQ==", subprotocols: []string{"a", "b"}, offer: offer{stream: extensionName}}
		agreed, err := q.check(resp)
		if err != nil {
			return
		}
		if !bytes.Contains(head, []byte(sampleAccept)) {
			t.Fatalf("accepted %q", raw)
		}
		if p := agreed.subprotocol; p != "" && p != "a" && p != "b" {
			t.Fatalf("agreed on %q", p)
		}
	})
}

// What parses says the same when it is written again, and a client is never
// more lenient than a server.
func FuzzExtensions(f *testing.F) {
	f.Fuzz(func(t *testing.T, line string) {
		list, ok := parseExtensions([]string{line})
		if !ok {
			return
		}
		if len(list) > maxElements {
			t.Fatalf("%d extensions", len(list))
		}
		text := strings.NewReplacer("[", `"`, "]", `"`).Replace(formatExtensions(list))
		again, ok := parseExtensions([]string{text})
		if !ok || formatExtensions(again) != formatExtensions(list) {
			t.Fatalf("%q became %q, then %q", line, text, formatExtensions(again))
		}
		if agreed, err := (offer{stream: extensionName}).confirm(list); err == nil && agreed.stream != acceptOffer(list) {
			t.Fatalf("%q: a client makes %+v of it, a server %+v", line, agreed.stream, acceptOffer(list))
		}
		if acceptOffer(list).peerMaxMessage < 0 {
			t.Fatalf("%q: a negative size", line)
		}
	})
}
