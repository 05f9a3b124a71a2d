package wsconn_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// farOff is a CloseTimeout that no test lives to see: what ends, ends by itself.
const farOff = time.Hour

// asEitherRole runs a test for an end that is the client, and for the server.
func asEitherRole(t *testing.T, test func(t *testing.T, role frames.Role)) {
	t.Run("client", func(t *testing.T) { test(t, frames.Client) })
	t.Run("server", func(t *testing.T) { test(t, frames.Server) })
}

// inRoles returns the two ends of a transport or a connection, the one with
// this role first.
func inRoles[C any](role frames.Role, client, server C) (this, that C) {
	if role == frames.Server {
		return server, client
	}
	return client, server
}

// waitClosed is WaitClosed, which has to say the same when asked again.
func waitClosed(t *testing.T, c *wsconn.Conn) (err error) {
	t.Helper()
	testnet.InTime(t, "WaitClosed", func() { err = c.WaitClosed(context.Background()) })
	again := c.WaitClosed(context.Background())
	if (err == nil) != (again == nil) || err != nil && err.Error() != again.Error() {
		t.Errorf("WaitClosed: %v, and then %v", err, again)
	}
	return err
}

func mustCloseCleanly(t *testing.T, ends ...*wsconn.Conn) {
	t.Helper()
	for _, c := range ends {
		if err := waitClosed(t, c); err != nil {
			t.Errorf("WaitClosed: %v", err)
		}
	}
}

// mustNotCloseCleanly fails the test unless WaitClosed has an error, and not
// that of its timeout.
func mustNotCloseCleanly(t *testing.T, c *wsconn.Conn) {
	t.Helper()
	err := waitClosed(t, c)
	if timeout, wrong := isTimeout(err); err == nil || timeout || wrong != nil {
		t.Errorf("WaitClosed: %v (%v), want the error that lost the bytes", err, wrong)
	}
}

// mustBeStopped fails the test unless err has the peer's Close frame with this
// code in it.
func mustBeStopped(t *testing.T, what string, err error, code frames.CloseCode) {
	t.Helper()
	if ce, ok := errors.AsType[*wsconn.CloseError](err); !ok || ce.Code != code {
		t.Errorf("%s: %v, want the peer's *CloseError with code %d", what, err, code)
	}
}

// The peer may close while bytes that Write has counted are still here. Without
// half-close its Close is answered at once, but if the bytes are never sent the
// closing handshake is none.
func TestUnsentBytesAreNoCleanEnd(t *testing.T) {
	for _, tr := range everyTransport {
		t.Run(tr.name, func(t *testing.T) {
			asEitherRole(t, func(t *testing.T, role frames.Role) {
				client, server := tr.make(t)
				transport, peer := inRoles(role, client, server)
				c := wsconn.NewTestConn(transport, role, wsconn.PairOptions{
					NoHalfClose: true, CloseTimeout: farOff, Stream: wsconn.ConnOptions{MessageSize: -1}})
				defer c.Terminate()
				acceptTooMuch(t, c)
				w := wire{role: other(role)}
				w.closeFrame(frames.CloseNormalClosure, "")
				if _, err := peer.Write(w.b); err != nil {
					t.Fatal(err)
				}
				mustEOF(t, c)
				c.Close()
				testnet.Abort(peer)
				mustNotCloseCleanly(t, c)
			})
		})
	}
}

// acceptTooMuch has a Write count more bytes than the transport takes. c sends
// one message a Write, so that a deadline leaves all of it or nothing.
func acceptTooMuch(t *testing.T, c *wsconn.Conn) {
	t.Helper()
	p := tooMuch()
	for n := 0; n == 0; {
		var err error
		c.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
		if n, err = c.Write(p); n != 0 && n != len(p) || n == len(p) && err != nil {
			t.Fatalf("Write of one message that a deadline cut: %d, %v", n, err)
		}
	}
	c.SetWriteDeadline(time.Time{})
}

// With half-close the peer's Close may come long before ours. It says nothing
// about what was written after it: that the peer then resets the transport is
// no clean end.
func TestResetAfterOurCloseIsNoCleanEnd(t *testing.T) {
	overTCP := []transports{everyTransport[0], everyTransport[2], everyTransport[3]} // where there is such a thing
	for _, tr := range overTCP {
		t.Run(tr.name, func(t *testing.T) {
			asEitherRole(t, func(t *testing.T, role frames.Role) {
				client, server := connPair(t, tr, wsconn.PairOptions{CloseTimeout: farOff})
				c, peer := inRoles(role, client, server)
				if err := peer.CloseWrite(); err != nil {
					t.Fatal(err)
				}
				mustEOF(t, c)
				mustWrite(t, c, "the answer")
				c.Close()
				peer.Terminate() // having read nothing
				mustNotCloseCleanly(t, c)
			})
		})
	}
}

// With half-close code 1000 means that the peer has stopped reading. Who has
// written must learn of it, in whatever order the two Close frames come; who has
// not has lost nothing.
func TestPeerThatStoppedReadingIsNoCleanEnd(t *testing.T) {
	for name, seen := range map[string]bool{"seen before our Close": true, "both at once": false} {
		t.Run(name, func(t *testing.T) {
			asEitherRole(t, func(t *testing.T, role frames.Role) {
				onEveryTransport(t, wsconn.PairOptions{CloseTimeout: farOff}, func(t *testing.T, client, server *wsconn.Conn) {
					c, peer := inRoles(role, client, server)
					mustWrite(t, c, "never read")
					peer.Close()
					if seen {
						mustEOF(t, c)
					}
					c.Close()
					err := waitClosed(t, c)
					mustBeStopped(t, "WaitClosed", err, frames.CloseNormalClosure)
					if !errors.As(err, new(*net.OpError)) {
						t.Errorf("WaitClosed: %v, want a *net.OpError", err)
					}
					mustCloseCleanly(t, peer) // it has not written
				})
			})
		})
	}
}

func TestBothCloseWithoutAWordIsClean(t *testing.T) {
	for _, noHalfClose := range []bool{false, true} {
		o := wsconn.PairOptions{NoHalfClose: noHalfClose, CloseTimeout: farOff}
		onEveryTransport(t, o, func(t *testing.T, client, server *wsconn.Conn) {
			client.Close()
			server.Close()
			mustCloseCleanly(t, client, server)
		})
	}
}

// CloseWith without a code closes as Close does. With half-close a frame without
// a code would leave the other direction open, so the peer gets 1000.
func TestCloseWithoutACodeStopsThePeer(t *testing.T) {
	for name, tt := range map[string]struct {
		noHalfClose bool
		code        frames.CloseCode
	}{
		"half-close":    {false, frames.CloseNormalClosure},
		"no half-close": {true, frames.CloseNoStatusReceived},
	} {
		t.Run(name, func(t *testing.T) {
			o := wsconn.PairOptions{NoHalfClose: tt.noHalfClose, CloseTimeout: farOff}
			onEveryTransport(t, o, func(t *testing.T, client, server *wsconn.Conn) {
				if err := server.CloseWith(frames.CloseNoStatusReceived, ""); err != nil {
					t.Errorf("CloseWith: %v", err)
				}
				mustEOF(t, client)
				_, err := client.Write([]byte("x"))
				mustBeStopped(t, "Write", err, tt.code)
				client.Close()
				mustCloseCleanly(t, client, server)
			})
		})
	}
}
