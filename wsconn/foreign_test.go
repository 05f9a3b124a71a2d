package wsconn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// withoutDeadlines is a transport such as a channel of SSH.
type withoutDeadlines struct{ net.Conn }

var errNoDeadlines = errors.New("deadlines are not supported")

func (withoutDeadlines) SetDeadline(time.Time) error      { return errNoDeadlines }
func (withoutDeadlines) SetReadDeadline(time.Time) error  { return errNoDeadlines }
func (withoutDeadlines) SetWriteDeadline(time.Time) error { return errNoDeadlines }

// A transport that knows no deadlines carries a stream all the same.
func TestTransportWithoutDeadlines(t *testing.T) {
	tr := transports{"", func(testing.TB) (client, server net.Conn) {
		a, b := testnet.Pipe()
		return withoutDeadlines{a}, withoutDeadlines{b}
	}}
	client, server := connPair(t, tr, wsconn.PairOptions{CloseTimeout: farOff})
	if err := client.SetReadDeadline(time.Now()); !errors.Is(err, errNoDeadlines) || !errors.As(err, new(*net.OpError)) {
		t.Errorf("SetReadDeadline: %v, want the transport's error in a *net.OpError", err)
	}
	client.SetReadDeadline(time.Time{})
	testnet.InTime(t, "this", func() { converse(t, client, server) })
}

// The handshake needs deadlines no more than the stream does.
func TestDialOverATransportWithoutDeadlines(t *testing.T) {
	s := serve(t, overTCP, &wsconn.AcceptOptions{CloseTimeout: farOff})
	s.options.CloseTimeout = farOff
	s.options.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		var d net.Dialer
		c, err := d.DialContext(ctx, network, address)
		return withoutDeadlines{c}, err
	}
	client, err := s.dial(t)
	if err != nil {
		t.Fatal(err)
	}
	testnet.InTime(t, "this", func() { converse(t, client, s.mustAccept(t)) })
}

// converse does with a pair what there is to be done, up to its clean end.
func converse(t *testing.T, client, server *wsconn.Conn) {
	mustTalk(t, client, server)
	const size = 300_000
	go func() {
		io.Copy(server, server)
		server.Close()
	}()
	go func() {
		io.Copy(client, testnet.NewSource(3, size))
		client.CloseWrite()
	}()
	if n, err := io.Copy(testnet.NewVerifier(3), client); n != size || err != nil {
		t.Errorf("%d of %d bytes came back, %v", n, size, err)
	}
	client.Close()
	mustCloseCleanly(t, client, server)
}

// A transport may be gone before the handshake's end is seen: then everything
// fails, and nothing else happens.
func TestTransportClosedFromTheStart(t *testing.T) {
	for _, tr := range append(slices.Clip(everyTransport), netPipe) {
		t.Run(tr.name, func(t *testing.T) {
			asEitherRole(t, func(t *testing.T, role frames.Role) {
				client, server := tr.make(t)
				transport, peer := inRoles(role, client, server)
				defer peer.Close()
				transport.Close()
				c := wsconn.NewTestConn(transport, role, wsconn.PairOptions{CloseTimeout: farOff})
				c.SetDeadline(time.Now().Add(time.Hour)) // may fail
				testnet.InTime(t, "this", func() {
					for range 2 {
						if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, io.EOF) {
							t.Errorf("Read: %d, %v", n, err)
						}
						if n, err := c.Write([]byte("x")); n != 0 || err == nil || errors.Is(err, io.EOF) {
							t.Errorf("Write: %d, %v", n, err)
						}
					}
				})
				if err := c.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
				mustNotCloseCleanly(t, c)
			})
		})
	}
}

var netPipe = transports{"net.Pipe", func(testing.TB) (client, server net.Conn) { return net.Pipe() }}

// plain has none of the methods of what is in it, but those of a net.Conn.
type plain struct{ net.Conn }

