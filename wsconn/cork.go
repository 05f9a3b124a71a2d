package wsconn

import "sync"

// corkLeast is from how many bytes of frames on crypto/tls makes several records
// of them.
const corkLeast = recordSize

// cork holds the records of one Write of crypto/tls, which hands out each by
// itself: together they leave in one system call. It is guarded by the mutex of
// its outlet.
type cork struct {
	b       []byte
	sent    int  // bytes of b that the outlet has passed on
	sending bool // and is passing some on
}

// corks have room for two full records and a small one, which is what a write of
// 32 KiB becomes. More in one system call gains nothing: the peer can decrypt while
// this end encrypts (BenchmarkStream).
var corks = sync.Pool{New: func() any { return &cork{b: make([]byte, 0, 3*recordSize)} }}

// send writes b, the bytes of frames.
func (t *transport) send(b []byte) error {
	if t.Conn == t.out || t.out.handoff || len(b) < corkLeast {
		_, err := t.Conn.Write(b)
		return err
	}
	t.out.putCork()
	_, err := t.Conn.Write(b)
	if pulled := t.out.pullCork(); err == nil {
		err = pulled
	}
	return err
}

// putCork has what is written from now on wait for pullCork.
func (o *outlet) putCork() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cork = corks.Get().(*cork)
}

// pullCork sends what has come since putCork.
func (o *outlet) pullCork() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	err := o.passCork()
	o.cork.empty()
	corks.Put(o.cork)
	o.cork = nil
	return err
}

func (c *cork) empty() { c.b, c.sent = c.b[:0], 0 }

// hold adds a record to what the cork holds, which goes ahead if that has no room.
// It is called with the mutex held, as passCork is.
func (o *outlet) hold(p []byte) (int, error) {
	c := o.cork
	if len(c.b)+len(p) > cap(c.b) && !c.sending {
		if err := o.passCork(); err != nil {
			return 0, err
		}
		c.empty()
	}
	c.b = append(c.b, p...)
	return len(p), nil
}

// passCork passes on what the cork holds, also what a key update of crypto/tls adds
// meanwhile.
func (o *outlet) passCork() (err error) {
	c := o.cork
	c.sending = true
	for c.sent < len(c.b) && err == nil {
		p := c.b[c.sent:]
		c.sent = len(c.b)
		_, err = o.pass(p)
	}
	c.sending = false
	return err
}
