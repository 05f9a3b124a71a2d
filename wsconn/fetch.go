package wsconn

import (
	"errors"
	"net"
	"os"
	"time"

	"github.com/wsstream/wsstream/internal/wait"
)

// fetching is how the read-ahead reads a transport that it must not wake: a
// deadline that is not the user's might ruin it, or it knows none.
type fetching struct {
	hurry wait.Deadline // ends the wait for the fetch
	fetch *fetch        // in flight; nil without one
	// refusal is what a transport says that knows no read deadlines. It works
	// without.
	refusal error
}

// newFetching returns nil for a transport that is read ahead without. It takes
// the read deadline of the handshake away.
func newFetching(t *transport) *fetching {
	refusal := t.SetReadDeadline(time.Time{})
	if refusal == nil && survivesDeadline(t.base()) {
		return nil
	}
	return &fetching{refusal: refusal}
}

// fetch is a read that goes on when the read-ahead makes room for the application,
// and whoever reads next gets what it brings.
type fetch struct {
	buf  *buffer
	r, w int // what it has brought and nobody has taken is buf[r:w]
	err  error
	done chan struct{} // closed when the above is there
}

func newFetch(conn net.Conn, buf *buffer) *fetch {
	f := &fetch{buf: buf, done: make(chan struct{})}
	go func() {
		defer close(f.done)
		f.w, f.err = conn.Read(f.buf.b)
	}()
	return f
}

// fetches reports whether the next read is that of a fetch.
func (r *reader) fetches() bool {
	f := r.in.fetching
	return f != nil && (f.fetch != nil || r.purpose == forReadAhead)
}

// readFetch reads what a fetch brings. The read-ahead waits for it until
// somebody else wants to.
func (r *reader) readFetch() (n int, err error) {
	all := r.in.fetching
	if all.fetch == nil {
		all.fetch = newFetch(&r.s.t, r.bufs.Get().(*buffer))
	}
	f := all.fetch
	if r.purpose != forReadAhead {
		<-f.done
	} else if !all.hurry.Wait(f.done, nil) {
		return 0, os.ErrDeadlineExceeded
	}
	n = copy(r.space(), f.buf.b[f.r:f.w])
	if f.r += n; n > 0 {
		return n, nil
	}
	all.fetch = nil
	f.buf.release()
	return 0, f.err
}

// discard reads the transport once for nobody.
func (r *reader) discard(scratch []byte) (err error) {
	all := r.in.fetching
	if all == nil || all.fetch == nil {
		_, err = r.s.t.Read(scratch)
		return err
	}
	f := all.fetch
	<-f.done
	all.fetch = nil
	if err = f.err; errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil // Close has woken it
	}
	return err
}
