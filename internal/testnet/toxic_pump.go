package testnet

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// maxHeld is how many bytes one direction of one connection holds at most,
// apart from the piece of maxPiece that it is reading.
const (
	maxHeld  = 2 << 20
	maxPiece = 32 << 10
)

// link is one connection of a relay: the one it accepted and the one it made.
type link struct {
	client, server *net.TCPConn
	ctx            context.Context // until it is over
	cancel         context.CancelFunc
	hits           *atomic.Int64
	limited        atomic.Bool // by LimitData: what still comes is dropped
}

func (l *link) closeWhenOver() {
	<-l.ctx.Done()
	l.client.Close()
	l.server.Close()
}

// abort makes both ends see a reset.
func (l *link) abort() {
	Abort(l.client)
	Abort(l.server)
	l.cancel()
}

// wait says whether the link was still there d later.
func (l *link) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.ctx.Done():
		return false
	}
}

// piece is what was read at once, or the end.
type piece struct {
	data []byte
	end  error // io.EOF, or how the connection was lost
	due  time.Time
}

// pump is one direction of a link. Between receive and send lies the queue, so
// that bytes which have to wait do not keep others from setting out.
type pump struct {
	*link
	src, dst *net.TCPConn
	setting  *setting
	queue    chan piece
	held     atomic.Int64  // bytes in the queue
	room     chan struct{} // says that held has become less

	// For send alone.
	passed int64     // bytes
	free   time.Time // when the bandwidth is used up no more
}

func (p *pump) init() {
	p.queue = make(chan piece, maxHeld/1024) // a bound for small pieces, whose bytes do not count
	p.room = make(chan struct{}, 1)
	if toxic, _ := p.setting.get(); toxic.Bandwidth > 0 {
		p.src.SetReadBuffer(maxPiece)
		p.dst.SetWriteBuffer(maxPiece)
	}
}

func (p *pump) receive() {
	defer close(p.queue)
	buf := make([]byte, maxPiece)
	for p.waitForRoom() {
		n, err := p.src.Read(buf)
		toxic, _ := p.setting.get()
		due := time.Now().Add(toxic.Latency)
		if n > 0 && !p.enqueue(piece{data: append([]byte(nil), buf[:n]...), due: due}) {
			return
		}
		if err != nil {
			p.enqueue(piece{end: err, due: due.Add(toxic.SlowClose)})
			return
		}
		if toxic.Latency > 0 {
			p.hits.Add(1)
		}
	}
}

// waitForRoom waits until the direction holds less than its line would, and
// says whether the link was still there then.
func (p *pump) waitForRoom() bool {
	for {
		toxic, changed := p.setting.get()
		if p.held.Load() < toxic.line() {
			return true
		}
		select {
		case <-p.room:
		case <-changed:
		case <-p.ctx.Done():
			return false
		}
	}
}

// line is how many bytes are under way at once.
func (t Toxic) line() int64 {
	if t.Bandwidth <= 0 {
		return maxHeld
	}
	return min(maxHeld, 1+int64(float64(t.Bandwidth)*t.Latency.Seconds()))
}

func (p *pump) enqueue(x piece) bool {
	p.held.Add(int64(len(x.data)))
	select {
	case p.queue <- x:
		return true
	case <-p.ctx.Done():
		return false
	}
}

func (p *pump) send() {
	for x := range p.queue {
		if !p.wait(time.Until(x.due)) || !p.hold() {
			return
		}
		if !p.pass(x) {
			p.cancel()
			return
		}
		p.held.Add(-int64(len(x.data)))
		select {
		case p.room <- struct{}{}:
		default: // it has been said
		}
	}
}

// hold waits while the direction is a black hole, and says whether the link
// was still there afterwards.
func (p *pump) hold() bool {
	began := time.Now()
	for held := false; ; held = true {
		toxic, changed := p.setting.get()
		if toxic.Timeout == 0 {
			return p.ctx.Err() == nil
		}
		if !held {
			p.hits.Add(1)
		}
		var over <-chan time.Time
		if toxic.Timeout > 0 {
			over = time.After(time.Until(began.Add(toxic.Timeout)))
		}
		select {
		case <-changed:
		case <-over:
			p.cancel()
		case <-p.ctx.Done():
		}
		if p.ctx.Err() != nil {
			return false
		}
	}
}

// pass sends x and says whether the link goes on.
func (p *pump) pass(x piece) bool {
	toxic, _ := p.setting.get()
	switch {
	case p.limited.Load():
		return true
	case x.end == io.EOF:
		if toxic.SlowClose > 0 {
			p.hits.Add(1)
		}
		p.dst.CloseWrite() // fails if dst is lost, which its reader notices
		return true
	case x.end != nil:
		p.abort()
		return false
	case toxic.ResetPeer > 0:
		p.hits.Add(1)
		if p.wait(toxic.ResetPeer) {
			p.abort()
		}
		return false
	}
	return p.passData(x.data, toxic)
}

func (p *pump) passData(data []byte, toxic Toxic) bool {
	limit := toxic.LimitData > 0 && p.passed+int64(len(data)) >= toxic.LimitData
	if limit {
		data = data[:max(0, toxic.LimitData-p.passed)]
	}
	p.passed += int64(len(data))
	for len(data) > 0 {
		part := data[:p.part(len(data), toxic)]
		data = data[len(part):]
		if !p.wait(toxic.SliceDelay) || !p.wait(p.pace(len(part), toxic.Bandwidth)) {
			return false
		}
		if _, err := p.dst.Write(part); err != nil && !p.limited.Load() {
			p.abort()
			return false
		}
	}
	if limit {
		p.hits.Add(1)
		// In this order, and dst is read until it ends: closing a socket in
		// which something lies unread would take the last bytes along.
		p.limited.Store(true)
		p.dst.CloseWrite()
		p.src.Close()
	}
	return true
}

// part is how many of n bytes are sent at once: a slice, and no more than a
// tenth of a second's worth.
func (p *pump) part(n int, toxic Toxic) int {
	whole := n
	if toxic.Slice > 0 {
		n = min(n, toxic.Slice)
	}
	if toxic.Bandwidth > 0 {
		n = min(n, max(1, toxic.Bandwidth/10))
	}
	if n < whole {
		p.hits.Add(1)
	}
	return n
}

// pace is how long n more bytes have to wait for their bandwidth. It reckons
// from when the last ones should have gone, not from when they went: so timers
// that are late do not add up.
func (p *pump) pace(n, bandwidth int) time.Duration {
	if bandwidth <= 0 {
		return 0
	}
	p.hits.Add(1)
	now := time.Now()
	if p.free.Before(now) {
		p.free = now
	}
	p.free = p.free.Add(time.Duration(n) * time.Second / time.Duration(bandwidth))
	return time.Until(p.free)
}
