package wsconn

import (
	"context"
	"encoding/binary"
	"io"
	"sync"
	"time"

	"github.com/wsstream/wsstream/frames"
)

// Ping sends a Ping frame (RFC 6455 section 5.5.2) and waits for its Pong, until
// ctx ends. It returns the round trip time: from when the frame was handed to
// the transport, so on a busy link earlier bytes are part of it. Calls at the
// same time do not disturb each other. Nobody has to read for it; but a Pong
// behind more data than the read-ahead holds comes only when the application
// reads.
//
// The error is the cause of ctx, or what has ended the connection.
func (s *Socket) Ping(ctx context.Context) (rtt time.Duration, err error) {
	if err := s.cannotPing(); err != nil {
		return 0, s.opError("ping", err)
	}
	p := s.pings.begin(true)
	defer s.pings.forget(p.id)
	s.sendPing(p.id)
	s.attend()
	select {
	case <-p.done:
		if p.err == io.EOF {
			p.err = s.machine.CloseReceived()
		}
		return p.rtt, s.opError("ping", p.err)
	case <-ctx.Done():
		return 0, s.opError("ping", context.Cause(ctx))
	case <-s.closing.local.Done():
		return 0, s.opError("ping", errLocalClose)
	}
}

// cannotPing returns why no Ping can be sent. After half a close one can.
func (s *Socket) cannotPing() error {
	if s.closing.local.Given() {
		return errLocalClose
	}
	err := s.writer.failure()
	if s.stream().halfClose && err == errLocalClose {
		return nil
	}
	return err
}

// sendPing queues the Ping of a probe.
func (s *Socket) sendPing(id uint64) {
	s.writer.enqueue(newControl(frames.Ping, binary.BigEndian.AppendUint64(nil, id)))
}

// probe is a Ping on its way.
type probe struct {
	id   uint64        // its payload
	sent time.Time     // when it was handed to the transport
	done chan struct{} // closed when rtt or err is there; nil for the keepalive's, for which nobody waits
	rtt  time.Duration
	err  error
	next *probe
}

// probes are the Pings whose Pongs have not come, and what the others have
// shown. Their payloads are numbers, so that a Pong says which one it answers;
// a peer may answer only the newest of several (RFC 6455 section 5.5.3).
type probes struct {
	mu    sync.Mutex
	last  uint64
	first *probe // of those that wait, by id
	over  *error // why nothing will be answered any more

	rtt, smoothed, shortest time.Duration
}

// begin makes a probe. Somebody waits for it, or nobody does.
func (ps *probes) begin(awaited bool) *probe {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.last++
	p := &probe{id: ps.last}
	if awaited {
		p.done = make(chan struct{})
	}
	if ps.over != nil {
		p.finish(0, *ps.over)
		return p
	}
	*ps.find(p.id) = p
	return p
}

// find returns where the probe with this id is, or the end. It is called with the
// mutex held.
func (ps *probes) find(id uint64) **probe {
	at := &ps.first
	for *at != nil && (*at).id != id {
		at = &(*at).next
	}
	return at
}

// finish is called with the mutex held.
func (p *probe) finish(rtt time.Duration, err error) {
	p.rtt, p.err = rtt, err
	if p.done != nil {
		close(p.done)
	}
}

// sent takes note that all Pings made so far are about to leave, or were
// overtaken by the one that is.
func (ps *probes) sent() {
	now := time.Now()
	ps.mu.Lock()
	defer ps.mu.Unlock()
	for p := ps.first; p != nil; p = p.next {
		if p.sent.IsZero() {
			p.sent = now
		}
	}
}

// answered takes the payload of a Pong. One that answers nothing is harmless:
// it is a peer's sign of life (RFC 6455 section 5.5.3).
func (ps *probes) answered(payload []byte) {
	now := time.Now()
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if len(payload) != 8 {
		return
	}
	last := *ps.find(binary.BigEndian.Uint64(payload))
	if last == nil || last.sent.IsZero() {
		return
	}
	rtt := now.Sub(last.sent)
	ps.note(rtt)
	for ps.first != last.next {
		ps.first.finish(rtt, nil)
		ps.first = ps.first.next
	}
}

// note takes a round trip into the figures.
func (ps *probes) note(rtt time.Duration) {
	first := ps.rtt == 0
	ps.rtt = max(rtt, 1) // a clock may be too coarse to see it
	if first {
		ps.smoothed, ps.shortest = ps.rtt, ps.rtt
		return
	}
	ps.smoothed += (ps.rtt - ps.smoothed) / 8
	ps.shortest = min(ps.shortest, ps.rtt)
}

// forget takes a probe back that nobody waits for any more.
func (ps *probes) forget(id uint64) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if at := ps.find(id); *at != nil {
		*at = (*at).next
	}
}

// pending reports whether the probe with this id has not been answered.
func (ps *probes) pending(id uint64) bool {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return *ps.find(id) != nil
}

// fail ends all waiting.
func (ps *probes) fail(err error) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.over != nil {
		return
	}
	ps.over = &err
	for ; ps.first != nil; ps.first = ps.first.next {
		ps.first.finish(0, err)
	}
}

// made returns how many there have been.
func (ps *probes) made() int64 {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return int64(ps.last)
}

// times returns the last, the smoothed and the shortest round trip.
func (ps *probes) times() (rtt, smoothed, shortest time.Duration) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return ps.rtt, ps.smoothed, ps.shortest
}
