package mux_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/mux"
	"github.com/wsstream/wsstream/wsconn"
)

// recording is what a well-behaved peer sends, and how much of it each thing
// takes to have arrived.
type recording struct {
	wire    []byte
	streams []*recorded // in the order in which they are opened
}

type recorded struct {
	id      uint32
	opened  int // how much of the wire it takes
	body    string
	arrived []int // for each byte of body
	ended   int   // -1 if it never is
}

func record(first uint32) *recording {
	r := new(recording)
	r.wire = append(r.wire, wireFrame{kind: wirePing, flags: wireSYN, length: 7}.bytes()...)
	r.frame(wireWindow, wireSYN, first, "")
	r.frame(wireData, 0, first, "the first piece")
	r.frame(wireData, wireSYN, first+2, "with the beginning")
	r.frame(wireData, 0, first, ", and the second")
	r.frame(wireWindow, wireFIN, first, "")
	r.frame(wireData, wireFIN, first+2, " comes the end")
	r.frame(wireWindow, wireSYN, first+4, "")
	r.frame(wireData, wireSYN|wireFIN, first+6, "all at once")
	r.frame(wireData, 0, first+4, "without an end")
	return r
}

func (r *recording) frame(kind byte, flags uint16, id uint32, body string) {
	r.wire = append(r.wire, wireFrame{kind: kind, flags: flags, stream: id, length: uint32(len(body))}.bytes()...)
	if flags&wireSYN != 0 {
		r.streams = append(r.streams, &recorded{id: id, opened: len(r.wire), ended: -1})
	}
	st := r.find(id)
	for range body {
		st.arrived = append(st.arrived, len(r.wire)+len(st.arrived)-len(st.body)+1)
	}
	st.body += body
	r.wire = append(r.wire, body...)
	if flags&wireFIN != 0 {
		st.ended = len(r.wire)
	}
}

func (r *recording) find(id uint32) *recorded {
	for _, st := range r.streams {
		if st.id == id {
			return st
		}
	}
	panic("no such stream")
}

// opened counts the streams that k bytes of the wire open.
func (r *recording) opened(k int) (n int) {
	for n < len(r.streams) && r.streams[n].opened <= k {
		n++
	}
	return n
}

// after is what k bytes of the wire bring of a stream.
func (st *recorded) after(k int) (body string, ended bool) {
	n := 0
	for n < len(st.arrived) && st.arrived[n] <= k {
		n++
	}
	return st.body[:n], st.ended >= 0 && st.ended <= k
}

// However much of a session arrives before its connection ends: each stream
// delivers what did, and io.EOF only if its own end did.
func TestTruncationIsNeverEOF(t *testing.T) {
	for _, client := range []bool{false, true} {
		for _, c := range []struct {
			name string
			pair func(tb testing.TB) (ours, peer net.Conn)
		}{
			{"pipe", func(testing.TB) (net.Conn, net.Conn) { return testnet.Pipe() }},
			{"tcp", func(tb testing.TB) (net.Conn, net.Conn) { return testnet.TCPPair(tb) }},
		} {
			for _, cut := range []string{"end", "end at once", "reset"} {
				t.Run(fmt.Sprintf("%s/client %t/%s", c.name, client, cut), func(t *testing.T) {
					testnet.CheckLeaks(t)
					r := record(firstOf(client))
					for k := range len(r.wire) + 1 {
						ours, peer := c.pair(t)
						s := rawSessionOver(t, ours, client, nil)
						testnet.InTime(t, fmt.Sprintf("cut after %d", k), func() { cutAfter(t, r, s, peer, k, cut) })
						s.Close()
						peer.Close()
						if t.Failed() {
							t.FailNow()
						}
					}
				})
			}
		}
	}
}

