package wsconn_test

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/wsstream/wsstream/wsconn"
)

// A handler may panic: net/http ends that one connection and goes on. So does
// the listener, with all the room that it had.
func TestPanicInAuthorizeTakesNoRoom(t *testing.T) {
	const panics = 3
	var calls atomic.Int64
	s := serve(t, overTCP, &wsconn.AcceptOptions{Backlog: -1, BacklogWait: -1, Authorize: func(*http.Request) (any, error) {
		if calls.Add(1) <= panics {
			panic(http.ErrAbortHandler) // the one that net/http does not log
		}
		return nil, nil
	}})
	for range panics {
		if _, err := s.dial(t); err == nil {
			t.Fatal("Dial: no error, though AcceptOptions.Authorize panicked")
		}
	}
	client := s.mustDial(t)
	if got := calls.Load(); got != panics+1 {
		t.Errorf("Authorize was called %d times, want %d", got, panics+1)
	}
	s.mustServe(t, client)
}
