package wsconn

import (
	"fmt"
	"time"

	"github.com/wsstream/wsstream/internal/option"
)

// KeepAlive says how a connection finds out that its other end is gone. The
// zero value means the defaults: such a peer is noticed after at most 25
// seconds, also while nobody reads or writes.
//
// A peer that has been silent for Interval is sent a Ping, and given up when
// Timeout passes after it without a sign of life: every call then fails with a
// [*KeepAliveError], and the transport is cut. A sign of life is any byte that
// comes, counted below TLS where the transport allows it, even one of a frame
// that takes minutes. So is, while the Ping waits behind other data, that the
// peer takes some of it: on Linux that TCP's acknowledgements come, elsewhere
// that a blocked Write makes progress. A slow link is not a broken one.
//
// Nor does a slow application break it. While this end's does not read, some
// of what comes is read ahead so that Pings are answered; if that is not
// enough, the peer is sent a Pong now and then, which no Ping asked for (RFC
// 6455 section 5.5.3). A peer of this library does the same, and says in the
// handshake of [Dial] and [Accept] how often it needs that. About any other
// peer there is one thing that this end cannot know: one whose system takes
// everything while its application does not read for longer than Interval and
// Timeout looks like one that has stopped, and is given up. Where the system
// does not tell of acknowledgements, so are two ends that both write and neither
// of which reads, for as long.
//
// After the machine or the process has been asleep the peer is asked before it
// is judged.
type KeepAlive struct {
	// Interval is the silence after which a Ping is sent. Up to a fifth of it
	// is taken off at random, so that many connections do not beat together.
	// Zero means 15 seconds; negative never sends one and never gives up.
	// Below a second, a busy machine may look like a dead one.
	Interval time.Duration

	// Timeout is how long the peer may stay silent after the Ping. Zero means
	// 10 seconds; negative sends Pings, which keeps NATs and proxies from
	// forgetting the connection, and never gives up.
	Timeout time.Duration
}

func (k KeepAlive) withDefaults() KeepAlive {
	return KeepAlive{
		Interval: option.Or(k.Interval, defaultKeepAliveInterval),
		Timeout:  option.Or(k.Timeout, defaultKeepAliveTimeout),
	}
}

// promise is the Timeout that this end tells the peer, or zero if it gives
// nobody up.
func (k KeepAlive) promise() time.Duration {
	if k.Interval == 0 {
		return 0
	}
	return k.Timeout
}

// KeepAliveError says that the peer was given up: see [KeepAlive]. Its Timeout
// method returns true. It is neither io.EOF nor [net.ErrClosed] nor
// [os.ErrDeadlineExceeded], which much code takes for something that may
// happen.
type KeepAliveError struct {
	// Since is when the peer last showed life, and Silent how long that was
	// before it was given up.
	Since  time.Time
	Silent time.Duration

	// RTT is the last round trip that was measured; zero if none was.
	RTT time.Duration

	// Unsent is how many bytes the peer has not acknowledged, on Linux, or
	// else how many the transport has not taken.
	Unsent int
}

// Error says what was silent, and for how long.
func (e *KeepAliveError) Error() string {
	rtt := "no round trip was ever measured"
	if e.RTT > 0 {
		rtt = fmt.Sprintf("the last round trip took %v", e.RTT)
	}
	return fmt.Sprintf("keepalive: no sign of life from the peer for %v, not even after a Ping (%s, %d bytes were not acknowledged): the link is broken or the peer stopped, connect again",
		e.Silent.Round(time.Millisecond), rtt, e.Unsent)
}

// Timeout returns true, for [net.Error].
func (e *KeepAliveError) Timeout() bool { return true }

// Temporary returns false, for [net.Error]: the connection is gone.
func (e *KeepAliveError) Temporary() bool { return false }
