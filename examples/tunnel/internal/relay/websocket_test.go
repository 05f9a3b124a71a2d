package relay_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsstream/wsstream/examples/tunnel/internal/relay"
	"github.com/wsstream/wsstream/frames"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// Whatever happens to the WebSocket short of a good end, the application gets to
// see an error.
func TestWebSocketFails(t *testing.T) {
	for _, tt := range []struct {
		name string
		fail func(ws *wsconn.Conn, below net.Conn)
	}{
		{"cut", func(ws *wsconn.Conn, _ net.Conn) { ws.Terminate() }},
		{"FIN without Close", func(_ *wsconn.Conn, below net.Conn) { below.Close() }},
		{"error code", func(ws *wsconn.Conn, _ net.Conn) { ws.CloseWith(frames.CloseInternalError, "no more") }},
		{"going away", func(ws *wsconn.Conn, _ net.Conn) { ws.CloseWith(frames.CloseGoingAway, "") }},
		{"garbage", func(_ *wsconn.Conn, below net.Conn) { below.Write([]byte{0xff, 0xff, 0xff, 0xff}) }},
	} {
		for _, halfClosed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%v", tt.name, halfClosed), func(t *testing.T) {
				a, below := testnet.TCPPair(t)
				near, far := webSockets(t, a, below, true)
				end, app := tcp(t)
				j := joinEnds(t, relay.WebSocket(near, time.Minute), end)
				j.a, j.b = far, app
				app.SetDeadline(time.Now().Add(testnet.Patience))
				j.exchange(t)
				if halfClosed {
					send(t, app, far, 10)
				}
				tt.fail(far, below)
				wantFailure(t, app)
				far.Close()
				if j.result(t) == nil {
					t.Error("Join takes it for a good end")
				}
			})
		}
	}
}

// idleHalfClose is the time that peers without half-close have in these tests.
// Pings and Pongs pass in less.
const idleHalfClose = 30 * time.Second

// silentPeer joins, in a bubble, a WebSocket whose peer knows no half-close with
// an application.
func silentPeer(t *testing.T, halfClose time.Duration) (j *joined, peer *wsconn.Conn, app *testnet.PipeConn) {
	a, b := testnet.Pipe(16 << 20)
	near, far := webSockets(t, a, b, false)
	inner, outer := testnet.Pipe()
	c := inner.(*testnet.PipeConn)
	j = joinEnds(t, relay.WebSocket(near, halfClose), relay.End{
		Reader: c, Writer: c, CloseWrite: c.CloseWrite,
		Abort: func(error) { testnet.Abort(c) },
		Close: func(context.Context) error { return c.Close() },
	})
	return j, far, outer.(*testnet.PipeConn)
}

func TestNoHalfCloseSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, peer, app := silentPeer(t, idleHalfClose)
		begun := time.Now()
		app.Write([]byte("all of it"))
		app.CloseWrite()
		got, err := io.ReadAll(peer)
		if string(got) != "all of it" || err != nil {
			t.Errorf("the peer reads %q, %v", got, err)
		}
		if waited := time.Since(begun); waited != idleHalfClose {
			t.Errorf("it was closed after %v, want %v", waited, idleHalfClose)
		}
		peer.Close()
		// The peer has not said that this was all.
		if _, err := io.Copy(io.Discard, app); err == nil {
			t.Error("the application reads an end that nobody has sent")
		}
		if err := <-j.done; err == nil || !strings.Contains(err.Error(), "does not know half-close") {
			t.Errorf("Join says %v", err)
		}
	})
}

