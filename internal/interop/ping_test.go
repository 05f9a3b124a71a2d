package interop

import (
	"strings"
	"sync"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
)

// Pings of both ends, each answered while the other one does nothing but read,
// with what they carry.
func TestPings(t *testing.T) {
	eachPeer(t, func(t *testing.T, p peer, side side) {
		s, f := meet(t, p, side, socket, ends{})
		ctx := testnet.Bounded(t)
		theirs := reading(ctx, f)
		ours := make(chan error, 1)
		go func() {
			_, _, err := s.ReadMessage(ctx)
			ours <- err
		}()
		for _, data := range []string{"", "x", "κόσμε", strings.Repeat("p", 125)} {
			if err := f.Ping(ctx, data); err != nil {
				t.Errorf("their ping with %d bytes: %v", len(data), err)
			}
		}
		for range 3 {
			if rtt, err := s.Ping(ctx); rtt <= 0 || err != nil {
				t.Errorf("our ping: %v, %v", rtt, err)
			}
		}
		s.Close()
		<-theirs
		<-ours
	})
}

// The same while nobody reads on our side, which is noticed after a while: all
// peers ping at once.
func TestPingsUnread(t *testing.T) {
	ctx := testnet.Bounded(t)
	var pinging sync.WaitGroup
	for _, peer := range peers {
		p := peer.start(t)
		for _, side := range []side{client, server} {
			_, f := meet(t, p, side, stream, ends{})
			pinging.Go(func() {
				theirs := reading(ctx, f)
				if err := f.Ping(ctx, "is anybody there?"); err != nil {
					t.Errorf("%s, our %s: %v", p.name, side, err)
				}
				f.Cut()
				<-theirs
			})
		}
	}
	pinging.Wait()
}