// cutAfter sends the first k bytes, cuts, and checks what comes of it.
func cutAfter(t *testing.T, r *recording, s *mux.Session, peer net.Conn, k int, cut string) {
	own, err := s.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	send(t, peer, r.wire[:k])
	var got []*mux.Stream
	cause := io.ErrUnexpectedEOF
	switch cut {
	case "end at once":
		endWrite(peer)
		if got = acceptAll(s); len(got) != r.opened(k) {
			t.Errorf("cut after %d: %d streams came, want %d", k, len(got), r.opened(k))
		}
	case "end":
		got = acceptN(t, s, r.opened(k))
		endWrite(peer)
	case "reset": // which takes along what has not been read
		got = acceptN(t, s, r.opened(k))
		for _, st := range got {
			body, _ := r.find(st.ID()).after(k)
			readFull(t, st, body)
			r := *r.find(st.ID())
			defer checkEnd(t, st, "", k, &r)
		}
		testnet.Poll(t, "the session's taking everything", func() bool { return s.Stats().Buffered == 0 })
		testnet.Abort(peer)
		cause = syscall.ECONNRESET
	}
	if cut != "reset" {
		for _, st := range got {
			r := r.find(st.ID())
			body, _ := r.after(k)
			checkEnd(t, st, body, k, r)
		}
	}
	<-s.Done()
	if cut == "reset" {
		cause = nil // a write that failed may have come first
	}
	checkLost(t, s, own, cause)
}

// endWrite ends what conn sends.
func endWrite(conn net.Conn) { conn.(interface{ CloseWrite() error }).CloseWrite() }

func acceptN(t *testing.T, s *mux.Session, n int) (got []*mux.Stream) {
	for range n {
		got = append(got, acceptFrom(t, s))
	}
	return got
}

func acceptAll(s *mux.Session) (got []*mux.Stream) {
	for {
		c, err := s.Accept()
		if err != nil {
			return got
		}
		got = append(got, c.(*mux.Stream))
	}
}

// checkEnd reads body and the end that belongs to a cut after k bytes.
func checkEnd(t *testing.T, st *mux.Stream, body string, k int, r *recorded) {
	got, err := io.ReadAll(st)
	if string(got) != body {
		t.Errorf("cut after %d: stream %d is %q, want %q", k, st.ID(), got, body)
	}
	_, ended := r.after(k)
	for range 3 {
		switch wrong := lostTo(err, nil); {
		case ended && err != nil:
			t.Errorf("cut after %d: the end of stream %d is %v, want io.EOF", k, st.ID(), err)
		case !ended && wrong != nil:
			t.Errorf("cut after %d: stream %d: %v", k, st.ID(), wrong)
		}
		n := 0
		if n, err = st.Read(make([]byte, 1)); n != 0 {
			t.Errorf("cut after %d: stream %d goes on", k, st.ID())
		}
		if err == io.EOF {
			err = nil // as io.ReadAll has it
		}
	}
	st.Close()
}

// checkLost wants all calls of a session, and of one of its streams, to say that
// it was lost to cause.
func checkLost(t *testing.T, s *mux.Session, st *mux.Stream, cause error) {
	t.Helper()
	for range 2 {
		_, read := st.Read(make([]byte, 1))
		_, write := st.Write([]byte("x"))
		_, open := s.Open(context.Background())
		_, ping := s.Ping(context.Background())
		accept := error(nil)
		for accept == nil { // past what came before
			_, accept = s.Accept()
		}
		for name, err := range map[string]error{
			"Read": read, "Write": write, "Open": open, "Ping": ping, "Accept": accept, "Err": s.Err(),
			"CloseWrite": st.CloseWrite(), "Drain": s.Drain(context.Background()),
		} {
			if wrong := lostTo(err, cause); wrong != nil {
				t.Errorf("%s: %v", name, wrong)
			}
		}
	}
}

