package interop

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// peers are the other implementations, each with a function that makes it
// ready.
var peers = []struct {
	name  string
	start func(t *testing.T) peer
}{
	{"ws", startWS},
	{"websockets", startWebsockets},
	{"gorilla", gorilla},
	{"coder", coder},
	{"gobwas", gobwas},
	{"gws", startGWS},
}

// peer is another implementation of WebSocket.
type peer struct {
	name string
	dial func(ctx context.Context, url string, terms terms) (foreign, error)

	// serve starts a server for one connection; next waits for it.
	serve func(t *testing.T, terms terms) (url string, next func() (foreign, error))

	habits
}

// habits are what a peer does otherwise than the rest of them.
type habits struct {
	// A client that does not go on without one of the subprotocols that it
	// offered, and a server that refuses a client that offers none of its own.
	strictClient, strictServer bool

	// Its Close frames always have a code.
	alwaysCode bool

	// It sends no pings and pongs before its own message is finished.
	mute bool

	deflates
}

// deflates is how far a peer's compression goes.
type deflates struct {
	takeover  takeover
	windows   bool // it has others than those of 15 bits
	minWindow int  // the least bits that it compresses with

	bufferedDeflate bool // it makes a fragment when it likes of what it compresses
	sendsPlain      bool // it can leave a message as it is: its ends are plainWriters
	plainFragments  bool // it does not compress what it sends in fragments
}

// takeover is what a peer knows of context takeover.
type takeover int

const (
	never      takeover = iota
	bothOrNone          // of the ends
	eitherAlone
)

// foreign is a connection of a peer, with the peer's own limits and defaults.
type foreign interface {
	Subprotocol() string

	// Read returns the next message. After our Close frame, which it answers,
	// the error is a *frames.CloseError made of what the peer says; after a
	// cut it may be one with code 1006.
	Read(ctx context.Context) (wsconn.MessageType, []byte, error)

	// Write sends a message.
	Write(ctx context.Context, typ wsconn.MessageType, p []byte) error

	// WriteFragment sends the next piece of a message, the first one included:
	// as a frame, if it is a large one (much is kept back by gorilla's buffer)
	// of up to 128 KiB (gws makes several of more).
	WriteFragment(ctx context.Context, typ wsconn.MessageType, p []byte, fin bool) error

	// Ping sends a ping and waits for its pong. A Read has to be going on.
	Ping(ctx context.Context, data string) error

	// Close sends a Close frame and waits for the answer, which is an error
	// if it has another code. gws does not wait.
	Close(code frames.CloseCode, reason string) error

	// Cut ends the transport without a Close frame.
	Cut() error
}

// eachPeer runs a test against every peer, on both sides.
func eachPeer(t *testing.T, test func(t *testing.T, p peer, side side)) {
	for _, peer := range peers {
		t.Run(peer.name, func(t *testing.T) {
			p := peer.start(t)
			bothSides(t, func(t *testing.T, side side) { test(t, p, side) })
		})
	}
}

// meet connects an end of ours to one of the peer's.
func meet[C ended](t *testing.T, p peer, side side, kind kind[C], speak ends) (C, foreign) {
	t.Helper()
	c, f, err := tryMeet(t, p, side, kind, speak)
	if err != nil {
		t.Fatal(err)
	}
	return c, f
}

// tryMeet is meet for ends that need not agree.
func tryMeet[C ended](t *testing.T, p peer, side side, kind kind[C], speak ends) (c C, f foreign, err error) {
	t.Helper()
	if side == client {
		url, next := p.serve(t, speak.theirs)
		if c, err = tryDial(t, kind, url, speak); err == nil {
			f, err = next()
		} else if refused, ok := errors.AsType[*wsconn.HandshakeError](err); ok && refused.Status == http.StatusSwitchingProtocols {
			if f, err := next(); err == nil {
				f.Cut() // it has a connection that we do not want
			}
		}
	} else {
		url, accepted := listen(t, kind, speak)
		f, err = p.dial(testnet.Bounded(t), url, speak.theirs)
		c = accepted()
	}
	if err == nil {
		t.Cleanup(func() { f.Cut() })
	}
	return c, f, err
}
