package wsconn

// directLeast is how much payload is worth a system call that reads it to where
// the application wants it. Less is copied out of what one read has brought,
// which is more than one small frame (BenchmarkStream).
const directLeast = 64 << 10

// direct is what the application wants read into before the buffer.
type direct struct {
	p []byte // nil while it wants nothing
}

func (d *direct) wanted() bool { return d != nil && d.p != nil }

// take takes note of a read of n bytes, and returns how many are in the buffer.
func (d *direct) take(n int) int {
	if d == nil {
		return n
	}
	d.p = d.p[:min(n, len(d.p))]
	return n - len(d.p)
}

// directly reports whether the next bytes are to be read by receiveDirect.
func (r *reader) directly(p []byte) bool {
	return len(p) >= directLeast && r.s.machine.Remaining() >= directLeast && r.poll.direct()
}

// receiveDirect is receive from inside a large frame of which nothing is
// buffered. What comes behind the frame in the same system call goes into a small
// buffer.
func (r *reader) receiveDirect(p []byte) (n int, end bool, err error) {
	if r.direct == nil {
		r.direct = new(direct)
	}
	r.direct.p = p[:min(int64(len(p)), r.s.machine.Remaining())]
	err = r.fill()
	p, r.direct.p = r.direct.p, nil
	r.recycle()
	if err != nil {
		return 0, false, err
	}
	if err := r.s.machine.Payload(p, p); err != nil {
		r.fail(err)
		return 0, false, r.ended.err()
	}
	r.op, r.rsv, _ = r.s.machine.Message()
	if r.s.machine.Remaining() > 0 {
		return len(p), false, nil
	}
	r.endFrame()
	return len(p), r.messageEnd(), nil
}
