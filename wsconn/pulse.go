package wsconn

import (
	"sync/atomic"
	"time"
)

// pulse is what a transport shows of the other end at a moment. Times count
// from the start of the connection.
type pulse struct {
	received time.Duration // when the last byte came
	got      uint64        // how many bytes have come so far
	acked    time.Duration // when the other end last took note of something
	taken    uint64        // how many bytes it has taken so far
	unsent   int           // how many it has been sent, or is to be, and has not taken
	queued   bool          // some of those have not left yet: they wait for it
}

// stamps keep the pulse of a transport that has none to be asked for: one that
// is not TCP, or a system that does not tell. The methods of nil do nothing.
type stamps struct {
	start          time.Duration // since epoch
	received, sent atomic.Int64
	got, taken     atomic.Uint64
}

func (s *stamps) read(n int) {
	if n > 0 && s != nil {
		s.received.Store(int64(sinceEpoch() - s.start))
		s.got.Add(uint64(n))
	}
}

func (s *stamps) wrote(n int) {
	if n > 0 && s != nil {
		s.sent.Store(int64(sinceEpoch() - s.start))
		s.taken.Add(uint64(n))
	}
}

// feel returns the pulse now. Without a better source, to take bytes is to
// make room for them in this end's own queue.
func (t *transport) feel() pulse {
	kept, blocked := t.out.backlog()
	var p pulse
	if st := t.out.stamps; st == nil {
		p, _ = t.tcpPulse()
	} else {
		p.received, p.acked = time.Duration(st.received.Load()), time.Duration(st.sent.Load())
		p.got, p.taken = st.got.Load(), st.taken.Load()
	}
	p.unsent += kept
	p.queued = p.queued || blocked
	return p
}
