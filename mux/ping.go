package mux

import (
	"context"
	"time"
)

// probes are the pings of this end that have not been answered. They are
// guarded by the session's mutex.
type probes struct {
	last    uint32
	waiting map[uint32]*probe

	rtt, shortest time.Duration // the last one, and the shortest
}

type probe struct {
	sent time.Time
	rtt  time.Duration
	done chan struct{}
}

// Ping asks the peer for a sign of life and returns how long it took, from when
// the frame was queued: it overtakes data that is queued, but not what the
// connection holds. The error is the cause of ctx, or what ended the session.
func (s *Session) Ping(ctx context.Context) (time.Duration, error) {
	s.mu.Lock()
	if err := s.over(); err != nil {
		s.mu.Unlock()
		return 0, s.opError("ping", err)
	}
	id, p := s.ping()
	s.mu.Unlock()
	select {
	case <-p.done:
		if p.rtt == 0 {
			return 0, s.opError("ping", s.Err())
		}
		return p.rtt, nil
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.probes.waiting, id)
		return 0, s.opError("ping", context.Cause(ctx))
	}
}

// The methods below are called with the mutex held.

func (s *Session) ping() (uint32, *probe) {
	if s.probes.waiting == nil {
		s.probes.waiting = make(map[uint32]*probe)
	}
	s.probes.last++
	p := &probe{sent: time.Now(), done: make(chan struct{})}
	s.probes.waiting[s.probes.last] = p
	s.out.ahead(header{kind: kindPing, flags: syn, length: s.probes.last})
	return s.probes.last, p
}

// receivePing takes a ping of the peer's, or the answer to one of this end.
func (s *Session) receivePing(h header) {
	if h.flags&syn != 0 {
		if !s.out.flooded() {
			s.out.ahead(header{kind: kindPing, flags: ack, length: h.length})
		}
		return
	}
	if p := s.probes.waiting[h.length]; p != nil {
		delete(s.probes.waiting, h.length)
		p.rtt = max(time.Since(p.sent), 1) // a clock may be too coarse to see it
		s.probes.rtt = p.rtt
		if s.probes.shortest == 0 || p.rtt < s.probes.shortest {
			s.probes.shortest = p.rtt
		}
		close(p.done)
	}
}

// fail ends all waiting.
func (ps *probes) fail() {
	for _, p := range ps.waiting {
		close(p.done)
	}
	ps.waiting = nil
}
