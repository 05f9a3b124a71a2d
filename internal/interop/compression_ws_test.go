package interop

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/wsstream/wsstream/deflate"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// wishes are what the two ends wish for one direction, the server's or the
// client's. The bits are those of deflate.Options: 0 says nothing, negative that
// it is not supported.
type wishes struct {
	ourFresh, theirFresh bool
	ourBits, theirBits   int
}

func (w wishes) String() string {
	return fmt.Sprintf("we %t %d they %t %d", w.ourFresh, w.ourBits, w.theirFresh, w.theirBits)
}

// allWishes are all that ws and this library can wish for.
func allWishes() (all []wishes) {
	bits := []int{0, -1, 8, 9, 10, 11, 12, 13, 14, 15}
	for _, ourBits := range bits {
		for _, theirBits := range bits {
			for fresh := range 4 {
				all = append(all, wishes{fresh&1 != 0, fresh&2 != 0, ourBits, theirBits})
			}
		}
	}
	return all
}

// limited says whether bits are a limit, which has to be agreed to.
func limited(bits int) bool { return bits > 0 && bits < 15 }

// agreed returns what becomes of wishes that can be reconciled.
func (w wishes) agreed() (fresh bool, bits int) {
	bits = 15
	for _, b := range []int{w.ourBits, w.theirBits} {
		if b > 0 {
			bits = min(bits, b)
		}
	}
	return w.ourFresh || w.theirFresh, bits
}

// A server of ws's that has a limit of its own declines whoever asks for less.
var (
	serverAgrees = map[side]func(wishes) bool{
		client: func(w wishes) bool {
			return !limited(w.ourBits) || w.theirBits == 0 || 0 < w.theirBits && w.theirBits <= w.ourBits
		},
		server: func(w wishes) bool { return w.ourBits >= 0 || !limited(w.theirBits) },
	}
	clientAgrees = map[side]func(wishes) bool{
		client: func(w wishes) bool {
			return w.theirBits <= 0 || w.ourBits >= 0 && (!limited(w.ourBits) || w.theirBits <= w.ourBits)
		},
		server: func(w wishes) bool { return !limited(w.ourBits) || w.theirBits >= 0 },
	}
)

// both makes options of the wishes for both directions.
func both(ofServer, ofClient wishes) ends {
	return ends{
		terms{compression: &deflate.Options{
			Threshold:               -1,
			ServerNoContextTakeover: ofServer.ourFresh, ServerMaxWindowBits: ofServer.ourBits,
			ClientNoContextTakeover: ofClient.ourFresh, ClientMaxWindowBits: ofClient.ourBits,
		}},
		terms{compression: &deflate.Options{
			ServerNoContextTakeover: ofServer.theirFresh, ServerMaxWindowBits: ofServer.theirBits,
			ClientNoContextTakeover: ofClient.theirFresh, ClientMaxWindowBits: ofClient.theirBits,
		}},
	}
}

// Everything that this library and ws can wish for, against each other: what is
// agreed, and that both compress with that.
func TestNodeCompressionMatrix(t *testing.T) {
	p := startWS(t)
	bothSides(t, func(t *testing.T, side side) {
		serverOK, serverNot := split(1, serverAgrees[side])
		clientOK, clientNot := split(2, clientAgrees[side])
		for i := range max(len(serverOK), len(clientOK)) { // each is there
			testAgreement(t, p, side, serverOK[i%len(serverOK)], clientOK[i%len(clientOK)])
		}
		for i, w := range serverNot {
			testDisagreement(t, p, side, w, clientOK[i%len(clientOK)])
		}
		for i, w := range clientNot {
			testDisagreement(t, p, side, serverOK[i%len(serverOK)], w)
		}
	})
}

// split returns all wishes that can be agreed to, and all others, in no order.
func split(seed uint64, agrees func(wishes) bool) (ok, not []wishes) {
	all := allWishes()
	for _, i := range rand.New(rand.NewPCG(seed, 0)).Perm(len(all)) {
		if w := all[i]; agrees(w) {
			ok = append(ok, w)
		} else {
			not = append(not, w)
		}
	}
	return ok, not
}

func testAgreement(t *testing.T, p peer, side side, ofServer, ofClient wishes) {
	t.Run(fmt.Sprintf("server: %v, client: %v", ofServer, ofClient), func(t *testing.T) {
		var want deflate.Params
		want.ServerNoContextTakeover, want.ServerMaxWindowBits = ofServer.agreed()
		want.ClientNoContextTakeover, want.ClientMaxWindowBits = ofClient.agreed()
		s, f := meet(t, p, side, socket, both(ofServer, ofClient))
		said := want
		if side == client && ofClient.theirBits < 0 {
			said.ClientMaxWindowBits = 15 // ws does not take up our hint, to which we keep all the same
		}
		wantAgreed(t, p, s, f, said)
		echoed := echo(t, testnet.Bounded(t), f)
		wantWindows(t, s, side, want)
		wantEcho(t, s, message{typ: wsconn.Text}, (*wsconn.Socket).WriteMessage)
		s.Close()
		<-echoed
	})
}

// A server of ws's refuses a client altogether, one of ours goes on without
// compression.
func testDisagreement(t *testing.T, p peer, side side, ofServer, ofClient wishes) {
	t.Run(fmt.Sprintf("not server: %v, client: %v", ofServer, ofClient), func(t *testing.T) {
		s, f, err := tryMeet(t, p, side, socket, both(ofServer, ofClient))
		if side == client {
			if refused, ok := errors.AsType[*wsconn.HandshakeError](err); !ok || refused.Status != 400 {
				t.Errorf("DialSocket: %v, want a *HandshakeError with status 400", err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		wantPlain(t, s, f)
	})
}

// wantPlain checks that nothing is compressed.
func wantPlain(t *testing.T, s *wsconn.Socket, f foreign) {
	t.Helper()
	if ours := s.Extensions(); ours != "" {
		t.Errorf("agreed on %q, want nothing", ours)
	}
	if r, ok := f.(*remote); ok && r.extensions != "" {
		t.Errorf("the peer has %q for what was agreed, want nothing", r.extensions)
	}
	echoed := echo(t, testnet.Bounded(t), f)
	m := message{typ: wsconn.Text, data: jsonLines(2 << 10)}
	sent, received := wantEcho(t, s, m, (*wsconn.Socket).WriteMessage)
	if size := int64(len(m.data)); sent < size || received < size {
		t.Errorf("%d bytes went and %d came for messages of %d", sent, received, size)
	}
	s.Close()
	<-echoed
}
