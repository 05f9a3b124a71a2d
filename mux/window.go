package mux

import "time"

// budget is what the streams of a session share of its memory. It is guarded
// by the session's mutex.
type budget struct {
	limit    int64 // zero: none
	grown    int64 // by how much the windows of streams have grown, in sum
	buffered int64 // data that waits to be read
}

// grow takes n bytes for a window, if they are left.
func (b *budget) grow(n int64) bool {
	if b.limit > 0 && b.grown+n > b.limit {
		return false
	}
	b.grown += n
	return true
}

// full reports whether more waits to be read than should.
func (b *budget) full() bool { return b.limit > 0 && b.buffered >= b.limit }

// window is the receiving window of a stream: how much the peer may send. It
// is guarded by the session's mutex.
type window struct {
	size     int64 // what the peer may have sent without its being read
	credit   int64 // what it may send now
	buffered int64 // what has come and waits to be read

	granted time.Time // when credit was last given, or the first byte came
}

func newWindow() window { return window{size: initialWindow, credit: initialWindow} }

// received takes note of n bytes from the peer. It returns false if that are
// more than it may send.
func (w *window) received(n int64, b *budget, now time.Time) bool {
	if n > w.credit {
		return false
	}
	if w.granted.IsZero() {
		w.granted = now
	}
	w.credit -= n
	w.buffered += n
	b.buffered += n
	return true
}

// read takes note that n bytes have been read.
func (w *window) read(n int64, b *budget) {
	w.buffered -= n
	b.buffered -= n
}

// grant returns by how much more the peer may send from now on: nothing until
// half of the window is free, and nothing while the session holds too much. A
// window that is too small for its stream doubles first, up to most.
func (w *window) grant(most int64, b *budget, now time.Time, rtt time.Duration) int64 {
	free := w.size - w.credit - w.buffered
	if free < w.size/2 || b.full() {
		return 0
	}
	if more := min(w.size, most-w.size); more > 0 && w.tooSmall(free, now, rtt) && b.grow(more) {
		w.size += more
		free += more
	}
	w.credit += free
	w.granted = now
	return free
}

// tooSmall reports whether a sender that is given n bytes for those it has sent
// since the last time would have to wait for more: if its reader keeps up, and
// less than two round trips at this speed fit into the window. A window that is
// larger than that is of no use, and pushes the data out of the processor's
// cache. Without a round trip time nothing is known yet, and a burst of more
// than a byte a nanosecond says nothing of the link.
func (w *window) tooSmall(n int64, now time.Time, rtt time.Duration) bool {
	took := now.Sub(w.granted)
	return rtt > 0 && w.buffered <= w.size/4 && int64(took) > n &&
		float64(w.size)*float64(took) < 2*float64(n)*float64(rtt)
}

// release gives back what the stream had of the session's memory.
func (w *window) release(b *budget) {
	b.grown -= w.size - initialWindow
	b.buffered -= w.buffered
	*w = window{}
}
