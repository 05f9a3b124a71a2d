package wsconn

import (
	"slices"

	"github.com/wsstream/wsstream/frames"
)

// writeMessages sends p as messages of at most size bytes each, or as one if
// size is 0, an empty one if p is empty. n counts whole messages, also one
// that a deadline cut: the rest of that one is on its way.
func (w *writer) writeMessages(op frames.Opcode, rsv frames.RSV, p []byte, size int) (n int, err error) {
	if size == 0 || size > len(p) {
		size = len(p)
	}
	if err := w.acquire(); err != nil {
		return 0, err
	}
	defer w.release()
	w.used.Store(true)
	for {
		m, cut, err := w.writeSome(op, rsv, p[n:], size)
		n += m
		switch {
		case err != nil:
			return n, w.broken(err)
		case n == len(p):
			return n, nil
		case cut:
			return n, w.cutReason()
		}
		if err := w.border(); err != nil {
			return n, err
		}
	}
}

// writeSome sends the first messages of p at once, if the transport takes them so.
// cut says that the deadline came: n then counts what is kept.
func (w *writer) writeSome(op frames.Opcode, rsv frames.RSV, p []byte, size int) (n int, cut bool, err error) {
	switch {
	case w.vectored(p, size):
		return w.writeVectors(op, rsv, p, size)
	case size > batchSize:
		return w.writeLarge(op, rsv, p[:min(size, len(p))])
	}
	buf := getBuffer(len(p))
	defer buf.release()
	b, wire := buf.b[:0], 0
	for {
		message := p[n:min(n+size, len(p))]
		if wire > 0 && len(b)+frames.MaxHeaderSize+len(message) > len(buf.b) {
			break
		}
		h, err := w.s.machine.Send(op, rsv, true)
		if err != nil {
			return 0, false, sendError(err)
		}
		b = appendFrame(b, h, message)
		n += len(message)
		if wire == 0 {
			wire = len(b)
		}
		if n == len(p) || !w.s.t.exact() {
			break
		}
	}
	return w.sendBatch(b, n, wire, size)
}

// sendBatch writes b, frames of wire bytes that carry size bytes each and
// payload in all; the last one may be shorter.
func (w *writer) sendBatch(b []byte, payload, wire, size int) (n int, cut bool, err error) {
	err = w.send(b, frameCount(payload, size))
	return w.batchSent(len(b), payload, wire, size, err)
}

// frameCount is how many frames have so much payload, of size bytes each.
func frameCount(payload, size int) int { return max(1, (payload+size-1)/max(size, 1)) }

// batchSent says how a batch of total bytes ended, as sendBatch has them.
func (w *writer) batchSent(total, payload, wire, size int, err error) (n int, cut bool, _ error) {
	if err != nil {
		if !w.s.t.exact() {
			return 0, false, err
		}
		return min(w.s.t.out.took()/wire*size, payload), false, err
	}
	if !w.s.t.out.pending() {
		return payload, false, nil
	}
	if !w.s.t.exact() || payload == 0 {
		return payload, true, nil
	}
	count := frameCount(payload, size)
	begun := min((w.s.t.out.took()+wire-1)/wire, count)
	w.unsend(total-min(begun*wire, total), count-begun)
	return min(begun*size, payload), true, nil
}

// writeLarge sends p as one frame that is too large for one buffer, piece by
// piece. After a cut the outlet keeps the remaining pieces, so that the frame
// becomes whole.
func (w *writer) writeLarge(op frames.Opcode, rsv frames.RSV, p []byte) (n int, cut bool, err error) {
	h, err := w.s.machine.Send(op, rsv, true)
	if err != nil {
		return 0, false, sendError(err)
	}
	h.Length = int64(len(p))
	if h.Masked {
		h.Key = newKey()
	}
	buf := getBuffer(batchSize)
	defer buf.release()
	b, begins := frames.AppendHeader(buf.b[:0], h), 1
	for n < len(p) {
		piece := p[n:min(n+batchSize, len(p))]
		b = appendPayload(b, h, piece, int64(n))
		if err := w.send(b, begins); err != nil {
			return 0, false, err
		}
		begins = 0
		if n == 0 && w.s.t.exact() && w.s.t.out.pending() && w.s.t.out.took() == 0 {
			w.unsend(len(b), 1)
			return 0, true, nil
		}
		n += len(piece)
		b = buf.b[:0]
	}
	return n, w.s.t.out.pending(), nil
}

// writeFragment sends p as one frame of a message, of at most batchSize bytes.
// sent is true once the frame is on its way, which the deadline does not undo.
func (w *writer) writeFragment(op frames.Opcode, p []byte, fin bool) (sent bool, err error) {
	if err := w.acquire(); err != nil {
		return false, err
	}
	defer w.release()
	w.used.Store(true)
	h, err := w.s.machine.Send(op, 0, fin)
	if err != nil {
		return false, sendError(err)
	}
	buf := getBuffer(len(p))
	defer buf.release()
	if err := w.send(appendFrame(buf.b[:0], h, p), 1); err != nil {
		return true, w.broken(err)
	}
	return true, nil
}

// writeFrame sends a message that is a frame already. As for writeMessages, one
// that a deadline cut is on its way.
func (w *writer) writeFrame(m *form) error {
	if err := w.acquire(); err != nil {
		return err
	}
	defer w.release()
	w.used.Store(true)
	if _, err := w.s.machine.Send(m.typ, m.rsv, true); err != nil {
		return sendError(err)
	}
	_, err := w.sendMessage(m.frame, len(m.payload))
	return err
}

// sendMessage sends one frame with so much payload.
func (w *writer) sendMessage(frame []byte, payload int) (n int, err error) {
	n, cut, err := w.sendBatch(frame, payload, len(frame), payload)
	switch {
	case err != nil:
		return n, w.broken(err)
	case cut && n < payload:
		return n, w.cutReason()
	}
	return n, nil
}

// tryFrame is writeFrame if nobody writes and nothing waits. What the transport
// does not take at once follows in the background.
func (w *writer) tryFrame(m *form) bool {
	if !w.lock.TryLock() {
		return false
	}
	defer w.release()
	w.flushControls()
	if w.s.t.out.pending() || w.failure() != nil || w.s.closing.local.Given() {
		return false
	}
	if _, err := w.s.machine.Send(m.typ, m.rsv, true); err != nil {
		return false
	}
	w.used.Store(true)
	w.s.t.out.setPatience(never)
	err := w.send(m.frame, 1)
	w.s.t.out.setPatience(untilDeadline)
	if err != nil {
		w.fail(truncation(err))
	}
	return err == nil
}

// appendFrame appends a whole frame to dst, masked with a fresh key if the
// header says so.
func appendFrame(dst []byte, h frames.Header, payload []byte) []byte {
	h.Length = int64(len(payload))
	if h.Masked {
		h.Key = newKey()
	}
	return appendPayload(frames.AppendHeader(dst, h), h, payload, 0)
}

// appendPayload appends payload, which begins at offset in its frame: copied
// and masked in one pass.
func appendPayload(dst []byte, h frames.Header, payload []byte, offset int64) []byte {
	start := len(dst)
	if !h.Masked {
		return append(dst, payload...)
	}
	dst = slices.Grow(dst, len(payload))[:start+len(payload)]
	frames.Mask(dst[start:], payload, h.Key, offset)
	return dst
}

// sendError translates what the machine refuses: the one refusal that a user
// can cause is writing after the Close frame.
func sendError(err error) error {
	if err == frames.ErrSentClose {
		return errLocalClose
	}
	return err
}
