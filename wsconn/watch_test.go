package wsconn

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
)

// What looks after a connection may come a moment too late: it leaves the reader
// alone, and a Ping that is begun then ends at once.
func TestAttendAndProbeAfterTheEnd(t *testing.T) {
	a, b := testnet.Pipe()
	defer b.Close()
	s := newSocket(upgraded{conn: a, role: frames.Client, settings: new(DialOptions).settings()})
	s.Terminate()
	s.pings.fail(errTerminated)
	s.pings.fail(errTruncated) // too late
	s.attend()
	s.watch.look()
	if !s.reader.lock.TryLock() {
		t.Error("somebody holds the reader")
	}
	p := s.pings.begin(true)
	if <-p.done; p.err != errTerminated {
		t.Errorf("a Ping after the end: %v", p.err)
	}
	if s.pings.pending(p.id) {
		t.Error("it is waited for")
	}
}

// Pings that are never answered do not pile up.
func TestUnansweredPingsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := testnet.Pipe()
		defer b.Close()
		o := DialOptions{KeepAlive: KeepAlive{Timeout: -1}}
		s := newSocket(upgraded{conn: a, role: frames.Client, settings: o.settings()})
		defer s.Terminate()
		go io.Copy(io.Discard, b)
		time.Sleep(time.Hour)
		s.pings.mu.Lock()
		defer s.pings.mu.Unlock()
		if first := s.pings.first; first == nil || first.id != s.pings.last || first.id < 240 {
			t.Errorf("of %d pings %+v is waited for, want the last one", s.pings.last, first)
		}
	})
}
