package wsconn

import (
	"os"
	"sync"
	"time"

	"github.com/wsstream/wsstream/internal/wait"
)

// purpose is for whom the transport is read.
type purpose byte

const (
	forNobody      purpose = iota
	forApplication         // by its Read or ReadMessage, until its deadline
	forReadAhead           // because the application does not read
	forLinger              // after Close
)

// inlet is the first station of incoming bytes above the transport, as the
// outlet is the last of outgoing ones, and the only place that sets read
// deadlines on it. The deadline is the application's while that reads; the
// read-ahead and the linger know none, but the read-ahead ends at once when the
// application wants to read itself.
type inlet struct {
	t        *transport
	deadline wait.Deadline // the application's
	fetching *fetching     // nil for a transport that goes on after a read deadline

	mu      sync.Mutex
	wanted  int32 // how many of the application's calls wait for the reader
	reading purpose
	ended   bool    // by a local Close: what is left belongs to the linger
	applied instant // the deadline that is set on the transport
}

// enter is called before a read of the transport, and leave after it. The error
// is that of a deadline.
func (in *inlet) enter(p purpose) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	var at time.Time
	switch {
	case in.ended && p != forLinger, in.wanted > 0 && p == forReadAhead:
		return os.ErrDeadlineExceeded
	case p == forApplication:
		at = in.deadline.Get()
	case p == forReadAhead && in.fetching != nil:
		in.fetching.hurry.Set(at)
	}
	in.reading = p
	in.apply(at)
	return nil
}

func (in *inlet) leave() {
	in.mu.Lock()
	in.reading = forNobody
	in.mu.Unlock()
}

// busy reports whether somebody is inside a read of the transport.
func (in *inlet) busy() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.reading != forNobody
}

// move sets the application's deadline, also for a read in progress.
func (in *inlet) move(t time.Time) error {
	in.deadline.Set(t)
	in.mu.Lock()
	defer in.mu.Unlock()
	switch {
	case in.reading == forApplication:
		return in.apply(in.deadline.Get())
	case in.fetching != nil:
		return in.fetching.refusal
	}
	return nil
}

// want counts calls of the application that wait for the reader.
func (in *inlet) want(calls int32) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.wanted += calls
	if in.wanted > 0 && in.reading == forReadAhead {
		if in.fetching == nil {
			in.apply(wait.Past)
		} else {
			in.fetching.hurry.Set(wait.Past)
		}
	}
}

// end wakes whoever reads, for good.
func (in *inlet) end() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.ended = true
	if in.fetching != nil {
		in.fetching.hurry.Set(wait.Past)
	}
	in.apply(wait.Past)
}

// apply brings the transport's read deadline to t. It is called with the mutex
// held.
func (in *inlet) apply(t time.Time) error {
	if !in.applied.set(t) {
		return nil
	}
	return in.t.SetReadDeadline(t)
}
