package wsconn_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// unwakeable are transports that the read-ahead must not wake, or cannot.
var unwakeable = []transports{
	everyTransport[4],
	netPipe,
	{"without deadlines", func(tb testing.TB) (client, server net.Conn) {
		a, b := testnet.Pipe()
		return withoutDeadlines{&readByOne{Conn: a, tb: tb}}, withoutDeadlines{&readByOne{Conn: b, tb: tb}}
	}},
	{"with CloseWrite only", func(tb testing.TB) (client, server net.Conn) {
		a, b := testnet.Pipe()
		return closeWriter{withoutDeadlines{a}, a}, closeWriter{withoutDeadlines{b}, b}
	}},
	{"without deadlines under TLS", func(tb testing.TB) (client, server net.Conn) {
		a, b := testnet.Pipe()
		return tlsOver(tb, withoutDeadlines{&readByOne{Conn: a, tb: tb}}, withoutDeadlines{&readByOne{Conn: b, tb: tb}})
	}},
}

// readByOne is a transport with a buffer that is not guarded: two Reads at the
// same time would ruin it.
type readByOne struct {
	net.Conn
	tb   testing.TB
	busy atomic.Bool
}

func (r *readByOne) Read(p []byte) (int, error) {
	if r.busy.Swap(true) {
		r.tb.Error("two Reads of the transport at the same time")
	}
	defer r.busy.Store(false)
	return r.Conn.Read(p)
}

// closeWriter is a transport with the CloseWrite of what is in it.
type closeWriter struct {
	net.Conn
	in net.Conn
}

func (c closeWriter) CloseWrite() error { return c.in.(interface{ CloseWrite() error }).CloseWrite() }

// Whoever reads late gets at once what has come before, and waits for the rest
// as if nothing had been read ahead.
func TestLateReaderOfATransportThatCannotBeWoken(t *testing.T) {
	for _, tr := range unwakeable {
		onStage(t, tr, wsconn.PairOptions{}, func(s *stage) {
			s.listen(s.answer)
			s.until(2 * time.Second) // a read is in flight
			c := s.stream()
			if s.now() != 2*time.Second {
				s.t.Fatalf("NewConn took until %v", s.now())
			}
			s.until(5 * time.Second)
			for i := range 3 {
				text := fmt.Sprintf("piece %d", i)
				s.send(frames.Binary, text)
				s.until(s.now() + 3*time.Second)
				at := s.now()
				mustRead(s.t, c, text)
				if s.now() != at {
					s.t.Errorf("what was here came %v later", s.now()-at)
				}
				s.until(s.now() + 10*ms)
			}
			read := s.begin(c.Read, make([]byte, 10)) // a read is in flight still
			s.mustWait(read)
			s.send(frames.Binary, "the rest")
			if o := <-read; o.n != 8 || o.err != nil {
				s.t.Errorf("Read: %d, %v", o.n, o.err)
			}
		})
	}
}

// A deadline is the application's also while a read is in flight that it did
// not begin, if the transport knows deadlines.
func TestDeadlineWhileAReadIsInFlight(t *testing.T) {
	for _, tr := range unwakeable[:2] {
		onStage(t, tr, wsconn.PairOptions{}, func(s *stage) {
			c := s.stream()
			s.until(2 * time.Second)
			for range 2 {
				at := s.now() + time.Second
				c.SetReadDeadline(s.start.Add(at))
				o := <-s.begin(c.Read, make([]byte, 1))
				if !errors.Is(o.err, os.ErrDeadlineExceeded) || o.at != at {
					s.t.Errorf("Read: %v at %v, want a timeout at %v", o.err, o.at, at)
				}
			}
			c.SetReadDeadline(time.Time{})
			s.until(6 * time.Second)
			s.send(frames.Binary, "x")
			mustRead(s.t, c, "x")
		})
	}
}

// Nothing is lost at the end either, and nothing waits: a conversation begins
// and ends while each end has a read in flight.
func TestConversationOverTransportsThatCannotBeWoken(t *testing.T) {
	for _, tr := range unwakeable {
		t.Run(tr.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := connPair(t, tr, wsconn.PairOptions{CloseTimeout: farOff})
				time.Sleep(3 * time.Second)
				start := time.Now()
				converse(t, client, server)
				if took := time.Since(start); took != 0 {
					t.Errorf("something waited for %v", took)
				}
			})
		})
	}
}

// Close while a read is in flight, by an end that has read the peer's half-close
// and by one that has not.
func TestCloseWhileAReadIsInFlight(t *testing.T) {
	for _, tr := range unwakeable {
		for name, end := range map[string]func(c, peer *wsconn.Conn){
			"one closes":                 func(c, peer *wsconn.Conn) { c.Close() },
			"the peer has closed before": func(c, peer *wsconn.Conn) { peer.Close() },
			"the peer has half-closed":   func(c, peer *wsconn.Conn) { peer.CloseWrite() },
			"both have half-closed":      func(c, peer *wsconn.Conn) { c.CloseWrite(); peer.CloseWrite() },
		} {
			for _, reads := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s, and is read to the end %t", tr.name, name, reads), func(t *testing.T) {
					asEitherRole(t, func(t *testing.T, role frames.Role) {
						synctest.Test(t, func(t *testing.T) {
							client, server := connPair(t, tr, wsconn.PairOptions{CloseTimeout: farOff})
							c, peer := inRoles(role, client, server)
							start := time.Now()
							time.Sleep(3 * time.Second)
							end(c, peer)
							time.Sleep(3 * time.Second)
							for _, c := range []*wsconn.Conn{c, peer} {
								if reads {
									io.Copy(io.Discard, c)
								}
								c.Close()
							}
							mustCloseCleanly(t, c, peer)
							if took := time.Since(start); took != 6*time.Second {
								t.Errorf("closed after %v", took)
							}
						})
					})
				})
			}
		}
	}
}

// lessWrite is a transport that takes some of each Write and does not say why.
type lessWrite struct{ net.Conn }

func (l lessWrite) Write(p []byte) (int, error) { return l.Conn.Write(p[:len(p)/2]) }

// A transport that breaks the contract of io.Writer cannot carry on: what comes
// next would land inside a frame.
func TestTransportThatTakesLess(t *testing.T) {
	a, b := testnet.Pipe()
	defer b.Close()
	c := wsconn.NewTestConn(lessWrite{a}, frames.Client, wsconn.PairOptions{})
	defer c.Terminate()
	for range 2 {
		if _, err := c.Write(make([]byte, 100)); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("Write: %v, want io.ErrShortWrite", err)
		}
	}
}
