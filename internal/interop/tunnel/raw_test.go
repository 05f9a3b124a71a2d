package tunnel_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/wsstream/wsstream/internal/interop/program"
	"github.com/wsstream/wsstream/internal/testnet"
)

// half is one end of a WebSocket, as a program: ours, or another one.
type half struct {
	name string
	// start starts one that leads to an address or a URL, and returns where it
	// listens.
	start func(t *testing.T, to string) (at string, p *program.Program)
}

// rawPair is ours and another one.
type rawPair struct {
	name        string
	client      half // makes a WebSocket of each connection
	server      half // connects each WebSocket to a target
	oursIsFirst bool // ours is the client
}

// rawPairs have ours with a timeout for halves of connections.
func rawPairs(halfClose string) []rawPair {
	client := half{"ours", func(t *testing.T, url string) (string, *program.Program) {
		p := start(t, "raw", "0", url, "-half-close-timeout", halfClose)
		return p.says(`listening on (\S+)$`), p.Program
	}}
	server := half{"ours", func(t *testing.T, target string) (string, *program.Program) {
		p := start(t, "raw", "ws://127.0.0.1:0", target, "-open", "-half-close-timeout", halfClose)
		return p.says(`listening on (\S+)$`), p.Program
	}}
	return []rawPair{
		{"to websockify", client, half{"websockify", startWebsockify}, true},
		{"to ws", client, half{"ws", startWSServer}, true},
		{"from ws", half{"ws", startWSClient}, server, false},
		{"from websockets", half{"websockets", startWebsocketsClient}, server, false},
	}
}

func startWebsockify(t *testing.T, target string) (string, *program.Program) {
	at := program.FreePort(t)
	return at, program.Run(t, at, "websockify", "websockify", at, target)
}

func startWSServer(t *testing.T, target string) (string, *program.Program) {
	return startWS(t, "server", portOf(target))
}

func startWSClient(t *testing.T, url string) (string, *program.Program) {
	return startWS(t, "client", url)
}

func startWS(t *testing.T, side, to string) (string, *program.Program) {
	t.Helper()
	if _, err := os.Stat("../node_modules/ws"); err != nil {
		t.Fatalf("this test needs the npm package ws: run npm ci in internal/interop: %v", err)
	}
	return startPeer(t, "node", "peer/ws.mjs", side, to)
}

func startWebsocketsClient(t *testing.T, url string) (string, *program.Program) {
	python, err := findPython()
	if err != nil {
		t.Fatal(err)
	}
	return startPeer(t, python, "peer/client.py", "client", url)
}

// startPeer starts a script of the folder peer.
func startPeer(t *testing.T, interpreter, script, side, to string) (string, *program.Program) {
	t.Helper()
	at := program.FreePort(t)
	p := program.Start(t, "", interpreter, script, side, portOf(at), to)
	tunnel{p, t}.says("(listening)$")
	return at, p
}

// findPython returns a Python that has the package websockets: of several on a
// machine, the one of the system's packages need not be the first one.
var findPython = sync.OnceValues(func() (string, error) {
	var failed []error
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		err := exec.Command(python, "-c", "import websockets").Run()
		if err == nil {
			return python, nil
		}
		failed = append(failed, fmt.Errorf("%s: %w", python, err))
	}
	return "", fmt.Errorf("this test needs Python's websockets, on Debian python3-websockets: %w", errors.Join(failed...))
})

// connect connects through both, and returns what is at our end, what is at the
// other one's, and that program.
func (p rawPair) connect(t *testing.T) (ours, theirs conn, their *program.Program) {
	t.Helper()
	w := way{dial: func(t *testing.T, target string) (conn, error) {
		url, server := p.server.start(t, target)
		at, client := p.client.start(t, "ws://"+url+"/")
		if their = client; p.oursIsFirst {
			their = server
		}
		return dialTCP(at)
	}}
	ours, theirs = w.connect(t)
	if !p.oursIsFirst {
		ours, theirs = theirs, ours
	}
	return ours, theirs, their
}

func eachRawPair(t *testing.T, halfClose string, test func(t *testing.T, p rawPair)) {
	for _, p := range rawPairs(halfClose) {
		t.Run(p.name, func(t *testing.T) { test(t, p) })
	}
}

// some is how much goes in a direction.
const some = 8 << 20

// pour sends bytes in one direction, without an end.
func pour(from, to io.ReadWriter, seed uint64) error {
	sent := make(chan error, 1)
	go func() {
		_, err := io.Copy(from, testnet.NewSource(seed, some))
		sent <- err
	}()
	_, err := io.CopyN(testnet.NewVerifier(seed), to, some)
	if err != nil {
		return err
	}
	return <-sent
}

// wantEnd fails the test if a connection ends in another way than well, or not
// at once.
func wantEnd(t *testing.T, c io.Reader) {
	t.Helper()
	testnet.InTime(t, "the end", func() {
		if n, err := io.Copy(io.Discard, c); n != 0 || err != nil {
			t.Errorf("%d more bytes and %v, want the end", n, err)
		}
	})
}

// Bytes both ways at once; and then the end of the other program's connection is
// the end of ours.
func TestRawCarries(t *testing.T) {
	eachRawPair(t, "30s", func(t *testing.T, p rawPair) {
		ours, theirs, _ := p.connect(t)
		testnet.InTime(t, "both directions", func() {
			there := make(chan error)
			go func() { there <- pour(ours, theirs, 1) }()
			if err := errors.Join(pour(theirs, ours, 2), <-there); err != nil {
				t.Error(err)
			}
		})
		theirs.CloseWrite()
		wantEnd(t, ours)
		ours.CloseWrite()
		wantEnd(t, theirs)
	})
}

// The end at ours does not end the other direction, although the other program
// knows no half-close: all of a long reply arrives, and its end.
func TestRawHalfClose(t *testing.T) {
	eachRawPair(t, "30s", func(t *testing.T, p rawPair) {
		ours, theirs, _ := p.connect(t)
		io.WriteString(ours, "x")
		ours.CloseWrite()
		if _, err := io.ReadFull(theirs, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		testnet.InTime(t, "the reply", func() {
			if err := pour(theirs, ours, 1); err != nil {
				t.Error(err)
			}
		})
		theirs.CloseWrite()
		wantEnd(t, ours)
		wantEnd(t, theirs)
	})
}

// If nothing comes any more, the end at ours is one for the other program; whether
// its reply would have been complete nobody knows, so at ours it is not.
func TestRawHalfCloseTimeout(t *testing.T) {
	eachRawPair(t, "300ms", func(t *testing.T, p rawPair) {
		ours, theirs, _ := p.connect(t)
		ours.CloseWrite()
		wantEnd(t, theirs)
		wantReset(t, ours)
	})
}

// The other program dies while it sends.
func TestRawKilled(t *testing.T) {
	eachRawPair(t, "30s", func(t *testing.T, p rawPair) {
		ours, theirs, their := p.connect(t)
		go io.Copy(theirs, testnet.NewSource(1, 1<<40)) // until the connection is gone
		testnet.InTime(t, "the first bytes", func() {
			if _, err := io.CopyN(io.Discard, ours, some); err != nil {
				t.Error(err)
			}
		})
		their.Kill()
		wantReset(t, ours)
	})
}

// Nobody is where the server should connect to: that is no empty answer.
func TestRawRefused(t *testing.T) {
	eachRawPair(t, "30s", func(t *testing.T, p rawPair) {
		url, _ := p.server.start(t, program.FreePort(t))
		at, _ := p.client.start(t, "ws://"+url+"/")
		c, err := dialTCP(at)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		wantReset(t, c)
	})
}
