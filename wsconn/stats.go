package wsconn

import (
	"sync/atomic"
	"time"
)

// Stats is what a connection knows of itself at one moment. Times are those of
// this end's clock, sizes are bytes.
type Stats struct {
	// RTT is the last round trip of a Ping and its Pong, SmoothedRTT their
	// moving average (RFC 6298's: each new one weighs an eighth) and MinRTT
	// the shortest. The time that a Ping waited for its turn here does not
	// count; on a busy link that behind earlier bytes does. Zero before the
	// first Pong.
	RTT, SmoothedRTT, MinRTT time.Duration

	// LastInbound is when the last byte came, below TLS where that can be
	// seen, or when the connection was made.
	LastInbound time.Time

	// PingsSent counts the Pings of this end, its keepalive's included.
	PingsSent int64

	// BytesRead and BytesWritten count the bytes of frames, headers included,
	// before TLS; FramesRead and FramesWritten those frames, of all kinds.
	// What the transport has not sent yet counts as written.
	BytesRead, BytesWritten   int64
	FramesRead, FramesWritten int64

	// Ahead is how many bytes of payload the read-ahead holds: what came
	// while the application was not reading.
	Ahead int

	// Slow says that there is more to read than the read-ahead holds: the
	// application does not keep up. The peer is told by unsolicited Pongs
	// that this end is alive.
	Slow bool
}

// counters are the parts of [Stats] that are counted where it happens.
type counters struct {
	bytesRead, bytesWritten   atomic.Int64
	framesRead, framesWritten atomic.Int64
	controlRead               atomic.Int64 // those of control frames among bytesRead
}

// Stats returns figures about the connection: see [Stats].
func (c *Conn) Stats() Stats { return c.s.Stats() }

// Stats returns figures about the connection: see [Stats].
func (s *Socket) Stats() Stats {
	st := Stats{
		LastInbound:   s.watch.lastInbound(),
		BytesRead:     s.count.bytesRead.Load(),
		BytesWritten:  s.count.bytesWritten.Load(),
		FramesRead:    s.count.framesRead.Load(),
		FramesWritten: s.count.framesWritten.Load(),
		Ahead:         int(s.reader.aheadBytes.Load()),
		Slow:          s.watch.slow.Load(),
	}
	st.PingsSent = s.pings.made()
	st.RTT, st.SmoothedRTT, st.MinRTT = s.pings.times()
	return st
}
