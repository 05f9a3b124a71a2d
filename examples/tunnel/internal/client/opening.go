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
// written as if it had been: Read waits for the answer first, and the end of what
// is written waits for that as well. If the server has not taken the stream, the
// request is repeated, with all that went along.
type opening struct {
	granted func()                      // is called when the answer is here
	again   func() (*mux.Stream, error) // repeats the request, and waits for the answer
	giveUp  func()                      // ends that
	settled chan struct{}               // closed when there is an answer, or will be none

	mu      sync.Mutex
	st      *mux.Stream
	sent    []byte // before the answer
	repeats bool   // the request, or has: nothing more goes before the answer
	aborted bool
	failure error // why there is no answer
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

// await waits for the answer, to the request or to its repetition.
func (o *opening) await() error {
	st := o.stream()
	_, err := wire.ReadAnswer(st)
	_, refused := errors.AsType[*wire.Refusal](err)
	switch {
	case err == nil:
		st.SetReadDeadline(time.Time{})
		o.granted()
		return nil
	case !refused && o.mayRepeat(err):
		st.Reset()
		return o.repeat()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("the server has not answered within %v", answerTimeout)
	}
	return err
}

// mayRepeat decides whether a request that has failed with err is repeated: nothing
// that went along may have reached the target. From then on nothing more goes along.
func (o *opening) mayRepeat(err error) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.repeats = !o.aborted && (errors.Is(err, mux.ErrRefused) || len(o.sent) == 0)
	return o.repeats
}

// repeat sends the request and what went along once more.
func (o *opening) repeat() error {
	st, err := o.again()
	if err != nil {
		return err
	}
	o.granted()
	o.mu.Lock()
	o.st = st
	sent, aborted := o.sent, o.aborted
	o.mu.Unlock()
	if aborted {
		st.Reset()
	}
	_, err = st.Write(sent)
	return err
}

// settle tells who waits how the request has been answered.
func (o *opening) settle(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failure, o.sent = err, nil
	close(o.settled)
}

// Write sends p along with the request as long as there is room for it.
func (o *opening) Write(p []byte) (int, error) {
	st := o.early(p)
	if st != nil {
		n, err := st.Write(p)
		if err == nil {
			return n, nil
		}
		<-o.settled
		switch {
		case o.failure != nil:
			return 0, o.failure
		case o.repeats: // p was among that
			return len(p), nil
		}
		return n, err
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
	if o.isSettled() || o.repeats || len(o.sent)+len(p) > earlyLimit {
		return nil
	}
	o.sent = append(o.sent, p...)
	return o.st
}

func (o *opening) closeWrite() error {
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

func (o *opening) isSettled() bool {
	select {
	case <-o.settled:
		return true
	default:
		return false
	}
}
