package wsconn

import (
	"bufio"
	"crypto/fips140"
	"crypto/sha1"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/deflate"
)

func TestAcceptValue(t *testing.T) {
	if got := acceptValue("dGhlIHNhbXBsZSBub25jZQ=="); got != sampleAccept {
		t.Errorf("got %q, want %q of RFC 6455 section 1.3", got, sampleAccept)
	}
}

// Where only FIPS 140-3 is allowed SHA-1 panics, and a handshake has to work
// all the same. The setting is read at the start of a process.
func TestAcceptValueUnderFIPS(t *testing.T) {
	if !fips140.Enforced() {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAcceptValue(UnderFIPS)?$", "-test.v")
		cmd.Env = append(os.Environ(), "GODEBUG=fips140=only")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestAcceptValueUnderFIPS") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("SHA-1 is not forbidden here: this test shows nothing")
			}
		}()
		sha1.Sum(nil)
	}()
	if got := acceptValue("dGhlIHNhbXBsZSBub25jZQ=="); got != sampleAccept {
		t.Errorf("got %q, want %q", got, sampleAccept)
	}
	if !fips140.Enforced() {
		t.Error("the enforcement is off after the handshake")
	}
}

func TestHandshakeKeys(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		key := newHandshakeKey()
		if !isHandshakeKey(key) || seen[key] {
			t.Fatalf("key %q", key)
		}
		seen[key] = true
	}
}

func TestClientRequestBytes(t *testing.T) {
	for _, tt := range []struct {
		name   string
		url    string
		opts   DialOptions
		stream bool
		want   string // with KEY for the key
	}{
		{
			name: "plain", url: "ws://example.com/chat?q=1",
			want: "GET /chat?q=1 HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
				"Sec-WebSocket-Key: KEY\r\nSec-WebSocket-Version: 13\r\n" +
				"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n",
		},
		{
			name: "stream", url: "ws://h/", stream: true,
			want: "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
				"Sec-WebSocket-Key: KEY\r\nSec-WebSocket-Version: 13\r\n" +
				"Sec-WebSocket-Extensions: wsstream; half_close; max_message=1048576; keepalive=10\r\n\r\n",
		},
		{
			name: "compression off", url: "ws://h/", opts: DialOptions{Compression: deflate.Disabled},
			want: "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
				"Sec-WebSocket-Key: KEY\r\nSec-WebSocket-Version: 13\r\n\r\n",
		},
		{
			name: "everything", url: "wss://us%20er:p%3Aw@example.com:8443/", stream: true,
			opts: DialOptions{
				Compression:  &deflate.Options{ServerMaxWindowBits: 12},
				Subprotocols: []string{"b", "a"},
				Header:       http.Header{"Origin": {"https://o.example"}, "Cookie": {"a=1", "b=2"}, "x-lower": {"y"}, "Host": {"virtual:1"}},
			},
			want: "GET / HTTP/1.1\r\nHost: virtual:1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
				"Sec-WebSocket-Key: KEY\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: b, a\r\n" +
				"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12; client_max_window_bits, wsstream; half_close; max_message=1048576; keepalive=10\r\n" +
				"Authorization: Basic dXMgZXI6cDp3\r\nCookie: a=1\r\nCookie: b=2\r\nOrigin: https://o.example\r\nX-Lower: y\r\n\r\n",
		},
		{
			name: "version 8", url: "ws+unix:/s:/p", opts: DialOptions{Version: 8, Compression: deflate.Disabled, Header: http.Header{"origin": {"https://o.example"}}},
			want: "GET /p HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
				"Sec-WebSocket-Key: KEY\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Origin: https://o.example\r\n\r\n",
		},
		{
			name: "Authorization before userinfo", url: "ws://user@h/", opts: DialOptions{Compression: deflate.Disabled, Header: http.Header{"authorization": {"Bearer x"}}},
			want: "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
				"Sec-WebSocket-Key: KEY\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer x\r\n\r\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			target, err := parseURL(tt.url)
			if err != nil {
				t.Fatal(err)
			}
			q, err := newClientRequest(target, &tt.opts, tt.stream)
			if err != nil {
				t.Fatal(err)
			}
			got := string(q.bytes())
			if want := strings.Replace(tt.want, "KEY", q.key, 1); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if _, err := http.ReadRequest(bufio.NewReader(strings.NewReader(got))); err != nil {
				t.Errorf("net/http does not read it: %v", err)
			}
		})
	}
}

