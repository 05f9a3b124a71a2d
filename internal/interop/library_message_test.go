package interop

import (
	"bytes"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/wsstream/wsstream/wsconn"
)

// Every message there and back. Those over coder's default limit go one way
// only.
func TestLibraryMessages(t *testing.T) {
	eachLibrary(t, func(t *testing.T, lib library, side side) {
		s, f := meetLibrary(t, lib, side, socket, subprotocols{})
		ctx := bounded(t)
		for _, m := range messages {
			sent := make(chan error, 1)
			go func() { sent <- f.Write(ctx, m.typ, m.data) }()
			wantMessage(t, s, m.typ, m.data)
			if err := <-sent; err != nil {
				t.Fatal(err)
			}
			if len(m.data) > 32<<10 {
				continue
			}
			if err := s.WriteMessage(ctx, m.typ, m.data); err != nil {
				t.Fatal(err)
			}
			typ, p, err := f.Read(ctx)
			if err != nil || typ != m.typ || !bytes.Equal(p, m.data) {
				t.Errorf("%s: %s received %v %q, %v", m.name, lib.name, typ, p, err)
			}
		}
	})
}

// A ping of theirs, answered while we read.
func TestLibraryPings(t *testing.T) {
	eachLibrary(t, func(t *testing.T, lib library, side side) {
		s, f := meetLibrary(t, lib, side, socket, subprotocols{})
		ctx := bounded(t)
		theirs := make(chan error, 1)
		go func() {
			_, _, err := f.Read(ctx)
			theirs <- err
		}()
		ours := make(chan error, 1)
		go func() {
			_, _, err := s.ReadMessage(ctx)
			ours <- err
		}()
		if err := f.Ping(ctx); err != nil {
			t.Error(err)
		}
		s.Close()
		<-theirs
		<-ours
	})
}

// Their close(code, reason), as Conn.Read sees it, and our answer.
func TestLibraryCloses(t *testing.T) {
	eachLibrary(t, func(t *testing.T, lib library, side side) {
		for _, closing := range closings {
			c, f := meetLibrary(t, lib, side, stream, subprotocols{})
			closed := make(chan error, 1)
			go func() { closed <- f.Close(closing.Code, closing.Reason) }()
			_, err := c.Read(make([]byte, 1))
			wantClose(t, err, closing.Code, closing.Reason)
			if err := <-closed; err != nil {
				t.Errorf("close code %v: %s saw the answer %v", closing.Code, lib.name, err)
			}
		}
	})
}

// Our CloseWith, as they see it.
func TestLibraryIsClosed(t *testing.T) {
	eachLibrary(t, func(t *testing.T, lib library, side side) {
		for _, closing := range closings {
			c, f := meetLibrary(t, lib, side, stream, subprotocols{})
			ctx := bounded(t)
			if err := c.CloseWith(closing.Code, closing.Reason); err != nil {
				t.Fatal(err)
			}
			err := echo(ctx, f)
			if ce, ok := errors.AsType[*wsconn.CloseError](err); !ok || *ce != closing {
				t.Errorf("%s saw %v, want %v", lib.name, err, &closing)
			}
			if err := c.WaitClosed(ctx); err != nil {
				t.Errorf("close code %v: %v", closing.Code, err)
			}
		}
	})
}

// A server that answers our Close frame and then forgets the connection has
// received everything all the same.
func TestLibraryKeepsTransport(t *testing.T) {
	url, next := serve(t, func(w http.ResponseWriter, r *http.Request) (foreign, error) {
		return gorilla.accept(w, r, nil)
	})
	c, err := wsconn.Dial(bounded(t), url, &wsconn.DialOptions{CloseTimeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	guard(t, c)
	f := next()
	t.Cleanup(func() { f.Cut() })
	answered := make(chan error, 1)
	go func() {
		_, _, err := f.Read(t.Context())
		answered <- err
	}()
	c.Close()
	<-answered
	if err := c.WaitClosed(bounded(t)); err != nil {
		t.Errorf("the closing handshake was completed: %v", err)
	}
}
