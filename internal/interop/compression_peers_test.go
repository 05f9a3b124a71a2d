package interop

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

type opts = deflate.Options

// What most of them agree on.
const (
	nothing = ""
	whole   = "permessage-deflate"
	fresh   = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
)

// differing are ends that do not want the same, peer by peer, and what comes of
// it: ws has all of them in TestNodeCompressionMatrix.
var differing = map[string][]struct {
	name         string
	side         side // ours
	ours, theirs opts
	want         string // what was agreed
	err          string // of DialSocket
}{
	"websockets": {
		{
			"a window of the server's", client, opts{ServerMaxWindowBits: 10}, opts{ServerMaxWindowBits: 12},
			"permessage-deflate; server_max_window_bits=10", "",
		},
		{
			"a window of the server's, larger", client, opts{ServerMaxWindowBits: 14}, opts{ServerMaxWindowBits: 12},
			"permessage-deflate; server_max_window_bits=12", "",
		},
		{
			"a window of the client's", client, opts{ClientMaxWindowBits: 14}, opts{ClientMaxWindowBits: 9},
			"permessage-deflate; client_max_window_bits=9", "",
		},
		{"a window of the client's, not offered", client, opts{ClientMaxWindowBits: -1}, opts{ClientMaxWindowBits: 9}, whole, ""},
		{
			"all asked of a client", server, opts{ClientMaxWindowBits: 9, ClientNoContextTakeover: true}, opts{},
			"permessage-deflate; client_no_context_takeover; client_max_window_bits=9", "",
		},
		{
			"all asked of a server", server, opts{}, opts{ServerMaxWindowBits: 9, ServerNoContextTakeover: true},
			"permessage-deflate; server_no_context_takeover; server_max_window_bits=9", "",
		},
	},
	"gorilla": {
		{"nothing asked", client, opts{}, opts{}, fresh, ""},
		{"nothing asked", server, opts{}, opts{}, fresh, ""},
		{"a window, which is ignored", client, opts{ServerMaxWindowBits: 10}, opts{}, nothing, "server_max_window_bits=10"},
		{"a window of our own", client, opts{ClientMaxWindowBits: 10}, opts{}, fresh, ""},
		{"a window, which is not offered", server, opts{ClientMaxWindowBits: 10}, opts{}, nothing, ""},
	},
	"coder": {
		{"nothing asked", client, opts{}, opts{}, whole, ""},
		{"a window, which is declined", client, opts{ServerMaxWindowBits: 10}, opts{}, nothing, ""},
		{"a window of our own", client, opts{ClientMaxWindowBits: 10}, opts{}, whole, ""},
		{"no takeover of the server's", client, opts{ServerNoContextTakeover: true}, opts{}, "permessage-deflate; server_no_context_takeover", ""},
		{"no takeover of the client's", server, opts{ClientNoContextTakeover: true}, opts{}, "permessage-deflate; client_no_context_takeover", ""},
		{"a window of the server's", server, opts{ServerMaxWindowBits: 10}, opts{}, "permessage-deflate; server_max_window_bits=10", ""},
	},
	"gobwas": {
		{"nothing asked", client, opts{}, opts{}, fresh, ""},
		{"nothing asked", server, opts{}, opts{}, fresh, ""},
		{"a window, which is declined", client, opts{ServerMaxWindowBits: 10}, opts{}, nothing, ""},
		{"a window, which is not offered", server, opts{ClientMaxWindowBits: 10}, opts{}, nothing, ""},
	},
	"gws": {
		{
			"a larger window than it was asked for", client, opts{ServerMaxWindowBits: 10}, opts{ServerMaxWindowBits: 12},
			nothing, "server_max_window_bits=10",
		},
		{"no word of the window it was asked for", client, opts{ServerMaxWindowBits: 10}, opts{}, nothing, "server_max_window_bits=10"},
		{
			"a window that was not offered", client, opts{ClientMaxWindowBits: -1}, opts{ClientMaxWindowBits: 12},
			nothing, "client_max_window_bits was not offered",
		},
		{
			"a smaller window", client, opts{ServerMaxWindowBits: 12, ClientMaxWindowBits: 12}, opts{ServerMaxWindowBits: 10, ClientMaxWindowBits: 10},
			"permessage-deflate; server_max_window_bits=10; client_max_window_bits=10", "",
		},
		{
			"a window of ours that it is not asked about", client, opts{ClientMaxWindowBits: 9}, opts{ClientMaxWindowBits: 12},
			"permessage-deflate; client_max_window_bits=12", "",
		},
		{"a window of the client's", server, opts{ClientMaxWindowBits: 9}, opts{}, "permessage-deflate; client_max_window_bits=9", ""},
		{"no takeover of the client's", server, opts{ClientNoContextTakeover: true}, opts{}, "permessage-deflate; client_no_context_takeover", ""},
	},
}

// Ends that do not want the same agree on what both can, or on nothing, or the
// client refuses an answer that does not keep to what it has asked for.
func TestCompressionOfDifferingEnds(t *testing.T) {
	for _, peer := range peers {
		t.Run(peer.name, func(t *testing.T) {
			p := peer.start(t)
			for _, tt := range differing[p.name] {
				t.Run("our "+string(tt.side)+"/"+tt.name, func(t *testing.T) {
					s, f, err := tryMeet(t, p, tt.side, socket, ends{terms{compression: &tt.ours}, terms{compression: &tt.theirs}})
					if tt.err != "" {
						wantRefusedReply(t, err, tt.err)
						return
					}
					if err != nil {
						t.Fatal(err)
					}
					unlimited(f)
					if tt.want == nothing {
						wantPlain(t, s, f)
						return
					}
					want, _ := paramsIn(t, tt.want)
					wantAgreed(t, p, s, f, want)
					echoed := echo(t, testnet.Bounded(t), f)
					wantEchoes(t, s, compressible(), 0)
					s.Close()
					<-echoed
				})
			}
		})
	}
}

// wantRefusedReply checks the error of a client that was not answered what it
// had asked for.
func wantRefusedReply(t *testing.T, err error, text string) {
	t.Helper()
	if refused, ok := errors.AsType[*wsconn.HandshakeError](err); !ok || refused.Status != http.StatusSwitchingProtocols || !strings.Contains(refused.Error(), text) {
		t.Errorf("DialSocket: %v, want a *HandshakeError with status 101 and %q in it", err, text)
	}
}
