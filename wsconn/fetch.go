package wsconn

import (
	"errors"
	"os"
)

// fetch is a read of a transport that the read-ahead must not wake: a deadline
// that is not the user's might ruin it, or it knows none. It goes on when the
// read-ahead makes room for the application, and whoever reads next gets what it
// brings.
type fetch struct {
	buf  *buffer
	r, w int // what it has brought and nobody has taken is buf[r:w]
	err  error
	done chan struct{} // closed when the above is there
}

func (t *transport) fetch(buf *buffer) *fetch {
	f := &fetch{buf: buf, done: make(chan struct{})}
	go func() {
		defer close(f.done)
		f.w, f.err = t.Read(f.buf.b)
	}()
	return f
}

// fetches reports whether the next read is that of a fetch.
func (r *reader) fetches() bool {
	return r.fetch != nil || r.purpose == forReadAhead && r.in.hurry != nil
}

// readFetch reads what a fetch brings. The read-ahead waits for it until
// somebody else wants to.
func (r *reader) readFetch() (n int, err error) {
	if r.fetch == nil {
		r.fetch = r.s.t.fetch(r.bufs.Get().(*buffer))
	}
	f := r.fetch
	if r.purpose != forReadAhead {
		<-f.done
	} else if !r.in.hurry.Wait(f.done, nil) {
		return 0, os.ErrDeadlineExceeded
	}
	n = copy(r.space(), f.buf.b[f.r:f.w])
	if f.r += n; n > 0 {
		return n, nil
	}
	r.fetch = nil
	f.buf.release()
	return 0, f.err
}

// discard reads the transport once for nobody.
func (r *reader) discard(scratch []byte) (err error) {
	if f := r.fetch; f != nil {
		<-f.done
		r.fetch = nil
		if err = f.err; errors.Is(err, os.ErrDeadlineExceeded) {
			err = nil // Close has woken it
		}
		return err
	}
	_, err = r.s.t.Read(scratch)
	return err
}