func TestClientRequestRefusesOptions(t *testing.T) {
	header := func(name, value string) DialOptions { return DialOptions{Header: http.Header{name: {value}}} }
	for _, tt := range []struct {
		opts DialOptions
		want string
	}{
		{DialOptions{Version: 12}, "DialOptions.Version"},
		{DialOptions{Version: -1}, "DialOptions.Version"},
		{DialOptions{Compression: &deflate.Options{Level: 10}}, "DialOptions.Compression: deflate: Options.Level is 10"},
		{DialOptions{Subprotocols: []string{"a b"}}, "DialOptions.Subprotocols"},
		{DialOptions{Subprotocols: []string{""}}, "DialOptions.Subprotocols"},
		{DialOptions{Subprotocols: []string{"a\r\nX: y"}}, "DialOptions.Subprotocols"},
		{DialOptions{Subprotocols: []string{"a", "b", "a"}}, "twice"},
		{header("Connection", "close"), "Connection"},
		{header("upgrade", "h2c"), "Upgrade"},
		{header("Sec-WebSocket-Key", "x"), "the handshake sets"},
		{header("sec-websocket-accept", "x"), "the handshake sets"},
		{header("Sec-WebSocket-Protocol", "x"), "DialOptions.Subprotocols"},
		{header("Sec-WebSocket-Version", "13"), "DialOptions.Version"},
		{header("Sec-WebSocket-Extensions", "x"), "DialOptions.Compression"},
		{header("Sec-WebSocket-Origin", "x"), "set Origin"},
		{header("Content-Length", "0"), "no body"},
		{header("Transfer-Encoding", "chunked"), "no body"},
		{header("X", "a\r\nY: b"), "control character"},
		{header("X", "a\nb"), "control character"},
		{header("X", "a\x00b"), "control character"},
		{header("X: a\r\nY", "b"), "not the name of a header"},
		{header("", "b"), "not the name of a header"},
		{header("Host", "a\r\nX: b"), "control character"},
		{header("Host", "a/b"), "not a Host"},
		{header("Host", "user@a"), "not a Host"},
		{DialOptions{Header: http.Header{"Host": {"a", "b"}}}, "more than one value"},
		{DialOptions{Header: http.Header{"Origin": {"a"}, "origin": {"b"}}}, "more than one value"},
	} {
		_, err := newClientRequest(target{}, &tt.opts, true)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %q in it", tt.opts, err, tt.want)
		}
	}
}

func TestClientRequestKeepsNothingOfTheOptions(t *testing.T) {
	opts := DialOptions{Subprotocols: []string{"a"}, Header: http.Header{"X": {"1"}}}
	q, err := newClientRequest(target{user: url.User("u")}, &opts, false)
	if err != nil {
		t.Fatal(err)
	}
	q.header.Set("X", "2")
	q.header.Add("Y", "3")
	q.subprotocols[0] = "b"
	if opts.Header.Get("X") != "1" || len(opts.Header) != 1 || opts.Subprotocols[0] != "a" {
		t.Errorf("the options became %+v", opts)
	}
}

func TestClientRequestCheck(t *testing.T) {
	const status = "HTTP/1.1 101 Switching Protocols\r\n"
	const upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	const proof = "Sec-WebSocket-Accept: " + sampleAccept + "\r\n"
	const good = status + upgrade + proof
	for _, tt := range []struct {
		name, response, want string // want is of the error, or "" for none
		agreed               agreement
	}{
		{"plain", good, "", agreement{}},
		{"tokens in several lines", status + proof + "upgrade: x\r\nupgrade: WEBSOCKET\r\nconnection: keep-alive\r\nCONNECTION: x, upgrade\r\n", "", agreement{}},
		{"subprotocol", good + "Sec-WebSocket-Protocol: b\r\n", "", agreement{subprotocol: "b"}},
		{"extension", good + "Sec-WebSocket-Extensions: wsstream; half_close; max_message=7; new\r\n", "", agreement{stream: streamTerms{agreed: true, halfClose: true, peerMaxMessage: 7}}},
		{"HTTP/1.0", strings.Replace(good, "HTTP/1.1", "HTTP/1.0", 1), "HTTP/1.0", agreement{}},
		{"HTTP/2.0", strings.Replace(good, "HTTP/1.1", "HTTP/2.0", 1), "HTTP/2.0", agreement{}},
		{"no Upgrade", status + "Connection: Upgrade\r\n" + proof, "switched to", agreement{}},
		{"other Upgrade", status + "Upgrade: h2c\r\nConnection: Upgrade\r\n" + proof, `"h2c"`, agreement{}},
		{"no Connection", status + "Upgrade: websocket\r\n" + proof, "Connection", agreement{}},
		{"no Accept", status + upgrade, "Sec-WebSocket-Accept", agreement{}},
		{"wrong Accept", status + upgrade + "Sec-WebSocket-Accept: x\r\n", "Sec-WebSocket-Accept", agreement{}},
		{"Accept in another case", status + upgrade + strings.ToLower(proof), "Sec-WebSocket-Accept", agreement{}},
		{"Accept twice", good + proof, "Sec-WebSocket-Accept", agreement{}},
		{"subprotocol not offered", good + "Sec-WebSocket-Protocol: c\r\n", "not offered", agreement{}},
		{"subprotocol in another case", good + "Sec-WebSocket-Protocol: A\r\n", "not offered", agreement{}},
		{"empty subprotocol", good + "Sec-WebSocket-Protocol:\r\n", "not offered", agreement{}},
		{"two subprotocols", good + "Sec-WebSocket-Protocol: a, b\r\n", "not offered", agreement{}},
		{"two subprotocols in two lines", good + "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a\r\n", "more than one", agreement{}},
		{"extension not offered", good + "Sec-WebSocket-Extensions: permessage-deflate\r\n", "not offered", agreement{}},
		{"extension twice", good + "Sec-WebSocket-Extensions: wsstream\r\nSec-WebSocket-Extensions: wsstream\r\n", "twice", agreement{}},
		{"parameter twice", good + "Sec-WebSocket-Extensions: wsstream; half_close; half_close\r\n", "twice", agreement{}},
		{"malformed extensions", good + "Sec-WebSocket-Extensions: wsstream;\r\n", "malformed", agreement{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(tt.response+"\r\n")), nil)
			if err != nil {
				t.Fatal(err)
			}
			q := clientRequest{key: "dGhlIHNhbXBsZSBub25jZQ==", subprotocols: []string{"a", "b"}, offer: offer{stream: extensionName, compression: deflate.Disabled}}
			got, err := q.check(resp)
			switch {
			case tt.want == "" && (err != nil || got != tt.agreed):
				t.Errorf("%+v, %v, want %+v", got, err, tt.agreed)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("%v, want %q in it", err, tt.want)
			}
		})
	}
}
