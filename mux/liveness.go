package mux

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsstream/wsstream/internal/option"
	"github.com/wsstream/wsstream/wsconn"
)

// pulse watches over a connection that does not do so itself. Life is any byte
// that comes, and any that the connection takes while a ping waits for its turn.
type pulse struct {
	received atomic.Int64 // bytes

	mu         sync.Mutex
	stopped    bool
	timer      *time.Timer
	seen, sent int64     // at the last look
	life       time.Time // when there was the last new sign, as far as looks tell
	asked      time.Time // when the peer was sent a ping; zero if it has not been
}

// heard takes note of bytes from the peer.
func (s *Session) heard(n int) { s.pulse.received.Add(int64(n)) }

// watch begins to watch, unless the connection has a keepalive.
func (s *Session) watch() {
	if _, own := s.conn.(*wsconn.Conn); own || s.interval == 0 {
		return
	}
	p := &s.pulse
	p.mu.Lock()
	defer p.mu.Unlock()
	p.life = time.Now()
	p.timer = time.AfterFunc(s.interval, s.look)
	if p.stopped {
		p.timer.Stop()
	}
}

func (p *pulse) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	if p.timer != nil {
		p.timer.Stop()
	}
}

// look is what the timer calls.
func (s *Session) look() {
	dead := s.lookOnce()
	if dead != nil {
		dead.RTT = s.Stats().RTT
		s.lose(dead)
	}
}

func (s *Session) lookOnce() *wsconn.KeepAliveError {
	p, now := &s.pulse, time.Now()
	received, sent := p.received.Load(), s.out.sent.Load()
	p.mu.Lock()
	defer p.mu.Unlock()
	moves := received != p.seen || !p.asked.IsZero() && sent != p.sent && s.out.writing.Load()
	mute := sent == p.sent && !s.out.writing.Load()
	p.seen, p.sent = received, sent
	switch {
	case p.stopped:
	case moves:
		p.life, p.asked = now, time.Time{}
		if mute {
			// Whoever sends so much that its pings wait behind it is to hear
			// something, too: once in an interval, which two looks are.
			go s.askPeer()
		}
		p.timer.Reset(s.interval / 2)
	case p.asked.IsZero() && now.Sub(p.life) < s.interval:
		p.timer.Reset(s.interval - now.Sub(p.life))
	case p.asked.IsZero():
		p.asked = now
		go s.askPeer()
		p.timer.Reset(option.Or(s.timeout, s.interval))
	case s.timeout == 0:
		p.asked = time.Time{}
		p.timer.Reset(1)
	default:
		return &wsconn.KeepAliveError{Since: p.life, Silent: now.Sub(p.life)}
	}
	return nil
}

// askPeer sends a ping whose answer is a sign of life like any other byte.
func (s *Session) askPeer() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over() == nil {
		s.ping()
	}
}
