package mux

import "time"

// Stats is what a session knows of itself at one moment. Sizes are bytes.
type Stats struct {
	Streams int // open now, of both ends
	Pending int // of those, opened by the peer and waiting for Accept

	// BytesRead and BytesWritten count data, read by the application and put on
	// its way.
	BytesRead, BytesWritten int64

	Buffered int64 // data that waits to be read
	Grown    int64 // by how much windows have grown, in sum

	// Stalls counts how often a Write has found its stream's window used up: the
	// peer's reader is slower than the link, or its window is too small for it.
	Stalls int64

	// Refused counts streams of the peer that were reset because there were too
	// many.
	Refused int64

	RTT time.Duration // of the last ping; zero if there was none
}

// counters are the parts of [Stats] that are only counted. They are guarded by
// the session's mutex.
type counters struct {
	bytesRead, bytesWritten int64
	stalls, refused         int64
}

// Stats returns figures about the session: see [Stats].
func (s *Session) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{
		Streams:      len(s.streams),
		Pending:      s.pending,
		BytesRead:    s.count.bytesRead,
		BytesWritten: s.count.bytesWritten,
		Buffered:     s.budget.buffered,
		Grown:        s.budget.grown,
		Stalls:       s.count.stalls,
		Refused:      s.count.refused,
		RTT:          s.probes.rtt,
	}
}