// Where neither transport can be closed for writing alone, neither end waits
// for the other to do so.
func TestCloseOverTransportsWithoutCloseWrite(t *testing.T) {
	noCloseWrite := []transports{netPipe, {"with a buffer", func(testing.TB) (client, server net.Conn) {
		a, b := testnet.Pipe()
		return plain{a}, plain{b}
	}}}
	closes := map[string]func(c *wsconn.Conn){
		"Close":                func(c *wsconn.Conn) { c.Close() },
		"CloseWrite and Close": func(c *wsconn.Conn) { c.CloseWrite(); c.Close() },
	}
	for _, tr := range noCloseWrite {
		for _, noHalfClose := range []bool{false, true} {
			for name, closeIt := range closes {
				t.Run(fmt.Sprintf("%s/no half-close %t/%s", tr.name, noHalfClose, name), func(t *testing.T) {
					asEitherRole(t, func(t *testing.T, role frames.Role) {
						synctest.Test(t, func(t *testing.T) {
							start := time.Now()
							client, server := connPair(t, tr, wsconn.PairOptions{NoHalfClose: noHalfClose, CloseTimeout: farOff})
							c, peer := inRoles(role, client, server)
							closeWhileWriting(t, c, peer, closeIt)
							mustCloseCleanly(t, c, peer)
							if took := time.Since(start); took != 0 {
								t.Errorf("something waited for %v", took)
							}
						})
					})
				})
			}
		}
	}
}

// closeWhileWriting closes c during its Write, and the peer when it has read
// all, which is as much as was counted.
func closeWhileWriting(t *testing.T, c, peer *wsconn.Conn, closeIt func(*wsconn.Conn)) {
	p := make([]byte, 2<<20)
	testnet.Fill(p, 7, 0)
	wrote := make(chan int64)
	go func() {
		n, err := c.Write(p)
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write: %d, %v, want net.ErrClosed", n, err)
		}
		wrote <- int64(n)
	}()
	mustRead(t, peer, string(p[:1])) // it is at it
	closeIt(c)
	if got, n := verify(t, peer, 1), <-wrote; got != n {
		t.Errorf("%d bytes arrived, %d were counted", got, n)
	}
	mustEOF(t, peer)
	peer.Close()
}

// scrambled is a wrapper around a TCPConn that has all methods of one, and says
// that deadlines do it no harm, and still has to see every byte.
type scrambled struct{ *net.TCPConn }

func (scrambled) WriteSurvivesDeadline() bool { return true }

func (s scrambled) Read(p []byte) (int, error) {
	n, err := s.TCPConn.Read(p)
	scramble(p[:n])
	return n, err
}

func (s scrambled) Write(p []byte) (int, error) {
	p = bytes.Clone(p)
	scramble(p)
	return s.TCPConn.Write(p)
}

func scramble(p []byte) {
	for i := range p {
		p[i] ^= 0x55
	}
}

// The other end is wrapped once more, so that nothing could be bypassed there.
func TestWrapperAroundTCPIsNotBypassed(t *testing.T) {
	asEitherRole(t, func(t *testing.T, role frames.Role) {
		tr := transports{"", func(tb testing.TB) (client, server net.Conn) {
			a, b := testnet.TCPPair(tb)
			return inRoles[net.Conn](role, scrambled{a}, plain{scrambled{b}})
		}}
		client, server := connPair(t, tr, wsconn.PairOptions{CloseTimeout: farOff})
		testnet.InTime(t, "this", func() { converse(t, client, server) })
	})
}

// eofOnWrite takes some of each Write and then returns io.EOF.
type eofOnWrite struct {
	net.Conn
	takes    int
	survives bool
}

func (e eofOnWrite) Write(p []byte) (int, error) { return min(e.takes, len(p)), io.EOF }
func (e eofOnWrite) WriteSurvivesDeadline() bool { return e.survives }

