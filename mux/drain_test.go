package mux_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
)

// drain runs Drain and puts out what it returns.
func drain(s *mux.Session, ctx context.Context) <-chan error {
	drained := make(chan error, 1)
	go func() { drained <- s.Drain(ctx) }()
	return drained
}

// isOpen fails the test if a session is over.
func isOpen(t *testing.T, s *mux.Session) {
	t.Helper()
	if err := s.Err(); err != nil {
		t.Fatalf("the session is over: %v", err)
	}
}

// Both ends open no more streams, those that there are come to their end, and
// with the last of them the session does.
func TestDrain(t *testing.T) {
	for _, c := range carriers {
		t.Run(c.name, func(t *testing.T) {
			testnet.CheckLeaks(t)
			a, b := c.make(t)
			client, server := sessions(t, a, b, nil)
			one, onePeer := streams(t, client, server)
			two, twoPeer := streams(t, server, client)

			drained := drain(client, t.Context())
			testnet.Take(t, "Leaving", server.Leaving())
			for name, s := range map[string]*mux.Session{"the draining end": client, "the other end": server} {
				if _, err := s.Open(t.Context()); !errors.Is(err, mux.ErrDraining) {
					t.Errorf("%s opens with %v, want ErrDraining", name, err)
				}
			}
			select {
			case <-client.Leaving():
				t.Error("the draining end is told that the other leaves")
			default:
			}
			for range 3 {
				says(t, one, onePeer, "the old ones")
				says(t, twoPeer, two, "still carry")
				says(t, two, twoPeer, "both ways")
			}
			one.Close()
			onePeer.Close()
			testnet.Poll(t, "the end of a stream", func() bool { return client.Stats().Streams == 1 })
			says(t, two, twoPeer, "the last one")
			isOpen(t, client)
			two.CloseWrite()
			if p, err := io.ReadAll(twoPeer); len(p) > 0 || err != nil {
				t.Errorf("at the end comes %q, %v", p, err)
			}
			isOpen(t, client)
			twoPeer.Close()
			if err := testnet.Take(t, "the end of Drain", drained); err != nil {
				t.Errorf("Drain: %v", err)
			}
			// What was sent before the end of the session has arrived.
			if p, err := io.ReadAll(two); len(p) > 0 || err != nil {
				t.Errorf("the other end reads %q, %v, want the end", p, err)
			}
			testnet.Take(t, "the end of the peer's session", server.Done())
			if err := server.Err(); !isLost(err) {
				t.Errorf("the peer's session ends with %v", err)
			}
		})
	}
}

// A reader may take its time for what came before the end.
func TestDrainWaitsForTheReader(t *testing.T) {
	testnet.CheckLeaks(t)
	client, server, _, _ := pipeSessions(t, nil)
	here, there := streams(t, client, server)
	if _, err := io.WriteString(there, "the last words"); err != nil {
		t.Fatal(err)
	}
	there.Close()
	here.CloseWrite()
	drained := drain(client, t.Context())
	testnet.Take(t, "Leaving", server.Leaving())
	if p, err := io.ReadAll(here); string(p) != "the last words" || err != nil {
		t.Errorf("read %q, %v", p, err)
	}
	if err := testnet.Take(t, "the end of Drain", drained); err != nil {
		t.Errorf("Drain: %v", err)
	}
}

// A stream that the peer opens nevertheless is reset: it could not know, or is
// not told.
func TestDrainRefusesWhatComes(t *testing.T) {
	for _, c := range []struct {
		name  string
		quiet bool
	}{{"told", false}, {"quiet", true}} {
		t.Run(c.name, func(t *testing.T) {
			testnet.CheckLeaks(t)
			a, far := testnet.Pipe()
			defer far.Close()
			s, err := mux.Client(a, &mux.Config{QuietDrain: c.quiet})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if _, err := s.Open(t.Context()); err != nil {
				t.Fatal(err)
			}
			frames := readWire(far)
			nextOf(t, frames, wireWindow, 1)
			drained := drain(s, t.Context())
			over, cancel := context.WithCancel(t.Context())
			cancel()
			testnet.Poll(t, "draining", func() bool {
				_, err := s.Open(over)
				return errors.Is(err, mux.ErrDraining)
			})
			far.Write(wireFrame{wireWindow, wireSYN, 2, 0}.bytes())
			var goAways int
			for answered := false; !answered; {
				switch f := testnet.Take(t, "the reset", frames); {
				case f.kind == wireGoAway:
					goAways++
				case f.stream == 2:
					answered = true
					if f.flags != wireRST {
						t.Errorf("a new stream is answered with %v, want a reset", f)
					}
				}
			}
			if told := goAways == 1; told == c.quiet {
				t.Errorf("the peer was told to open no more %d times", goAways)
			}
			isOpen(t, s)
			if st := s.Stats(); st.Refused != 1 || st.Streams != 1 {
				t.Errorf("stats: %+v", st)
			}
			s.Close()
			if err := testnet.Take(t, "the end of Drain", drained); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Drain of a session that is closed with a stream open: %v, want net.ErrClosed", err)
			}
		})
	}
}