// A reply that goes on is not cut, be it the peer or the application that takes
// its time.
func TestNoHalfCloseSlow(t *testing.T) {
	const size = 2 << 20
	for _, tt := range []struct {
		name      string
		halfClose time.Duration
		write     io.Writer // besides the peer: takes its time
		read      io.Writer // besides the verifier
	}{
		{"peer", idleHalfClose, pausing{time.Second}, io.Discard},
		{"application", idleHalfClose, io.Discard, pausing{time.Minute}},
		{"for ever", 0, pausing{time.Hour}, io.Discard},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j, peer, app := silentPeer(t, tt.halfClose)
				app.CloseWrite()
				go func() {
					buffer := make([]byte, 64<<10)
					io.CopyBuffer(io.MultiWriter(peer, tt.write), testnet.NewSource(seed, size), buffer)
					peer.Close()
				}()
				got := testnet.NewVerifier(seed)
				if _, err := io.CopyBuffer(io.MultiWriter(got, tt.read), onlyReader{app}, make([]byte, 512<<10)); err != nil || got.N() != size {
					t.Errorf("%d of %d bytes came, %v", got.N(), size, err)
				}
				app.Close()
				if err := <-j.done; err != nil {
					t.Errorf("Join says %v", err)
				}
			})
		})
	}
}

type onlyReader struct{ io.Reader }

// pausing is a writer that takes its time.
type pausing struct{ d time.Duration }

func (p pausing) Write(b []byte) (int, error) {
	time.Sleep(p.d)
	return len(b), nil
}

// Nor is what is under way to a peer that reads later than the WebSocket was
// closed.
func TestNoHalfCloseReadsLate(t *testing.T) {
	const size = 4 << 20
	synctest.Test(t, func(t *testing.T) {
		j, peer, app := silentPeer(t, idleHalfClose)
		go func() {
			io.Copy(app, testnet.NewSource(seed, size))
			app.CloseWrite()
		}()
		time.Sleep(20 * idleHalfClose)
		got := testnet.NewVerifier(seed)
		if _, err := io.Copy(got, peer); err != nil || got.N() != size {
			t.Errorf("%d of %d bytes came, %v", got.N(), size, err)
		}
		peer.Close()
		if err := <-j.done; err == nil {
			t.Error("Join says that the peer has ended")
		}
	})
}

// A peer without half-close that closes first has ended its direction.
func TestNoHalfClosePeerCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, peer, app := silentPeer(t, idleHalfClose)
		peer.Write([]byte("all of it"))
		peer.Close()
		if got, err := io.ReadAll(app); string(got) != "all of it" || err != nil {
			t.Errorf("the application reads %q, %v", got, err)
		}
		app.Close()
		if err := <-j.done; err != nil {
			t.Errorf("Join says %v", err)
		}
	})
}

// Nothing may go around the count of steps where that is looked at.
func TestPlainTCPWrites(t *testing.T) {
	_, conn := testnet.TCPPair(t)
	for _, halfClose := range []bool{false, true} {
		a, b := testnet.TCPPair(t)
		ws, _ := webSockets(t, a, b, halfClose)
		if got := relay.PlainTCP(ws, conn); (got == conn) != halfClose || (got == nil) == halfClose {
			t.Errorf("half-close %v: %v", halfClose, got)
		}
		if got := relay.PlainTCP(ws, io.Discard); got != nil {
			t.Errorf("half-close %v, to something else: %v", halfClose, got)
		}
	}
}

// Much goes from one TCP connection to another one, whole and counted.
func TestLargeThroughWebSocket(t *testing.T) {
	const request, reply = 5 << 20, 20 << 20
	a, b := testnet.TCPPair(t)
	server, client := webSockets(t, a, b, true)
	nearApp, app := tcp(t)
	nearTarget, target := tcp(t)
	atClient := joinEnds(t, nearApp, relay.WebSocket(client, time.Minute))
	atServer := joinEnds(t, relay.WebSocket(server, time.Minute), nearTarget)
	app.SetDeadline(time.Now().Add(testnet.Patience))
	target.SetDeadline(time.Now().Add(testnet.Patience))
	send(t, app, target, request)
	send(t, target, app, reply)
	for _, j := range []*joined{atClient, atServer} {
		if err := j.result(t); err != nil || j.up.Load() != request || j.down.Load() != reply {
			t.Errorf("%d bytes up, %d down, %v", j.up.Load(), j.down.Load(), err)
		}
	}
}
