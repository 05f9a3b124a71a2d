package deflate

// window holds the last bytes of one direction's plain text: what the next
// message may refer back to (RFC 7692 section 7.2.1). It is a ring that grows
// with what has gone through it, so that a connection with little to say holds
// little.
type window struct {
	buf   []byte
	next  int // where the oldest byte is, and the next one goes, once buf is full
	limit int // bytes it may hold

	share *share // that its memory is taken from; nil: there is enough
}

// smallestWindow is what a window begins with, in bytes.
const smallestWindow = 512

// len returns how many bytes there are to refer to.
func (w *window) len() int { return len(w.buf) }

// write takes in p as the latest bytes.
func (w *window) write(p []byte) {
	w.grow(min(len(w.buf)+len(p), w.limit))
	size := cap(w.buf)
	p = p[max(len(p)-size, 0):]
	n := min(size-len(w.buf), len(p))
	w.buf = append(w.buf, p[:n]...)
	p = p[n:]
	for len(p) > 0 {
		n := copy(w.buf[w.next:], p)
		p = p[n:]
		if w.next += n; w.next == len(w.buf) {
			w.next = 0
		}
	}
}

// grow makes room for n bytes in all, or for fewer if the share does not allow as
// many. It never takes more than the limit, which append, rounding up, would.
func (w *window) grow(n int) {
	if n <= cap(w.buf) {
		return
	}
	size := max(cap(w.buf), smallestWindow)
	for size < n {
		size *= 2
	}
	size = min(size, w.limit)
	for !w.share.take(size - cap(w.buf)) {
		if size /= 2; size <= cap(w.buf) || size < smallestWindow {
			return
		}
	}
	buf := make([]byte, len(w.buf), size)
	w.copyBack(buf, len(buf))
	w.buf, w.next = buf, 0
}

// forget empties the window and gives its memory up.
func (w *window) forget() {
	w.share.give(cap(w.buf))
	w.buf, w.next = nil, 0
}

// copyBack fills dst with the bytes that begin distance bytes before the end.
// There must be as many, and dst not longer than the distance.
func (w *window) copyBack(dst []byte, distance int) {
	at := w.next + len(w.buf) - distance
	if at >= len(w.buf) {
		at -= len(w.buf)
	}
	n := copy(dst, w.buf[at:])
	copy(dst[n:], w.buf)
}
