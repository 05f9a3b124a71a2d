package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/relay"
	"github.com/wsstream/wsstream/examples/tunnel/internal/wire"
	"github.com/wsstream/wsstream/mux"
)

// earlyLimit is how many bytes go before the answer: one read of a connection.
const earlyLimit = 64 << 10

// opening is a stream whose request has not been answered yet. It is read and
// written as if it had been: Read waits for the answer first. If the server has
// not taken the request, that is repeated, with all that went along.
type opening struct {
	granted func()                      // is called when the answer is here
	again   func() (*mux.Stream, error) // repeats the request, and waits for the answer
	giveUp  func()                      // ends that
	settled chan struct{}               // closed when there is an answer, or will be none

	mu       sync.Mutex
	st       *mux.Stream
	sent     []byte // before the answer
	ended    bool   // what is sent has
	repeated bool   // sent goes, or went, on a second stream
	aborted  bool
	failure  error // why there is no answer
}

// end is the opening as one of two connections that are joined.
func (o *opening) end() relay.End {
	return relay.End{
		Reader: o, Writer: o,
		CloseWrite: o.closeWrite,
		Abort:      func(error) { o.abort() },
		Close:      func(context.Context) error { return o.stream().Close() },
	}
}

// Read reads the stream behind the answer.
func (o *opening) Read(p []byte) (int, error) {
	if !o.isSettled() {
		o.settle(o.await())
	}
	if o.failure != nil {
		return 0, o.failure
	}
	return o.stream().Read(p)
}

// await waits for the answer. A request is repeated if its stream was reset, since
// then it has not been taken, or if nothing went along of which something may have
// been made.
func (o *opening) await() error {
	_, err := wire.ReadAnswer(o.stream())
	_, refused := errors.AsType[*wire.Refusal](err)
	switch {
	case err == nil, refused:
		return err
	case errors.Is(err, mux.ErrReset), o.untouched():
		return o.repeat()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("the server has not answered within %v", answerTimeout)
	}
	return err
}

func (o *opening) untouched() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.sent) == 0 && !o.ended
}

// repeat sends the request and what went along once more.
func (o *opening) repeat() error {
	if o.isAborted() {
		return mux.ErrReset
	}
	st, err := o.again()
	if err != nil {
		return err
	}
	o.mu.Lock()
	o.st, o.repeated = st, true
	sent, ended, aborted := o.sent, o.ended, o.aborted
	o.mu.Unlock()
	if aborted {
		st.Reset()
		return mux.ErrReset
	}
	if _, err = st.Write(sent); err == nil && ended {
		err = st.CloseWrite()
	}
	return err
}

// settle tells who waits how the request has been answered.
func (o *opening) settle(err error) {
	if err == nil {
		o.stream().SetReadDeadline(time.Time{})
		o.granted()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failure, o.sent = err, nil
	close(o.settled)
}

// Write sends p along with the request as long as there is room for it.
func (o *opening) Write(p []byte) (int, error) {
	if st := o.early(p); st != nil {
		if err := o.outcome(writeAll(st, p)); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	<-o.settled
	if o.failure != nil {
		return 0, o.failure
	}
	return o.stream().Write(p)
}

// early returns the stream on which p goes along with the request, or nil. It
// keeps p to be repeated.
func (o *opening) early(p []byte) *mux.Stream {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.isSettled() || o.repeated || len(o.sent)+len(p) > earlyLimit {
		return nil
	}
	o.sent = append(o.sent, p...)
	return o.st
}

func writeAll(st *mux.Stream, p []byte) error {
	_, err := st.Write(p)
	return err
}

// outcome is that of what went along with the request, and has failed with err on
// the first stream: a second one may have carried it.
func (o *opening) outcome(err error) error {
	if err == nil {
		return nil
	}
	<-o.settled
	switch {
	case o.failure != nil:
		return o.failure
	case o.repeated:
		return nil
	}
	return err
}

func (o *opening) closeWrite() error {
	o.mu.Lock()
	early := !o.isSettled() && !o.repeated
	o.ended = o.ended || early
	st := o.st
	o.mu.Unlock()
	if early {
		return o.outcome(st.CloseWrite())
	}
	<-o.settled
	if o.failure != nil {
		return o.failure
	}
	return o.stream().CloseWrite()
}

func (o *opening) abort() {
	o.mu.Lock()
	o.aborted = true
	o.mu.Unlock()
	o.giveUp()
	o.stream().Reset()
}

func (o *opening) stream() *mux.Stream {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.st
}

func (o *opening) isAborted() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.aborted
}

func (o *opening) isSettled() bool {
	select {
	case <-o.settled:
		return true
	default:
		return false
	}
}
