package interop

import (
	"strings"
	"testing"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// paramsIn reads the one element of Sec-WebSocket-Extensions that is there, if
// one is, as a server replies it.
func paramsIn(t *testing.T, extensions string) (p deflate.Params, agreed bool) {
	t.Helper()
	p = deflate.Params{ServerMaxWindowBits: 15, ClientMaxWindowBits: 15}
	if extensions == "" {
		return p, false
	}
	bits := map[string]int{"8": 8, "9": 9, "10": 10, "11": 11, "12": 12, "13": 13, "14": 14, "15": 15}
	for i, s := range strings.Split(extensions, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(s), "=")
		n, isBits := bits[value]
		switch {
		case i == 0 && name == deflate.Name && value == "":
		case name == "server_no_context_takeover" && value == "":
			p.ServerNoContextTakeover = true
		case name == "client_no_context_takeover" && value == "":
			p.ClientNoContextTakeover = true
		case name == "server_max_window_bits" && isBits:
			p.ServerMaxWindowBits = n
		case name == "client_max_window_bits" && isBits:
			p.ClientMaxWindowBits = n
		default:
			t.Errorf("%q in the extensions %q", s, extensions)
		}
	}
	return p, true
}

// wantAgreed checks what both ends say that was agreed.
func wantAgreed(t *testing.T, p peer, s *wsconn.Socket, f foreign, want deflate.Params) {
	t.Helper()
	ours := s.Extensions()
	if got, agreed := paramsIn(t, ours); got != want || !agreed {
		t.Errorf("agreed on %q, want %v", ours, want)
	}
	if r, ok := f.(*remote); ok && r.extensions != ours {
		t.Errorf("%s has %q for what was agreed, we have %q", p.name, r.extensions, ours)
	}
}

// pairs are windows of the server and of the client: each of the sizes at both
// ends, and next to another one.
var pairs = [][2]int{{15, 15}, {8, 8}, {9, 14}, {14, 9}, {10, 13}, {13, 10}, {11, 12}, {12, 11}, {8, 15}, {15, 8}}

// agreements of compression that a peer can keep to, with us on a side.
func (p peer) params(side side) (all []deflate.Params) {
	for i, windows := range pairs {
		theirs := windows[0]
		if side == server {
			theirs = windows[1]
		}
		if i > 0 && !p.windows || theirs < p.minWindow {
			continue
		}
		for mix := range 4 {
			if i > 0 && mix%2 != i%2 {
				continue // half of them will do
			}
			params := deflate.Params{
				ServerNoContextTakeover: mix&1 != 0, ClientNoContextTakeover: mix&2 != 0,
				ServerMaxWindowBits: windows[0], ClientMaxWindowBits: windows[1],
			}
			if mix == 3 || p.takeover == eitherAlone || mix == 0 && p.takeover == bothOrNone {
				all = append(all, params)
			}
		}
	}
	return all
}

// options are those of an end that wants exactly this.
func options(p deflate.Params) *deflate.Options {
	return &deflate.Options{
		Threshold:               -1,
		ServerNoContextTakeover: p.ServerNoContextTakeover, ClientNoContextTakeover: p.ClientNoContextTakeover,
		ServerMaxWindowBits: p.ServerMaxWindowBits, ClientMaxWindowBits: p.ClientMaxWindowBits,
	}
}

// plainAndCompressed runs a test without compression, and with what a peer can
// best.
func plainAndCompressed(t *testing.T, p peer, side side, test func(t *testing.T, speak ends)) {
	t.Run("plain", func(t *testing.T) { test(t, ends{}) })
	t.Run("compressed", func(t *testing.T) {
		both := terms{compression: options(p.params(side)[0])}
		test(t, ends{both, both})
	})
}

// eachAgreement runs a test for everything that can be agreed with a peer, on both
// sides.
func eachAgreement(t *testing.T, test func(t *testing.T, p peer, s *wsconn.Socket, f foreign, c agreement)) {
	eachPeer(t, func(t *testing.T, p peer, side side) {
		for i, params := range p.params(side) {
			t.Run(params.String(), func(t *testing.T) {
				both := terms{compression: options(params)}
				s, f := meet(t, p, side, socket, ends{both, both})
				unlimited(f)
				test(t, p, s, f, agreement{params, side, i})
			})
		}
	})
}

// agreement is one of a peer's.
type agreement struct {
	deflate.Params
	side   side // ours
	number int
}

// Messages of all kinds there and back.
func TestCompression(t *testing.T) {
	eachAgreement(t, func(t *testing.T, p peer, s *wsconn.Socket, f foreign, c agreement) {
		wantAgreed(t, p, s, f, c.Params)
		echoed := echo(t, testnet.Bounded(t), f)
		wantWindows(t, s, c.side, c.Params)
		wantEchoes(t, s, compressible(), c.number)
		wantEchoes(t, s, compressible(), c.number+1)
		if c.number == 0 {
			wantLargeEchoes(t, s)
		}
		s.Close()
		<-echoed
	})
}