// io.EOF means the end of what is read. io.Copy would take the one of a Write
// for success.
func TestWriteNeverReturnsEOF(t *testing.T) {
	for _, survives := range []bool{false, true} {
		for _, takes := range []int{0, 3} {
			for what, write := range map[string]func(transport net.Conn) error{
				"Write": func(transport net.Conn) error {
					c := wsconn.NewTestConn(transport, frames.Client, wsconn.PairOptions{})
					defer c.Terminate()
					_, err := c.Write([]byte("x"))
					if _, again := c.Write([]byte("x")); again == nil || errors.Is(again, io.EOF) {
						t.Errorf("Write again: %v", again)
					}
					return err
				},
				"io.Copy": func(transport net.Conn) error {
					c := wsconn.NewTestConn(transport, frames.Client, wsconn.PairOptions{})
					defer c.Terminate()
					_, err := io.Copy(c, testnet.NewSource(1, 100_000))
					return err
				},
				"WriteMessage": func(transport net.Conn) error {
					s := wsconn.NewTestSocket(transport, frames.Client, wsconn.PairOptions{})
					defer s.Terminate()
					return s.WriteMessage(context.Background(), wsconn.Binary, []byte("x"))
				},
			} {
				t.Run(fmt.Sprintf("survives deadlines %t/takes %d/%s", survives, takes, what), func(t *testing.T) {
					a, b := testnet.Pipe()
					defer b.Close()
					if err := write(eofOnWrite{a, takes, survives}); isTruncation(err) != nil {
						t.Errorf("%v: %v", err, isTruncation(err))
					}
				})
			}
		}
	}
}

// Terminate wakes a Write with the error that says who ended it, whatever error
// the transport has for that.
func TestTerminateDuringAWrite(t *testing.T) {
	for _, tr := range append(slices.Clip(everyTransport), netPipe) {
		t.Run(tr.name, func(t *testing.T) {
			asEitherRole(t, func(t *testing.T, role frames.Role) {
				client, server := tr.make(t)
				transport, peer := inRoles(role, client, server)
				defer peer.Close()
				c := wsconn.NewTestConn(transport, role, wsconn.PairOptions{})
				wrote := make(chan error, 1)
				go func() {
					_, err := c.Write(tooMuch())
					wrote <- err
				}()
				testnet.InTime(t, "this", func() {
					if _, err := peer.Read(make([]byte, 1)); err != nil { // it is at it
						t.Error(err)
					}
					c.Terminate()
					if err := <-wrote; !errors.Is(err, net.ErrClosed) {
						t.Errorf("Write: %v, want net.ErrClosed", err)
					}
				})
			})
		})
	}
}

// What came together with the handshake is the beginning of the stream, however
// much it is and wherever it stops.
func TestEarlyBytesAreTheBeginning(t *testing.T) {
	early := make([]byte, 200<<10)
	testnet.Fill(early, 7, 0)
	const header = 10 // of a message this long, without the mask's key
	for _, tr := range everyTransport {
		t.Run(tr.name, func(t *testing.T) {
			asEitherRole(t, func(t *testing.T, role frames.Role) {
				w := wire{role: other(role)}
				w.frame(frames.Binary, true, string(early))
				end := len(w.b)
				w.frame(frames.Binary, true, "and this later")
				w.closeFrame(frames.CloseNormalClosure, "")
				for _, k := range []int{1, header - 1, header, header + 5, 4 << 10, end - 1, end, end + 1, len(w.b)} {
					client, server := tr.make(t)
					transport, peer := inRoles(role, client, server)
					c := wsconn.NewTestConn(transport, role, wsconn.PairOptions{Buffered: bytes.Clone(w.b[:k])})
					go peer.Write(w.b[k:])
					testnet.InTime(t, fmt.Sprintf("after %d early bytes of %d, reading", k, end), func() {
						got, err := io.ReadAll(c)
						if want := string(early) + "and this later"; string(got) != want || err != nil {
							t.Errorf("after %d early bytes of %d: read %d of %d and then %v", k, end, len(got), len(want), err)
						}
					})
					c.Terminate()
					peer.Close()
				}
			})
		})
	}
}
