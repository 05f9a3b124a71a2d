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

	measured time.Time // when the speed was last looked at, or the first byte came
	given    int64     // credit since then
}

func newWindow() window { return window{size: initialWindow, credit: initialWindow} }

// received takes note of n bytes from the peer. It returns false if that are
// more than it may send.
func (w *window) received(n int64, b *budget, now time.Time) bool {
	if n > w.credit {
		return false
	}
	if w.measured.IsZero() {
		w.measured = now
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

// free is how much of the window has been read and not been given again.
func (w *window) free() int64 { return w.size - w.credit - w.buffered }

// longPath is a round trip that takes so long that it pays to tell the peer
// often: what is free and not given again is missing in each of them.
const longPath = 5 * time.Millisecond

// due reports whether so much is free that the peer should be told: half of the
// window, or an eighth on a long path.
func (w *window) due(rtt time.Duration) bool {
	if rtt > longPath {
		return w.free() >= w.size/8
	}
	return w.free() >= w.size/2
}

// grant returns by how much more the peer may send from now on: nothing until
// that is due, and nothing while the session holds too much. A window that is
// too small for its stream doubles, up to most: each half of it that is given
// tells its speed.
func (w *window) grant(most int64, b *budget, now time.Time, rtt time.Duration) int64 {
	free := w.free()
	if !w.due(rtt) || b.full() {
		return 0
	}
	if w.given += free; w.given >= w.size/2 {
		if more := min(w.size, most-w.size); more > 0 && w.tooSmall(w.given, now, rtt) && b.grow(more) {
			w.size += more
			free += more
		}
		w.given, w.measured = 0, now
	}
	w.credit += free
	return free
}

// tooSmall reports whether a sender that is given n bytes for those it has sent
// since the last time would have to wait for more: if its reader keeps up, and
// less than two round trips at this speed fit into the window. A window that is
// larger than that is of no use, and pushes the data out of the processor's
// cache. Without a round trip time nothing is known yet, and a burst of more
// than a byte a nanosecond says nothing of the link.
func (w *window) tooSmall(n int64, now time.Time, rtt time.Duration) bool {
	took := now.Sub(w.measured)
	return rtt > 0 && w.buffered <= w.size/4 && int64(took) > n &&
		float64(w.size)*float64(took) < 2*float64(n)*float64(rtt)
}

// release gives back what the stream had of the session's memory.
func (w *window) release(b *budget) {
	b.grown -= w.size - initialWindow
	b.buffered -= w.buffered
	*w = window{}
}
