package wsconn

import (
	"testing"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
)

// A Pong may be here before the goroutine that has written its Ping goes on. It
// counts: otherwise that Ping would be waited for for ever, no other one be
// sent, and a peer that is well be given up at its next silence.
func TestPongBeforeItsPingHasReturned(t *testing.T) {
	a, b := testnet.TCPPair(t)
	u := upgraded{role: frames.Client, settings: new(DialOptions).settings()}
	u.conn = a
	client := newSocket(u)
	defer client.Terminate()
	u.conn, u.role = b, frames.Server
	server := newSocket(u)
	defer server.Terminate()
	server.attend()
	client.attend()

	client.hooks = &hooks{pinged: func() {
		testnet.Poll(t, "the Pong", func() bool {
			rtt, _, _ := client.pings.times()
			return rtt > 0
		})
	}}
	if _, err := client.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
