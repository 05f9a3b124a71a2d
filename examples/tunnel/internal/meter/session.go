package meter

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/wsstream/wsstream/mux"
)

const (
	pingInterval = 5 * time.Second
	pingTimeout  = 15 * time.Second
)

// link is what has to be known of a [mux.Session].
type link interface {
	Ping(context.Context) (time.Duration, error)
	Stats() mux.Stats
	RemoteAddr() net.Addr
	Err() error
}

// session is one that is up.
type session struct {
	name  string
	since time.Time
	link  link

	mu      sync.Mutex
	pinged  time.Time     // when the last ping went
	pinging bool          // it is under way
	waiting time.Time     // since when there was no answer; zero if the last ping has one
	rtt     time.Duration // of the last answer; zero if there was none
}

// lost reports whether the session has ended otherwise than by the will of one of
// the ends.
func (n *session) lost() bool {
	err := n.link.Err()
	return err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, mux.ErrEnded)
}

// due reports whether it is time for a ping, which then is under way.
func (n *session) due(now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.pinging || !n.pinged.IsZero() && now.Sub(n.pinged) < pingInterval {
		return false
	}
	n.pinging, n.pinged = true, now
	if n.waiting.IsZero() {
		n.waiting = now
	}
	return true
}

// ping waits for the answer.
func (n *session) ping(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	rtt, err := n.link.Ping(ctx)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pinging = false
	if err == nil {
		n.rtt, n.waiting = rtt, time.Time{}
	}
}

// roundTrip is that of the last ping, or for how long there has been no answer,
// if that is longer: a link that hangs is not to look like a quick one.
func (n *session) roundTrip(now time.Time) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.waiting.IsZero() {
		return n.rtt
	}
	return max(n.rtt, now.Sub(n.waiting))
}
