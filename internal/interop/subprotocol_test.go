package interop

import (
	"errors"
	"testing"

	"github.com/wsstream/wsstream/wsconn"
)

// agreements are what client and server speak, and what comes out of it.
var agreements = []struct {
	name           string
	client, server []string
	want           string
}{
	{"one in common", []string{"a", "b"}, []string{"c", "b"}, "b"},
	{"none in common", []string{"a"}, []string{"b"}, ""},
	{"none offered", nil, []string{"b"}, ""},
	{"none known", []string{"a"}, nil, ""},
}

func TestSubprotocol(t *testing.T) {
	for _, test := range agreements {
		t.Run(test.name, func(t *testing.T) {
			eachPeer(t, func(t *testing.T, p peer, side side) {
				speak, refuses := speaking(test.client, test.server), p.strictServer && test.server != nil
				if side == server {
					speak, refuses = speaking(test.server, test.client), p.strictClient && test.client != nil
				}
				s, f, err := tryMeet(t, p, side, socket, speak)
				if refuses && test.want == "" {
					wantRefusal(t, p, side, err)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				wantSubprotocol(t, p.name, f.Subprotocol(), test.want)
				wantSubprotocol(t, "wsconn", s.Subprotocol(), test.want)
			})
		})
	}
}

// speaking are ends with subprotocols.
func speaking(ours, theirs []string) ends {
	return ends{terms{subprotocols: ours}, terms{subprotocols: theirs}}
}

// wantRefusal checks that a strict peer went no further; a server's answer is
// what Dial returns.
func wantRefusal(t *testing.T, p peer, side side, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s goes on without a subprotocol", p.name)
	}
	if refused := new(wsconn.HandshakeError); side == client && (!errors.As(err, &refused) || refused.Status != 400) {
		t.Errorf("Dial: %v, want a *HandshakeError with status 400", err)
	}
}

func wantSubprotocol(t *testing.T, who, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s says the subprotocol is %q, want %q", who, got, want)
	}
}