// What the connection says of its end is the cause.
func TestCauseOfALostSession(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(peer *wsconn.Conn)
		code frames.CloseCode // zero: io.ErrUnexpectedEOF
	}{
		{"1000", func(c *wsconn.Conn) { c.Close() }, 0},
		{"half-close", func(c *wsconn.Conn) { c.CloseWrite() }, 0},
		{"1001", func(c *wsconn.Conn) { c.CloseWith(frames.CloseGoingAway, "a new version") }, frames.CloseGoingAway},
		{"1011", func(c *wsconn.Conn) { c.CloseWith(frames.CloseInternalError, "a bug") }, frames.CloseInternalError},
		{"cut", func(c *wsconn.Conn) { c.Terminate() }, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			testnet.CheckLeaks(t)
			a, b := wsPair(t, false)
			s := rawSessionOver(t, a, true, nil)
			st, err := s.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			read := make(chan error)
			go func() {
				_, err := st.Read(make([]byte, 1))
				read <- err
			}()
			// The peer has to have read everything for its end to be one in order.
			if f := nextOf(t, readWire(io.LimitReader(b, 24)), wireWindow, st.ID()); f.flags != wireSYN {
				t.Fatalf("%v, want a SYN", f)
			}
			tt.end(b)
			if wrong := lostTo(testnet.Take(t, "the end of Read", read), nil); wrong != nil {
				t.Error(wrong)
			}
			var cause error
			if tt.code == 0 && tt.name != "cut" {
				cause = io.ErrUnexpectedEOF
			}
			checkLost(t, s, st, cause)
			told, ok := errors.AsType[*wsconn.CloseError](s.Err())
			if ok != (tt.code != 0) || ok && told.Code != tt.code {
				t.Errorf("the cause is %v, want code %d", s.Err(), tt.code)
			}
		})
	}
}

// A peer that is silent is lost, and its streams say why.
func TestKeepAliveDeath(t *testing.T) {
	testnet.CheckLeaks(t)
	s, _ := rawSession(t, true, &mux.Config{KeepAlive: wsconn.KeepAlive{Interval: 10 * time.Millisecond, Timeout: 10 * time.Millisecond}})
	st, err := s.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	testnet.InTime(t, "Read", func() { _, err = st.Read(make([]byte, 1)) })
	if !errors.As(err, new(*wsconn.KeepAliveError)) {
		t.Errorf("Read: %v, want a *wsconn.KeepAliveError", err)
	}
	if ne, ok := err.(net.Error); !ok || !ne.Timeout() {
		t.Errorf("%v is no timeout", err)
	}
	checkLost(t, s, st, nil)
}

// breakable is a connection whose Write can be made to fail.
type breakable struct {
	net.Conn
	is atomic.Bool
}

func (b *breakable) Write(p []byte) (int, error) {
	if b.is.Load() {
		return 0, testnet.ErrInjected
	}
	return b.Conn.Write(p)
}

// A session that is lost because it cannot send wakes its readers, too.
func TestLostByWriting(t *testing.T) {
	for _, c := range carriers {
		t.Run(c.name, func(t *testing.T) {
			testnet.CheckLeaks(t)
			a, b := c.make(t)
			broken := &breakable{Conn: a}
			client, server := sessions(t, broken, b, nil)
			st, _ := streams(t, client, server)
			read := make(chan error, 1)
			go func() {
				_, err := st.Read(make([]byte, 1))
				read <- err
			}()
			broken.is.Store(true)
			st.Write([]byte("x"))
			if wrong := lostTo(testnet.Take(t, "the end of Read", read), testnet.ErrInjected); wrong != nil {
				t.Error(wrong)
			}
			checkLost(t, client, st, testnet.ErrInjected)
		})
	}
}

// What the peer has sent and closed before it closed the session is there to be
// accepted, unless this end has closed it, too.
func TestAcceptAfterTheEnd(t *testing.T) {
	for _, closed := range []bool{false, true} {
		t.Run(fmt.Sprintf("closed: %t", closed), func(t *testing.T) {
			testnet.CheckLeaks(t)
			for range 200 {
				conn, other := testnet.Pipe()
				client, server := sessions(t, conn, other, nil)
				for range 3 {
					st, err := client.Open(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					writeAll(t, st, 1000)
					st.Close()
				}
				client.Close()
				testnet.InTime(t, "the end", func() { <-server.Done() })
				if closed {
					server.Close()
				}
				for i := range 5 {
					c, err := server.Accept()
					switch {
					case closed && !errors.Is(err, net.ErrClosed) && lostTo(err, nil) != nil, !closed && i >= 3 && lostTo(err, nil) != nil:
						t.Fatalf("Accept at the end: %v", err)
					case !closed && i < 3 && err != nil:
						t.Fatalf("stream %d: %v", i, err)
					case err == nil:
						readAll(t, c.(*mux.Stream), 1000)
						c.Close()
					}
				}
				server.Close()
			}
		})
	}
}
