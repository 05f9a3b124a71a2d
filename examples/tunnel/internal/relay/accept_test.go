package relay_test

import (
	"errors"
	"log/slog"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/relay"
)

var discard = slog.New(slog.DiscardHandler)

// listener accepts what it was given, errors among it.
type listener struct {
	net.Listener
	next chan func() (net.Conn, error)
}

func (l listener) Accept() (net.Conn, error) { return (<-l.next)() }

func TestAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listener{next: make(chan func() (net.Conn, error), 10)}
		some, other := net.Pipe()
		fails := func() (net.Conn, error) { return nil, errors.New("too many open files") }
		comes := func() (net.Conn, error) { return some, nil }
		for _, f := range []func() (net.Conn, error){fails, fails, comes, fails, comes} {
			l.next <- f
		}
		var handled sync.WaitGroup
		handled.Add(2)
		finish, returned := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(returned)
			relay.Accept(l, discard, func(c net.Conn) {
				handled.Done()
				<-finish
				c.Close()
			})
		}()
		begun := time.Now()
		handled.Wait() // at the same time
		if waited := time.Since(begun); waited != 300*time.Millisecond {
			t.Errorf("three errors took %v", waited)
		}
		l.next <- func() (net.Conn, error) { return nil, &net.OpError{Op: "accept", Err: net.ErrClosed} }
		synctest.Wait()
		select {
		case <-returned:
			t.Error("Accept has not waited for what it had handed out")
		default:
		}
		close(finish)
		<-returned
		other.Close()
	})
}
