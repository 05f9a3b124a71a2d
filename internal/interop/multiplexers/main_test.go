package multiplexers_test

import (
	"io"
	"net"
	"net/http/httptest"
	"testing"

	yamux "github.com/libp2p/go-yamux/v5"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
	"github.com/wsstream/wsstream/wsconn"
)

func TestMain(m *testing.M) { testnet.Main(m) }

// carriers are the connections that sessions stand on.
var carriers = []struct {
	name string
	make func(t *testing.T) (client, server net.Conn)
}{
	{"tcp", func(t *testing.T) (net.Conn, net.Conn) { return testnet.TCPPair(t) }},
	{"ws", webSocket},
}

func webSocket(t *testing.T) (client, server net.Conn) {
	listener := wsconn.NewListener(nil)
	web := httptest.NewServer(listener)
	t.Cleanup(web.Close)
	c, err := wsconn.Dial(t.Context(), web.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Terminate() })
	if server, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.(*wsconn.Conn).Terminate() })
	return c, server
}

// each runs test with a session of ours and one of libp2p's at its other end, in
// either role.
func each(t *testing.T, cfg mux.Config, test func(t *testing.T, s *mux.Session, other *yamux.Session)) {
	for _, c := range carriers {
		for _, role := range []string{"client", "server"} {
			t.Run(c.name+"/our "+role, func(t *testing.T) {
				testnet.CheckLeaks(t)
				a, b := c.make(t)
				ours, theirs := mux.Client, yamux.Server
				if role == "server" {
					ours, theirs = mux.Server, yamux.Client
				}
				s, err := ours(a, &cfg)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { s.Close() })
				quiet := yamux.DefaultConfig()
				quiet.LogOutput = io.Discard
				other, err := theirs(b, quiet, nil)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { other.Close() })
				test(t, s, other)
			})
		}
	}
}

// pair returns the ends of a stream that either end opens: ours first.
func pair(t *testing.T, s *mux.Session, other *yamux.Session, ours bool) (*mux.Stream, *yamux.Stream) {
	t.Helper()
	if ours {
		st, err := s.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p, err := other.AcceptStream()
		if err != nil {
			t.Fatal(err)
		}
		return st, p
	}
	p, err := other.OpenStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return c.(*mux.Stream), p
}

// empty waits until neither end knows of a stream.
func empty(t *testing.T, s *mux.Session, other *yamux.Session) {
	t.Helper()
	testnet.Poll(t, "the end of all streams", func() bool {
		st := s.Stats()
		return st.Streams == 0 && st.Buffered == 0 && st.Grown == 0 && other.NumStreams() == 0
	})
	if err := s.Err(); err != nil {
		t.Error(err)
	}
}
