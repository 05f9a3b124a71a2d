package wsconn

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// proxies are the trusted prefixes of these tests.
var proxies = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("fd00::/8"),
	netip.MustParsePrefix("::ffff:192.168.7.0/120"),
}

func TestClientAddr(t *testing.T) {
	const xff, forwarded = "X-Forwarded-For", "Forwarded"
	for _, tt := range []struct {
		name, remote string
		header       string // or "both"
		lines        []string
		want         string // "" for the zero Addr
	}{
		{"no header", "203.0.113.9:1", "", nil, "203.0.113.9"},
		{"a client that makes it up", "203.0.113.9:1", xff, []string{"1.1.1.1"}, "203.0.113.9"},
		{"a client that makes Forwarded up", "203.0.113.9:1", forwarded, []string{"for=1.1.1.1"}, "203.0.113.9"},
		{"a proxy without a header", "10.0.0.1:1", "", nil, "10.0.0.1"},
		{"one proxy", "10.0.0.1:1", xff, []string{"198.51.100.1"}, "198.51.100.1"},
		{"made up before the proxy's word", "10.0.0.1:1", xff, []string{"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
		{"a trusted address made up", "10.0.0.1:1", xff, []string{"10.9.9.9, 198.51.100.1"}, "198.51.100.1"},
		{"two proxies", "10.0.0.1:1", xff, []string{"1.1.1.1, 198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		{"an untrusted proxy in between", "10.0.0.1:1", xff, []string{"198.51.100.1, 203.0.113.5, 10.0.0.2"}, "203.0.113.5"},
		{"all trusted", "10.0.0.1:1", xff, []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"several lines", "10.0.0.1:1", xff, []string{"198.51.100.1", "203.0.113.5, 10.0.0.3", "10.0.0.2"}, "203.0.113.5"},
		{"spaces and empty elements", "10.0.0.1:1", xff, []string{" 198.51.100.1 ,,\t10.0.0.2 ,", "", ","}, "198.51.100.1"},
		{"only commas", "10.0.0.1:1", xff, []string{",,,"}, "10.0.0.1"},
		{"port", "10.0.0.1:1", xff, []string{"198.51.100.1:4711"}, "198.51.100.1"},
		{"IPv6", "[fd00::1]:1", xff, []string{"2001:DB8:0::1"}, "2001:db8::1"},
		{"IPv6 in brackets", "[fd00::1]:1", xff, []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"IPv6 with a port", "[fd00::1]:1", xff, []string{"[2001:db8::1]:80"}, "2001:db8::1"},
		{"IPv6 proxies", "[fd00::1]:1", xff, []string{"2001:db8::1, fd00::2"}, "2001:db8::1"},
		{"mapped", "10.0.0.1:1", xff, []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"a mapped proxy", "[::ffff:10.0.0.1]:1", xff, []string{"198.51.100.1"}, "198.51.100.1"},
		{"a proxy in a mapped prefix", "192.168.7.200:1", xff, []string{"198.51.100.1"}, "198.51.100.1"},
		{"beside a mapped prefix", "192.168.8.200:1", xff, []string{"198.51.100.1"}, "192.168.8.200"},
		{"zone of the peer", "[fe80::1%eth0]:1", "", nil, "fe80::1"},
		{"zone of a proxy", "[fd00::1%eth0]:1", xff, []string{"2001:db8::1"}, "2001:db8::1"},
		{"zone in the list", "10.0.0.1:1", xff, []string{"fe80::2%eth1"}, "fe80::2"},
		{"unknown", "10.0.0.1:1", xff, []string{"198.51.100.1, unknown"}, "10.0.0.1"},
		{"unknown behind a second proxy", "10.0.0.1:1", xff, []string{"198.51.100.1, unknown, 10.0.0.2"}, "10.0.0.2"},
		{"a name", "10.0.0.1:1", xff, []string{"198.51.100.1, localhost"}, "10.0.0.1"},
		{"quotes are none there", "10.0.0.1:1", xff, []string{`"198.51.100.1"`}, "10.0.0.1"},
		{"leading zeros", "10.0.0.1:1", xff, []string{"198.051.100.1"}, "10.0.0.1"},
		{"open bracket", "10.0.0.1:1", xff, []string{"[2001:db8::1"}, "10.0.0.1"},
		{"text behind the bracket", "10.0.0.1:1", xff, []string{"[2001:db8::1]x"}, "10.0.0.1"},
		{"IPv4 in brackets", "10.0.0.1:1", xff, []string{"[198.51.100.1]"}, "10.0.0.1"},
		{"a port that is none", "10.0.0.1:1", xff, []string{"198.51.100.1:a b"}, "10.0.0.1"},
		{"an endless element", "10.0.0.1:1", xff, []string{strings.Repeat("1", 5000)}, "10.0.0.1"},
		{"the limit of proxies", "10.0.0.1:1", xff, []string{"198.51.100.1" + strings.Repeat(", 10.0.0.2", maxElements-1)}, "198.51.100.1"},
		{"too many proxies", "10.0.0.1:1", xff, []string{"198.51.100.1" + strings.Repeat(", 10.0.0.2", maxElements)}, "10.0.0.2"},

		{"the examples of RFC 7239", "10.0.0.1:1", forwarded, []string{`for=192.0.2.43, FOR="[2001:db8:cafe::17]:4711";proto=http;by=203.0.113.43`}, "2001:db8:cafe::17"},
		{"Forwarded through a proxy", "10.0.0.1:1", forwarded, []string{"for=1.1.1.1, by=10.0.0.9; For=198.51.100.1", `for="10.0.0.2:_x"`}, "198.51.100.1"},
		{"hidden", "10.0.0.1:1", forwarded, []string{"for=198.51.100.1, for=_hidden"}, "10.0.0.1"},
		{"unknown to Forwarded", "10.0.0.1:1", forwarded, []string{"for=198.51.100.1, for=unknown, for=10.0.0.2"}, "10.0.0.2"},
		{"an element without for", "10.0.0.1:1", forwarded, []string{"for=198.51.100.1, by=10.0.0.1"}, "10.0.0.1"},
		{"for twice", "10.0.0.1:1", forwarded, []string{"for=198.51.100.1;for=198.51.100.2"}, "10.0.0.1"},
		{"a port without quotes", "10.0.0.1:1", forwarded, []string{"for=198.51.100.1:80 ;proto=https"}, "198.51.100.1"},
		{"escapes", "10.0.0.1:1", forwarded, []string{`for="198.51.\100.1";by="a\"b\\"`}, "198.51.100.1"},
		{"commas and semicolons in quotes", "10.0.0.1:1", forwarded, []string{`host="a,for=1.1.1.1;\",b";for=198.51.100.1`}, "198.51.100.1"},
		{"a quote that stays open in front", "10.0.0.1:1", forwarded, []string{`for=1.1.1.1;x=", for="[2001:db8::1]"`}, "2001:db8::1"},
		{"an escape in front", "10.0.0.1:1", forwarded, []string{`for=1.1.1.1;x="\, for=198.51.100.1`}, "198.51.100.1"},
		{"a quote that stays open", "10.0.0.1:1", forwarded, []string{`for="198.51.100.1`}, "10.0.0.1"},
		{"text behind the quotes", "10.0.0.1:1", forwarded, []string{`for="198.51.100.1"x`}, "10.0.0.1"},
		{"no value", "10.0.0.1:1", forwarded, []string{"for"}, "10.0.0.1"},
		{"an empty value", "10.0.0.1:1", forwarded, []string{"for="}, "10.0.0.1"},
		{"empty parameters", "10.0.0.1:1", forwarded, []string{";;for=198.51.100.1;"}, "198.51.100.1"},
		{"a bare address", "10.0.0.1:1", forwarded, []string{"198.51.100.1"}, "10.0.0.1"},

		{"both, the same", "10.0.0.1:1", "both", []string{"198.51.100.1", "for=1.1.1.1, for=198.51.100.1"}, "198.51.100.1"},
		{"both, one made up", "10.0.0.1:1", "both", []string{"198.51.100.1", "for=1.1.1.1"}, ""},
		{"both, one made up and trusted", "10.0.0.1:1", "both", []string{"198.51.100.1", "for=10.0.0.5"}, ""},
		{"both, one says nothing", "10.0.0.1:1", "both", []string{"198.51.100.1", ""}, ""},
		{"both, of a client", "203.0.113.9:1", "both", []string{"198.51.100.1", "for=1.1.1.1"}, "203.0.113.9"},

		{"Unix socket", "@", xff, []string{"198.51.100.1"}, ""},
		{"no address", "", xff, []string{"198.51.100.1"}, ""},
		{"an address without a port", "10.0.0.1", xff, []string{"198.51.100.1"}, "198.51.100.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: tt.remote, Header: http.Header{}}
			switch tt.header {
			case "both":
				r.Header[xff], r.Header[forwarded] = tt.lines[:1], tt.lines[1:]
			case "":
			default:
				r.Header[tt.header] = tt.lines
			}
			want, _ := netip.ParseAddr(tt.want)
			if got := ClientAddr(r, proxies); got != want {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

func TestClientAddrTrust(t *testing.T) {
	r := &http.Request{Header: http.Header{"X-Forwarded-For": {"198.51.100.1"}}}
	for _, tt := range []struct {
		remote  string
		trusted []netip.Prefix
		want    string
	}{
		{"10.0.0.1:1", nil, "10.0.0.1"},
		{"10.0.0.1:1", []netip.Prefix{{}}, "10.0.0.1"},
		{"10.0.0.1:1", []netip.Prefix{netip.MustParsePrefix("::/0")}, "10.0.0.1"},
		{"10.0.0.1:1", []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}, "198.51.100.1"},
		{"@", []netip.Prefix{{}}, "198.51.100.1"},
		{"/run/s.sock", []netip.Prefix{{}}, "198.51.100.1"},
		{"", []netip.Prefix{{}}, "198.51.100.1"},
		{"@", []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}, "invalid IP"},
	} {
		r.RemoteAddr = tt.remote
		if got := ClientAddr(r, tt.trusted).String(); got != tt.want {
			t.Errorf("%q, trusted %v: %s, want %s", tt.remote, tt.trusted, got, tt.want)
		}
	}
}

// With the header named nothing in another one counts.
func TestClientAddrHeader(t *testing.T) {
	header := http.Header{"X-Forwarded-For": {"1.1.1.1"}, "Forwarded": {"for=2.2.2.2"}, "X-Real-Ip": {"3.3.3.3"}}
	for name, want := range map[string]string{
		"": "invalid IP", "X-Forwarded-For": "1.1.1.1", "x-forwarded-for": "1.1.1.1", "Forwarded": "2.2.2.2",
		"forwarded": "2.2.2.2", "X-Real-IP": "3.3.3.3", "X-Absent": "127.0.0.1",
	} {
		s := newHandshakeServer(t, &AcceptOptions{
			TrustedProxies:   []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
			ClientAddrHeader: name,
		}, nil)
		s.Start()
		var lines strings.Builder
		header.Write(&lines)
		s.exchange(t, strings.Replace(goodRequest, "\r\n\r\n", "\r\n"+lines.String()+"\r\n", 1))
		got := <-s.outcome
		if got.err != nil || got.u.server.clientAddr.String() != want {
			t.Errorf("%q: %v, %v, want %s", name, got.u.server.clientAddr, got.err, want)
		}
	}
}

func TestSocketClientAddr(t *testing.T) {
	accepted := make(chan *Socket, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := AcceptSocket(w, r, &AcceptOptions{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
		if err != nil {
			t.Error(err)
		}
		accepted <- s
	}))
	defer server.Close()
	client, err := DialSocket(t.Context(), server.URL, &DialOptions{Header: http.Header{"X-Forwarded-For": {"198.51.100.1"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Terminate()
	s := testnet.Take(t, "the server's socket", accepted)
	defer s.Terminate()
	if got := s.ClientAddr().String(); got != "198.51.100.1" || client.ClientAddr().IsValid() {
		t.Errorf("the server says %v, the client %v", got, client.ClientAddr())
	}
}

// Whatever a client writes, and a proxy leaves in front of its own word, does
// not change whom that names.
func FuzzClientAddr(f *testing.F) {
	for _, s := range []string{"", "1.1.1.1", `for="`, `for=1.1.1.1;x="\`, `"`, `\`, "10.0.0.2, 10.0.0.3", "for=10.0.0.2, for=_x", "[::1]:1", `a="b,c"`} {
		f.Add(s, s, "10.0.0.1:1")
	}
	f.Fuzz(func(t *testing.T, list, forwarded, remote string) {
		plain := netip.MustParseAddr("203.0.113.7")
		six := netip.MustParseAddr("2001:db8::7")
		for _, tt := range []struct {
			name, line string
			want       netip.Addr
		}{
			{"X-Forwarded-For", list + ", 203.0.113.7", plain},
			{"X-Forwarded-For", list + ",[2001:db8::7]:1, 10.0.0.2", six},
			{"Forwarded", forwarded + ", for=203.0.113.7", plain},
			{"Forwarded", forwarded + `,by="_a,\"b";for="[2001:db8::7]:1", for=10.0.0.2`, six},
		} {
			r := &http.Request{RemoteAddr: "10.0.0.1:1", Header: http.Header{tt.name: {"1.1.1.1", tt.line}}}
			if got := ClientAddr(r, proxies); got != tt.want {
				t.Fatalf("%s: %q made %v, want %v", tt.name, tt.line, got, tt.want)
			}
		}

		r := &http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": {list}, "Forwarded": {forwarded}}}
		got := ClientAddr(r, proxies)
		if got.Is4In6() || got.Zone() != "" {
			t.Fatalf("%v is not plain", got)
		}
		r.Header.Del("Forwarded")
		checkWalk(t, r, list)
	})
}

// checkWalk checks that the address is a trusted one only if all those that
// come behind it in the list are.
func checkWalk(t *testing.T, r *http.Request, list string) {
	got := ClientAddr(r, proxies)
	if !isTrusted(got, proxies) {
		return
	}
	elements := strings.Split(list, ",")
	met := 0
	for i := len(elements) - 1; i >= 0; i-- {
		element := strings.Trim(elements[i], " \t")
		if element == "" {
			continue
		}
		a, ok := parseNode(element)
		if met++; !ok || met > maxElements {
			return
		}
		if !isTrusted(a, proxies) {
			t.Fatalf("%q from %q: %v, but %v is not trusted", list, r.RemoteAddr, got, a)
		}
	}
}
