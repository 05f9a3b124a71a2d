package interop

import "testing"

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

func TestNodeSubprotocol(t *testing.T) {
	for _, test := range agreements {
		t.Run("our client/"+test.name, func(t *testing.T) {
			s, n := meetNode(t, client, socket, subprotocols{test.client, test.server})
			wantSubprotocol(t, "ws", n.await("open").Subprotocol, test.want)
			wantSubprotocol(t, "wsconn", s.Subprotocol(), test.want)
		})
		t.Run("our server/"+test.name, func(t *testing.T) {
			s, n := meetNode(t, server, socket, subprotocols{test.server, test.client})
			wantSubprotocol(t, "wsconn", s.Subprotocol(), test.want)
			if test.client != nil && test.want == "" {
				n.await("error") // ws does not go on without what it offered
				return
			}
			wantSubprotocol(t, "ws", n.await("open").Subprotocol, test.want)
		})
	}
}

func TestLibrarySubprotocol(t *testing.T) {
	for _, test := range agreements {
		t.Run(test.name, func(t *testing.T) {
			eachLibrary(t, func(t *testing.T, lib library, side side) {
				speak := subprotocols{test.client, test.server}
				if side == server {
					speak = subprotocols{test.server, test.client}
				}
				s, f := meetLibrary(t, lib, side, socket, speak)
				wantSubprotocol(t, lib.name, f.Subprotocol(), test.want)
				wantSubprotocol(t, "wsconn", s.Subprotocol(), test.want)
			})
		})
	}
}

func wantSubprotocol(t *testing.T, who, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s says the subprotocol is %q, want %q", who, got, want)
	}
}
