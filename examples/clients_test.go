package examples_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// serve is a server for the clients among the examples.
func serve(t *testing.T, handler func(*wsconn.Socket)) (url string) {
	t.Helper()
	sockets := &wsconn.Server{Handler: handler}
	server := httptest.NewServer(sockets)
	t.Cleanup(func() {
		server.Close()
		ctx, cancel := patient()
		defer cancel()
		if err := sockets.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
	return "ws" + strings.TrimPrefix(server.URL, "http")
}

// answer sends something back for each message.
func answer(how func([]byte) []byte) func(*wsconn.Socket) {
	return func(s *wsconn.Socket) {
		for {
			typ, p, err := s.ReadMessage(context.Background())
			if err != nil {
				return
			}
			s.WriteMessage(context.Background(), typ, how(p))
		}
	}
}

func testRoundtrip(t *testing.T, e example) {
	url := serve(t, answer(func(p []byte) []byte { return p }))
	p := e.start(t, "-url", url, "-n", "3", "-pause", "1ms")
	p.wantExit(t, 0)
	p.stdout.await(t, `^(ping [0-9.]+[µmn]?s, message [0-9.]+[µmn]?s\n){3}pings: shortest [0-9.]+[µmn]?s, average [0-9.]+[µmn]?s\n$`)

	p = e.start(t, "-url", serve(t, answer(bytes.ToUpper)))
	p.wantExit(t, 1)
	p.stderr.await(t, "does not echo")
}

func testPipe(t *testing.T, e example) {
	t.Run("both ways", func(t *testing.T) { testPipePair(t, e) })
	t.Run("cut", func(t *testing.T) { testPipeCut(t, e) })
	t.Run("fails", func(t *testing.T) { testPipeFails(t, e) })
	t.Run("peers", func(t *testing.T) { testPipePeers(t, e) })
}

// startPair starts two pipes that are connected.
func startPair(t *testing.T, e example, flags ...string) (server, client *program) {
	t.Helper()
	server = e.start(t, "-listen", "127.0.0.1:0")
	url := server.stderr.await(t, `listening on (\S+)\n`)[1]
	return server, e.start(t, append(flags, "-url", url)...)
}

// The end of one direction does not end the other.
func testPipePair(t *testing.T, e example) {
	server, client := startPair(t, e)
	io.WriteString(server.stdin, "from the server")
	server.stdin.Close()
	client.stdout.await(t, "from the server")

	const size = 1 << 20
	if _, err := io.Copy(client.stdin, testnet.NewSource(1, size)); err != nil {
		t.Fatal(err)
	}
	client.stdin.Close()
	client.wantExit(t, 0)
	server.wantExit(t, 0)
	got := []byte(server.stdout.String())
	if err := testnet.Check(got, 1, 0); err != nil || len(got) != size {
		t.Errorf("%d bytes arrive, %v", len(got), err)
	}
}

// What is cut is not complete, whichever end it was.
func testPipeCut(t *testing.T, e example) {
	for _, killed := range []string{"server", "client"} {
		t.Run(killed, func(t *testing.T) {
			victim, other := startPair(t, e)
			if killed == "client" {
				victim, other = other, victim
			}
			io.WriteString(victim.stdin, "the beginning")
			other.stdout.await(t, "the beginning")
			victim.cmd.Process.Kill()
			other.wantExit(t, 1)
		})
	}
}

// Input that cannot be sent is an error at both ends.
func testPipeFails(t *testing.T, e example) {
	server, client := startPair(t, e, "-text")
	io.WriteString(client.stdin, "text, and then \xff")
	for _, p := range []*program{server, client} {
		p.wantExit(t, 1)
	}
	client.stderr.await(t, "not UTF-8")
	server.stderr.await(t, "the input failed")
}

// Peers that know no half-close, as those of other libraries.
func testPipePeers(t *testing.T, e example) {
	for _, tt := range []struct {
		name, flag string
		typ        wsconn.MessageType
		code       frames.CloseCode // of the peer
		ends       bool             // the input, before the peer closes
		exit       int
	}{
		{"done", "-text=false", wsconn.Binary, frames.CloseNormalClosure, true, 0},
		{"done, in text", "-text", wsconn.Text, frames.CloseNormalClosure, true, 0},
		{"done too early", "-text", wsconn.Text, frames.CloseNormalClosure, false, 1},
		{"failed", "-text=false", wsconn.Binary, frames.CloseInternalError, true, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ended := make(chan struct{}) // the input, if it ends
			url := serve(t, func(s *wsconn.Socket) {
				typ, p, err := s.ReadMessage(context.Background())
				<-ended
				if typ != tt.typ || err != nil {
					t.Errorf("%v %q, %v", typ, p, err)
				}
				s.WriteMessage(context.Background(), typ, append([]byte("answer to "), p...))
				s.CloseWith(tt.code, "")
			})
			p := e.start(t, tt.flag, "-url", url)
			io.WriteString(p.stdin, "question")
			if tt.ends {
				p.stdin.Close()
				p.stderr.await(t, "waiting for it to close")
			}
			close(ended)
			p.wantExit(t, tt.exit)
			if got := p.stdout.String(); got != "answer to question" {
				t.Errorf("the program prints %q", got)
			}
		})
	}
}

func testHeartbeat(t *testing.T, e example) {
	sockets, ends := make(chan *wsconn.Socket, 3), make(chan error, 3)
	url := serve(t, func(s *wsconn.Socket) {
		s.WriteMessage(context.Background(), wsconn.Text, []byte("welcome"))
		sockets <- s
		_, _, err := s.ReadMessage(context.Background())
		ends <- err
	})
	relay, err := testnet.NewRelay(strings.TrimPrefix(url, "ws://"), testnet.Toxic{}, testnet.Toxic{})
	if err != nil {
		t.Fatal(err)
	}
	defer relay.Close()
	p := e.start(t, "-url", "ws://"+relay.Addr(), "-interval", "1s", "-timeout", "1s", "-longest", "100ms")

	p.stdout.await(t, "^connected\nwelcome\n")
	testnet.Take(t, "the first socket", sockets)
	silence := testnet.Toxic{Timeout: -1}
	relay.Set(silence, silence)
	p.stdout.await(t, "welcome\nno sign of life for .*next attempt in")
	relay.Set(testnet.Toxic{}, testnet.Toxic{})
	p.stdout.await(t, "next attempt in .*connected\nwelcome\n")
	testnet.Take(t, "the second socket", sockets).CloseWith(frames.CloseServiceRestart, "upgrade")
	p.stdout.await(t, "closed by the server: 1012 upgrade; next.*connected\nwelcome\n")
	testnet.Take(t, "the third socket", sockets)
	wantInterrupted(t, p, ends)

	members := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "members only", http.StatusForbidden)
	}))
	defer members.Close()
	p = e.start(t, "-url", members.URL)
	p.wantExit(t, 1) // it would not help to ask again
	p.stderr.await(t, "403")
}