// When the context ends the session is open, and Drain can be called again.
func TestDrainUntilTheContextEnds(t *testing.T) {
	testnet.CheckLeaks(t)
	client, server, _, _ := pipeSessions(t, nil)
	here, there := streams(t, client, server)
	cause := errors.New("not that long")
	ctx, cancel := context.WithCancelCause(t.Context())
	drained := drain(client, ctx)
	testnet.Take(t, "Leaving", server.Leaving())
	cancel(cause)
	if err := testnet.Take(t, "the end of Drain", drained); !errors.Is(err, cause) {
		t.Errorf("Drain: %v, want the context's cause", err)
	}
	isOpen(t, client)
	isOpen(t, server)
	says(t, here, there, "it is open still")
	if _, err := server.Open(t.Context()); !errors.Is(err, mux.ErrDraining) {
		t.Errorf("the peer opens with %v, want ErrDraining", err)
	}
	drained = drain(client, t.Context())
	here.Close()
	there.Close()
	if err := testnet.Take(t, "the end of the second Drain", drained); err != nil {
		t.Errorf("the second Drain: %v", err)
	}
}

// All who drain a session see its end, whoever closes it, and so does the
// other end that drains at the same time.
func TestDrainTogether(t *testing.T) {
	for _, c := range []struct {
		name        string
		here, there int // how many drain
		withAStream bool
	}{
		{"two here", 2, 0, true},
		{"both ends", 1, 1, true},
		{"both ends, without a stream", 1, 1, false},
		{"many", 5, 5, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			testnet.CheckLeaks(t)
			for range 50 {
				client, server, _, _ := pipeSessions(t, nil)
				here, there := streams(t, client, server)
				var all []<-chan error
				if !c.withAStream {
					here.Close()
					there.Close()
				}
				for range c.here {
					all = append(all, drain(client, t.Context()))
				}
				for range c.there {
					all = append(all, drain(server, t.Context()))
				}
				if c.withAStream {
					testnet.Take(t, "Leaving", server.Leaving())
					here.Close()
					there.Close()
				}
				for i, drained := range all {
					if err := testnet.Take(t, "the end of Drain", drained); err != nil {
						t.Fatalf("Drain %d: %v", i, err)
					}
				}
			}
		})
	}
}

// A session that is lost with streams open is not drained.
func TestDrainOfALostSession(t *testing.T) {
	for _, c := range []struct {
		name   string
		before bool // it is lost before Drain is called
	}{{"meanwhile", false}, {"before", true}} {
		t.Run(c.name, func(t *testing.T) {
			testnet.CheckLeaks(t)
			client, server, _, far := pipeSessions(t, nil)
			streams(t, client, server)
			if c.before {
				testnet.Abort(far)
				testnet.Take(t, "the end", client.Done())
			}
			drained := drain(client, t.Context())
			if !c.before {
				testnet.Take(t, "Leaving", server.Leaving())
				testnet.Abort(far)
			}
			if err := testnet.Take(t, "the end of Drain", drained); !isLost(err) {
				t.Errorf("Drain: %v, want a *SessionError", err)
			}
		})
	}
}

// A peer that has said its last word on every stream, and goes, has cut nothing
// short, however late that is read.
func TestDrainAfterThePeerHasGone(t *testing.T) {
	testnet.CheckLeaks(t)
	client, server, _, _ := pipeSessions(t, nil)
	here, there := streams(t, client, server)
	here.CloseWrite()
	if _, err := io.WriteString(there, "the last words"); err != nil {
		t.Fatal(err)
	}
	there.Close()
	testnet.Poll(t, "both ends of the stream", func() bool { return server.Stats().Streams == 0 })
	server.Close()
	testnet.Take(t, "the end of the session", client.Done())
	if err := client.Drain(t.Context()); err != nil {
		t.Errorf("Drain: %v", err)
	}
	if p, err := io.ReadAll(here); string(p) != "the last words" || err != nil {
		t.Errorf("read %q, %v", p, err)
	}
	if err := client.Drain(t.Context()); err != nil {
		t.Errorf("Drain, when all is read: %v", err)
	}
}

// mute is a connection whose every Write fails, and whose Read waits for one.
type mute struct {
	net.Conn
	failed chan struct{}
	once   sync.Once
}

var errMute = errors.New("nothing can be said")

func (c *mute) Write([]byte) (int, error) {
	c.once.Do(func() { close(c.failed) })
	return 0, errMute
}

func (c *mute) Read(p []byte) (int, error) {
	<-c.failed
	return c.Conn.Read(p)
}

// A peer that has said all and gone is heard to the end, also by a session that
// finds out by writing that it has gone.
func TestFailedWriteLeavesWhatHasCome(t *testing.T) {
	testnet.CheckLeaks(t)
	a, far := testnet.Pipe(1 << 20)
	defer far.Close()
	conn := &mute{Conn: a, failed: make(chan struct{})}
	text := strings.Repeat("the last words ", 10000)
	send(t, far, data(wireSYN, 1, text[:50000]), data(0, 1, text[50000:100000]), data(wireFIN, 1, text[100000:]))
	s, err := mux.Server(conn, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if p, err := io.ReadAll(acceptFrom(t, s)); string(p) != text || err != nil {
		t.Errorf("%d bytes, %v, want %d and the end", len(p), err, len(text))
	}
	far.(*testnet.PipeConn).CloseWrite()
	testnet.Take(t, "the end of the session", s.Done())
	if !isLost(s.Err()) {
		t.Errorf("the session ends with %v", s.Err())
	}
}

// Without a word from the peer the error of the Write is what ends the session.
func TestFailedWriteEndsTheSession(t *testing.T) {
	testnet.CheckLeaks(t)
	a, far := testnet.Pipe()
	defer far.Close()
	s, err := mux.Server(&mute{Conn: a, failed: make(chan struct{})}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	testnet.Take(t, "the end of the session", s.Done())
	if !isLost(s.Err()) || !errors.Is(s.Err(), errMute) {
		t.Errorf("the session ends with %v, want the Write's error", s.Err())
	}
}
